// Row maximum, exponentials and their sum: three passes over a row that lies in cache.
#include "kernels/softmax.h"

#include <algorithm>
#include <limits>

#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using namespace simd;

constexpr Index kUnroll = 4;  // vectors side by side, to hide the latency of max and exp
constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// The largest element that is a number; −∞ if there is none.
float row_max(const float* x, Index size) {
  F4 most[kUnroll];
  std::fill_n(most, kUnroll, splat(kMinusInfinity));
  Index i = 0;
  for (; i + kUnroll * kWidth <= size; i += kUnroll * kWidth)
    for (Index u = 0; u < kUnroll; ++u) most[u] = max(most[u], load(x + i + u * kWidth));
  for (; i + kWidth <= size; i += kWidth) most[0] = max(most[0], load(x + i));
  if (i < size) most[0] = max(most[0], load_part(x + i, size - i, kMinusInfinity));
  return largest(max(max(most[0], most[1]), max(most[2], most[3])));
}

}  // namespace

float exponentials(const float* x, Index size, float* out, float* shift_out) {
  const float most = row_max(x, size);
  // Where all is −∞ (or NaN), 0 stands in for the maximum: exp(−∞ − −∞) would be NaN, exp(−∞ − 0) is 0.
  const float subtracted = most == kMinusInfinity ? 0.0f : most;
  const F4 shift = splat(subtracted);
  if (shift_out) *shift_out = subtracted;
  F4 sums[2] = {splat(0.0f), splat(0.0f)};
  Index i = 0;
  for (; i + 2 * kWidth <= size; i += 2 * kWidth) {
    for (Index u = 0; u < 2; ++u) {
      const F4 e = exp_nonpositive(load(x + i + u * kWidth) - shift);
      store(out + i + u * kWidth, e);
      sums[u] = sums[u] + e;
    }
  }
  for (; i < size; i += kWidth) {
    const Index rest = std::min<Index>(kWidth, size - i);
    const F4 e = exp_nonpositive(load_part(x + i, rest, kMinusInfinity) - shift);
    store_part(out + i, rest, e);
    sums[0] = sums[0] + e;
  }
  const float total = sum(sums[0] + sums[1]);
  return total == 0.0f ? 0.0f : 1.0f / total;
}

void scale_row(const float* x, Index size, float factor, float* out) {
  Index i = 0;
  for (; i + kWidth <= size; i += kWidth) store(out + i, load(x + i) * splat(factor));
  for (; i < size; ++i) out[i] = x[i] * factor;
}

}  // namespace attention_lab::kernels
