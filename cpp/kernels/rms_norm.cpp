// One pass for the sum of squares, one for the quotient, while the row is in cache.
#include "kernels/rms_norm.h"

#include <cmath>

#include "kernels/simd.h"

namespace attention_lab::kernels {

using namespace simd;

float inverse_root_mean_square(const float* x, Index size, float eps) {
  F4 squares = splat(0.0f), more = squares;  // two sums hide the latency of the addition
  for (Index i = 0; i < size; i += 2 * kWidth) {
    const F4 value = load_up_to(x + i, size - i);
    squares = multiply_add(value, value, squares);
    if (i + kWidth >= size) break;
    const F4 next = load_up_to(x + i + kWidth, size - i - kWidth);
    more = multiply_add(next, next, more);
  }
  return 1.0f / std::sqrt(sum(squares + more) / static_cast<float>(size) + eps);
}

void rms_norm(const ConstMatrixView& x, const float* gain, float eps, const MatrixView& y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    float* const out = y.row(r);
    const F4 inverse = splat(inverse_root_mean_square(in, x.cols, eps));
    for (Index i = 0; i < x.cols; i += kWidth) {
      const Index left = x.cols - i;
      store_up_to(out + i, left, load_up_to(in + i, left) * inverse * load_up_to(gain + i, left));
    }
  }
}

}  // namespace attention_lab::kernels
