// One pass for the sum of squares, one for the quotient, while the row is in cache.
#include "kernels/rms_norm.h"

#include <cmath>

namespace attention_lab::kernels {

float inverse_root_mean_square(const float* x, Index size, float eps) {
  // Four partial sums: shorter chains of rounding, and lanes for the vectoriser.
  float partial[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  for (Index i = 0; i < size; ++i) partial[i % 4] += x[i] * x[i];
  const float mean = ((partial[0] + partial[1]) + (partial[2] + partial[3])) / static_cast<float>(size);
  return 1.0f / std::sqrt(mean + eps);
}

void rms_norm(ConstMatrixView x, const float* gain, float eps, MatrixView y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    float* const out = y.row(r);
    const float inverse = inverse_root_mean_square(in, x.cols, eps);
    for (Index i = 0; i < x.cols; ++i) out[i] = in[i] * inverse * gain[i];
  }
}

}  // namespace attention_lab::kernels
