// The non-linearities, four elements at a time.
#include "kernels/activation.h"

#include "kernels/elementwise.h"
#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using simd::constant;
using simd::F4;

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

F4 identity(F4 x) { return x; }

/// transform() of columns that come in whole vectors.
template <F4 (*f)(F4)>
void transform_vectors(const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    const float* const add = residual ? residual.row(r) : nullptr;
    float* const out = y.row(r);
    for (Index i = 0; i < x.cols; i += simd::kWidth) {
      const F4 value = f(simd::load(in + i));
      simd::store(out + i, add ? value + simd::load(add + i) : value);
    }
  }
}

using Transform = void (*)(const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y);

Transform transform_of(Activation activation) {
  switch (activation) {
    case Activation::none: return transform_vectors<identity>;
    case Activation::relu: return transform_vectors<relu>;
    case Activation::gelu: return transform_vectors<gelu>;
    case Activation::gelu_tanh: return transform_vectors<gelu_tanh>;
    case Activation::silu: return transform_vectors<silu>;
    case Activation::tanh: return transform_vectors<simd::tanh>;
  }
  return nullptr;
}

}  // namespace

void transform(Activation activation, const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y) {
  const Transform run = transform_of(activation);
  const Index rest = x.cols % simd::kWidth, whole = x.cols - rest;
  run({x.data, x.rows, whole, x.stride}, residual, y);
  for (Index r = 0; rest > 0 && r < x.rows; ++r) {
    float lanes[simd::kWidth];
    const MatrixView last{lanes, 1, simd::kWidth, simd::kWidth};
    simd::store(lanes, simd::load_part(x.row(r) + whole, rest, 0.0f));
    run(last, {}, last);
    F4 value = simd::load(lanes);
    if (residual) value = value + simd::load_part(residual.row(r) + whole, rest, 0.0f);
    simd::store_part(y.row(r) + whole, rest, value);
  }
}

void activate(Activation activation, std::span<const float> x, std::span<float> y) {
  const Index size = static_cast<Index>(x.size());
  transform(activation, {x.data(), 1, size, size}, {}, {y.data(), 1, size, size});
}

}  // namespace attention_lab::kernels
