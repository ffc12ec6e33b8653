// The arena behind Workspace: chunks that grow, merged into one once everything has been given back.
#include "kernels/workspace.h"

#include <algorithm>
#include <new>

namespace attention_lab::kernels {

namespace {
constexpr Index kFloatsPerLine = Workspace::kAlignment / static_cast<Index>(sizeof(float));
constexpr Index kSmallestChunk = 16 * 1024;  // 64 KB: a toy model fits in one

Index rounded_up(Index count) { return (count + kFloatsPerLine - 1) / kFloatsPerLine * kFloatsPerLine; }
}  // namespace

Workspace::Scope::Scope(Workspace& workspace)
    : workspace_(workspace),
      chunk_(workspace.current_),
      used_(workspace.chunks_.empty() ? 0 : workspace.chunks_[workspace.current_].used) {}

Workspace::Scope::~Scope() {
  auto& chunks = workspace_.chunks_;
  for (std::size_t c = chunk_ + 1; c < chunks.size(); ++c) chunks[c].used = 0;
  if (chunk_ < chunks.size()) chunks[chunk_].used = used_;
  workspace_.current_ = chunk_;
  // Outermost scope: one chunk as large as all together serves the next pass without a gap.
  if (chunk_ == 0 && used_ == 0 && chunks.size() > 1) {
    const Index total = workspace_.capacity();
    chunks.clear();
    try {
      workspace_.take(total);
      chunks.front().used = 0;
    } catch (const std::bad_alloc&) {
      chunks.clear();  // the next pass takes what it can get
    }
  }
}

float* Workspace::take(Index count) {
  count = rounded_up(checked_sum(count, 0));
  while (current_ < chunks_.size()) {
    Chunk& chunk = chunks_[current_];
    if (chunk.size - chunk.used >= count) {
      float* const taken = chunk.begin + chunk.used;
      chunk.used += count;
      return taken;
    }
    if (current_ + 1 == chunks_.size()) break;
    ++current_;
  }
  Chunk chunk;
  chunk.size = std::max({count, kSmallestChunk, rounded_up(capacity() / 2)});
  chunk.storage.reset(new float[static_cast<std::size_t>(chunk.size + kFloatsPerLine)]);
  const auto address = reinterpret_cast<std::uintptr_t>(chunk.storage.get());
  const std::uintptr_t misaligned = address % static_cast<std::uintptr_t>(kAlignment);
  chunk.begin = chunk.storage.get() + (misaligned == 0 ? 0 : (kAlignment - misaligned) / sizeof(float));
  chunk.used = count;
  chunks_.push_back(std::move(chunk));
  current_ = chunks_.size() - 1;
  return chunks_.back().begin;
}

MatrixView Workspace::zeros(Index rows, Index cols) {
  const MatrixView matrix = take(rows, cols);
  std::fill_n(matrix.data, rows * cols, 0.0f);
  return matrix;
}

Index Workspace::capacity() const {
  Index total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.size;
  return total;
}

}  // namespace attention_lab::kernels
