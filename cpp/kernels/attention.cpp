// Tiled attention: a block of queries at a time, so that its scores stay in cache and T × S of them never exist.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/few_rows.h"
#include "kernels/product.h"
#include "kernels/scalar_math.h"
#include "kernels/softmax.h"

namespace attention_lab::kernels {

namespace {

/// Most queries of a block. Their scores, 24 × 512 floats at T = 512, share the second-level cache with k and v.
constexpr Index kBlockQueries = 4 * kTileRows;

/// What the softmax of a score takes, in multiply-adds of a product.
constexpr Index kSoftmaxWork = 16;

/// Keys [begin, end).
struct KeyRange {
  Index begin = 0;
  Index end = 0;
  Index size() const { return end - begin; }
};

/// The keys that at least one of the queries [first, last] may attend to, as far as causality and window tell.
KeyRange band_of(const AttentionMask& mask, Index first, Index last, Index keys) {
  KeyRange band{0, keys};
  const Index first_position = mask.first_query + first, last_position = mask.first_query + last;
  if (mask.causal) band.end = std::min(band.end, last_position + 1);
  if (mask.window >= 0) {
    band.begin = std::clamp<Index>(first_position - mask.window, 0, keys);
    band.end = std::min(band.end, last_position + mask.window + 1);
  }
  band.end = std::max(band.end, band.begin);
  return band;
}

/// Keys that a block must visit: the band, unless a finite masked_value gives weight to masked keys as well.
KeyRange visited(const AttentionMask& mask, Index first, Index last, Index keys) {
  if (mask.masked_value != -std::numeric_limits<float>::infinity()) return {0, keys};
  return band_of(mask, first, last, keys);
}

/// One row of mask_scores, for the keys of `range`; scores and masked point at its first key.
void mask_row(const float* scores, const AttentionMask& mask, Index query, KeyRange range, Index keys, float* masked) {
  KeyRange band = band_of(mask, query, query, keys);
  band.begin = std::clamp(band.begin, range.begin, range.end);
  band.end = std::clamp(band.end, band.begin, range.end);
  const Index skip = band.begin - range.begin, size = band.size();
  std::fill_n(masked, skip, mask.masked_value);
  std::fill(masked + skip + size, masked + range.size(), mask.masked_value);
  const float* const in = scores + skip;
  float* const out = masked + skip;
  if (mask.bias) {
    const float* const bias = mask.bias.row(query) + band.begin;
    for (Index s = 0; s < size; ++s) out[s] = in[s] + bias[s];
  } else if (out != in) {
    std::copy_n(in, size, out);
  }
  const auto keep = [&](const std::uint8_t* allowed) {
    for (Index s = 0; s < size; ++s) out[s] = allowed[s] ? out[s] : mask.masked_value;
  };
  if (mask.keys) keep(mask.keys + band.begin);
  if (mask.cells) keep(mask.cells + query * mask.cells_stride + band.begin);
}

/// Scores of a block of queries, and the keys they belong to.
struct ScoreBlock {
  float* data = nullptr;  // [block, stride]; column 0 is key `origin`
  Index stride = 0;
  Index origin = 0;
  float* at(Index row, Index key) const { return data + row * stride + (key - origin); }
};

/// k and v of one head, in panels unless there are so few queries that packing them would cost more than it saves.
class KeysAndValues {
 public:
  KeysAndValues(const AttentionArguments& a, Workspace& workspace) : k_(a.k), v_(a.v), few_(a.q.rows <= kFewRows) {
    if (few_) return;
    const Index S = k_.rows, K = k_.cols;
    k_panels_ = workspace.take(PackedView::storage_size(K, S));
    v_panels_ = workspace.take(PackedView::storage_size(S, v_.cols));
    q_packed_ = workspace.take(packed_rows_size(kBlockQueries, K));
    strip_ = workspace.take(kBlockQueries * kPanelWidth);
    pack_transposed(k_, k_panels_);
    pack_columns(v_, v_panels_);
  }

  /// scores = scale · q kᵀ for `keys`, from scores.origin on. Whole panels: up to 7 columns either side are spare.
  void multiply_by_keys(float scale, const ConstMatrixView& q, KeyRange keys, const ScoreBlock& scores) const {
    const Index K = k_.cols;
    if (few_) {
      const Index count = keys.end - scores.origin;
      return multiply_few_by_transposed(scale, q, {k_.row(scores.origin), count, K, k_.stride},
                                        {scores.data, q.rows, count, scores.stride});
    }
    pack_rows(q, scale, q_packed_);
    const RowTiles tiles{q.rows};
    for (Index key = scores.origin; key < keys.end; key += kPanelWidth)
      multiply_panel(Rows::packed, tiles,
                     {.a = q_packed_,
                      .panel = k_panels_ + key / kPanelWidth * PackedView::panel_size(K),
                      .depth = K,
                      .c = scores.at(0, key),
                      .c_stride = scores.stride});
  }

  /// out = weights · v over `keys`, each row times the inverse of its sum.
  void multiply_by_values(const ScoreBlock& weights, KeyRange keys, const RowSum* sums, const MatrixView& out) const {
    if (few_) {
      multiply_few({weights.at(0, keys.begin), out.rows, keys.size(), weights.stride},
                   {v_.row(keys.begin), keys.size(), v_.cols, v_.stride}, out);
      for (Index t = 0; t < out.rows; ++t) scale_row(out.row(t), out.cols, sums[t].inverse, out.row(t));
      return;
    }
    const RowTiles tiles{out.rows};
    const float* panel = v_panels_;
    for (Index col = 0; col < out.cols; col += kPanelWidth, panel += PackedView::panel_size(v_.rows)) {
      const Index width = std::min(kPanelWidth, out.cols - col);
      multiply_panel(Rows::strided, tiles,
                     {.a = weights.at(0, keys.begin),
                      .a_stride = weights.stride,
                      .panel = panel,
                      .first = keys.begin,
                      .depth = keys.size(),
                      .c = strip_,
                      .c_stride = kPanelWidth});
      for (Index t = 0; t < out.rows; ++t)
        scale_row(strip_ + t * kPanelWidth, width, sums[t].inverse, out.row(t) + col);
    }
  }

 private:
  ConstMatrixView k_;  // [S, K]
  ConstMatrixView v_;  // [S, Kv]
  bool few_;
  float* k_panels_ = nullptr;
  float* v_panels_ = nullptr;
  float* q_packed_ = nullptr;
  float* strip_ = nullptr;  // [kBlockQueries, kPanelWidth]
};

}  // namespace

void mask_scores(const ConstMatrixView& scores, const AttentionMask& mask, const MatrixView& masked) {
  for (Index t = 0; t < scores.rows; ++t)
    mask_row(scores.row(t), mask, t, {0, scores.cols}, scores.cols, masked.row(t));
}

void softmax(const ConstMatrixView& masked_scores, const MatrixView& pattern) {
  // A few rows at a time: their exponentials are still in the first-level cache when they are scaled.
  constexpr Index kRows = 8;
  for (Index first = 0; first < masked_scores.rows; first += kRows) {
    const Index rows = std::min(kRows, masked_scores.rows - first);
    RowSum sums[kRows];
    exponentials({masked_scores.row(first), rows, masked_scores.cols, masked_scores.stride},
                 {pattern.row(first), rows, pattern.cols, pattern.stride}, sums);
    for (Index t = 0; t < rows; ++t)
      scale_row(pattern.row(first + t), pattern.cols, sums[t].inverse, pattern.row(first + t));
  }
}

void attention(const AttentionArguments& a, Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  const Index T = a.q.rows, S = a.k.rows;
  const KeysAndValues keys_and_values(a, workspace);
  // Rows 64 bytes more than the keys need apart: a power of two would put all rows of a tile into one cache set.
  const Index stride = (S + kPanelWidth - 1) / kPanelWidth * kPanelWidth + 16;
  ScoreBlock scores{workspace.take(std::min(T, kBlockQueries), stride).data, stride, 0};

  // Blocks as equal as possible: none is left with one or two queries.
  const Index blocks = (T + kBlockQueries - 1) / kBlockQueries;
  for (Index block = 0; block < blocks; ++block) {
    const Index first = block * T / blocks, queries = (block + 1) * T / blocks - first;
    const KeyRange band = visited(a.mask, first, first + queries - 1, S);
    const KeyRange scored = a.scores ? KeyRange{0, S} : band;
    scores.origin = scored.begin / kPanelWidth * kPanelWidth;
    keys_and_values.multiply_by_keys(a.scale, {a.q.row(first), queries, a.q.cols, a.q.stride}, scored, scores);

    for (Index t = 0; t < queries; ++t) {
      float* const row = scores.at(t, band.begin);
      if (a.scores) std::copy_n(scores.at(t, 0), S, a.scores.row(first + t));
      if (!a.mask.empty()) mask_row(row, a.mask, first + t, band, S, row);
      if (a.masked_scores) {
        float* const out = a.masked_scores.row(first + t);
        std::fill_n(out, band.begin, a.mask.masked_value);
        std::fill(std::copy_n(row, band.size(), out + band.begin), out + S, a.mask.masked_value);
      }
    }
    RowSum sums[kBlockQueries];
    const MatrixView weights{scores.at(0, band.begin), queries, band.size(), stride};
    exponentials(weights, weights, sums);
    for (Index t = 0; t < queries; ++t) {
      const float inverse = sums[t].inverse;
      if (a.log_sums)
        a.log_sums[first + t] = inverse == 0.0f
                                    ? -std::numeric_limits<float>::infinity()
                                    : sums[t].shift - static_cast<float>(logarithm(static_cast<double>(inverse)));
      if (a.pattern) {
        float* const out = a.pattern.row(first + t);
        std::fill_n(out, band.begin, 0.0f);
        scale_row(weights.row(t), band.size(), inverse, out + band.begin);
        std::fill(out + band.end, out + S, 0.0f);
      }
    }
    keys_and_values.multiply_by_values(scores, band, sums, {a.out.row(first), queries, a.out.cols, a.out.stride});
    workspace.count_work(queries, scored.size(), a.q.cols + a.out.cols + kSoftmaxWork);
  }
}

}  // namespace attention_lab::kernels
