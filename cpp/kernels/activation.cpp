// The non-linearities, eight elements at a time.
#include "kernels/activation.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using simd::constant;
using Pair = simd::Group<2>;
constexpr Index kPairSize = 2 * simd::kWidth;

Pair relu(const Pair& x) { return max(x, simd::splat(0.0f)); }  // x first: NaN stays NaN
Pair gelu(const Pair& x) {
  static constexpr float kSqrtHalf = 0.70710678f;
  return constant(simd::kHalf) * x * (constant(simd::kOne) + erf(x * constant(kSqrtHalf)));
}
Pair gelu_tanh(const Pair& x) {
  static constexpr float kCubic = 0.044715f, kSqrtTwoOverPi = 0.79788456f;
  const Pair inner = constant(kSqrtTwoOverPi) * (x + constant(kCubic) * x * x * x);
  return constant(simd::kHalf) * x * (constant(simd::kOne) + tanh(inner));
}
Pair silu(const Pair& x) { return x * logistic(x); }

Pair identity(const Pair& x) { return x; }

/// transform() of columns that come in whole pairs.
template <Pair (*f)(const Pair&)>
void transform_pairs(const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    const float* const add = residual ? residual.row(r) : nullptr;
    float* const out = y.row(r);
    for (Index i = 0; i < x.cols; i += kPairSize) {
      const Pair value = f(simd::load_group<2>(in + i));
      store(out + i, add ? value + simd::load_group<2>(add + i) : value);
    }
  }
}

using Transform = void (*)(const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y);

Transform transform_of(Activation activation) {
  switch (activation) {
    case Activation::none: return transform_pairs<identity>;
    case Activation::relu: return transform_pairs<relu>;
    case Activation::gelu: return transform_pairs<gelu>;
    case Activation::gelu_tanh: return transform_pairs<gelu_tanh>;
    case Activation::silu: return transform_pairs<silu>;
    case Activation::tanh: return transform_pairs<simd::tanh<2>>;
  }
  return nullptr;
}

}  // namespace

void transform(Activation activation, const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y) {
  const Transform run = transform_of(activation);
  const Index rest = x.cols % kPairSize, whole = x.cols - rest;
  run({x.data, x.rows, whole, x.stride}, residual, y);
  for (Index r = 0; rest > 0 && r < x.rows; ++r) {
    float last[2][kPairSize] = {};
    std::copy_n(x.row(r) + whole, rest, last[0]);
    if (residual) std::copy_n(residual.row(r) + whole, rest, last[1]);
    const MatrixView padded{last[0], 1, kPairSize, kPairSize};
    run(padded, {last[1], 1, kPairSize, kPairSize}, padded);
    std::copy_n(last[0], rest, y.row(r) + whole);
  }
}

void activate(Activation activation, std::span<const float> x, std::span<float> y) {
  const Index size = static_cast<Index>(x.size());
  transform(activation, {x.data(), 1, size, size}, {}, {y.data(), 1, size, size});
}

}  // namespace attention_lab::kernels
