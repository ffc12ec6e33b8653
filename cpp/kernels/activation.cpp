// The non-linearities, four elements at a time.
#include "kernels/activation.h"

#include "kernels/elementwise.h"
#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using simd::F4;
using simd::constant;

F4 relu(F4 x) { return simd::max(x, simd::splat(0.0f)); }  // x first: NaN stays NaN
F4 gelu(F4 x) {
  static constexpr float kSqrtHalf = 0.70710678f;
  return constant(simd::kHalf) * x * (constant(simd::kOne) + simd::erf(x * constant(kSqrtHalf)));
}
F4 gelu_tanh(F4 x) {
  static constexpr float kCubic = 0.044715f, kSqrtTwoOverPi = 0.79788456f;
  const F4 inner = constant(kSqrtTwoOverPi) * (x + constant(kCubic) * x * x * x);
  return constant(simd::kHalf) * x * (constant(simd::kOne) + simd::tanh(inner));
}
F4 silu(F4 x) { return x * simd::logistic(x); }

template <F4 (*f)(F4)>
void transform_with(ConstMatrixView x, ConstMatrixView residual, MatrixView y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    const float* const add = residual ? residual.row(r) : nullptr;
    float* const out = y.row(r);
    Index i = 0;
    for (; i + simd::kWidth <= x.cols; i += simd::kWidth) {
      const F4 value = f(simd::load(in + i));
      simd::store(out + i, add ? value + simd::load(add + i) : value);
    }
    if (const Index rest = x.cols - i; rest > 0) {
      const F4 value = f(simd::load_part(in + i, rest, 0.0f));
      simd::store_part(out + i, rest, add ? value + simd::load_part(add + i, rest, 0.0f) : value);
    }
  }
}

F4 identity(F4 x) { return x; }

}  // namespace

void transform(Activation activation, ConstMatrixView x, ConstMatrixView residual, MatrixView y) {
  switch (activation) {
    case Activation::none: return transform_with<identity>(x, residual, y);
    case Activation::relu: return transform_with<relu>(x, residual, y);
    case Activation::gelu: return transform_with<gelu>(x, residual, y);
    case Activation::gelu_tanh: return transform_with<gelu_tanh>(x, residual, y);
    case Activation::silu: return transform_with<silu>(x, residual, y);
    case Activation::tanh: return transform_with<simd::tanh>(x, residual, y);
  }
}

void activate(Activation activation, std::span<const float> x, std::span<float> y) {
  const Index size = static_cast<Index>(x.size());
  transform(activation, {x.data(), 1, size, size}, {}, {y.data(), 1, size, size});
}

}  // namespace attention_lab::kernels
