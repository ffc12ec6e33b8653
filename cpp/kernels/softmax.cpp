// Exponentials of a row and, in the same pass, the next row's maximum: its memory arrives while this one is computed.
#include "kernels/softmax.h"

#include <algorithm>
#include <limits>

#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using namespace simd;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// The largest element that is a number; −∞ if there is none. Two maxima side by side hide the latency.
float row_max(const float* x, Index size) {
  F4 most = splat(kMinusInfinity), other = most;
  Index i = 0;
  for (; i + 2 * kWidth <= size; i += 2 * kWidth) {
    most = max(most, load(x + i));
    other = max(other, load(x + i + kWidth));
  }
  for (; i + kWidth <= size; i += kWidth) most = max(most, load(x + i));
  if (i < size) most = max(most, load_part(x + i, size - i, kMinusInfinity));
  return largest(max(most, other));
}

constexpr int kGroup = 4;  // vectors at a time
constexpr Index kGroupSize = kGroup * kWidth;

struct Running {
  F4 total = splat(0.0f);
  F4 next_most = splat(kMinusInfinity);
};

/// out = exp(x − shift), adding up the results and the maximum of `next`.
[[gnu::noinline]] void add_groups(const float* x, const float* next, Index groups, float shift, float* out,
                                  Running& running) {
  const F4 subtracted = splat(shift);
  F4 total = running.total, most = running.next_most;
  for (; groups > 0; --groups, x += kGroupSize, next += kGroupSize, out += kGroupSize) {
    const Group<kGroup> e = exp_nonpositive(load_group<kGroup>(x) - subtracted);
    store(out, e);
    for (Index u = 0; u < kGroup; ++u) most = max(most, load(next + u * kWidth));
    total = total + ((e.of[0] + e.of[1]) + (e.of[2] + e.of[3]));
  }
  running = {total, most};
}

/// out = exp(x − shift), returns its sum; `most` receives the maximum of `next`.
float exponentials_of_row(const float* x, const float* next, Index size, float shift, float* out, float& most) {
  Running running;
  add_groups(x, next, size / kGroupSize, shift, out, running);
  if (const Index rest = size % kGroupSize, i = size - rest; rest > 0) {
    float last[3][kGroupSize];
    std::fill(std::copy_n(x + i, rest, last[0]), last[1], kMinusInfinity);
    std::fill(std::copy_n(next + i, rest, last[1]), last[2], kMinusInfinity);
    add_groups(last[0], last[1], 1, shift, last[2], running);
    std::copy_n(last[2], rest, out + i);
  }
  most = largest(running.next_most);
  return sum(running.total);
}

}  // namespace

void exponentials(const ConstMatrixView& x, const MatrixView& out, RowSum* sums) {
  float most = x.rows > 0 ? row_max(x.row(0), x.cols) : kMinusInfinity;
  for (Index r = 0; r < x.rows; ++r) {
    // Where all is −∞ (or NaN), 0 stands in for the maximum: exp(−∞ − −∞) would be NaN, exp(−∞ − 0) is 0.
    const float shift = most == kMinusInfinity ? 0.0f : most;
    const float* const next = x.row(std::min(r + 1, x.rows - 1));
    const float total = exponentials_of_row(x.row(r), next, x.cols, shift, out.row(r), most);
    sums[r] = {shift, total == 0.0f ? 0.0f : 1.0f / total};
  }
}

float exponentials(const float* x, Index size, float* out) {
  RowSum sums;
  exponentials(ConstMatrixView{x, 1, size, size}, {out, 1, size, size}, &sums);
  return sums.inverse;
}

void scale_row(const float* x, Index size, float factor, float* out) {
  const F4 factors = splat(factor);
  Index i = 0;
  for (; i + kGroupSize <= size; i += kGroupSize)
    for (Index u = 0; u < kGroup; ++u) store(out + i + u * kWidth, load(x + i + u * kWidth) * factors);
  for (; i < size; i += kWidth) store_up_to(out + i, size - i, load_up_to(x + i, size - i) * factors);
}

}  // namespace attention_lab::kernels
