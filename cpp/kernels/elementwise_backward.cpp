// Derivatives from the forward pass's inputs, four elements at a time; norms in two passes over a row in cache.
#include "kernels/elementwise_backward.h"

#include "kernels/layer_norm.h"
#include "kernels/rms_norm.h"
#include "kernels/vector_math.h"

namespace attention_lab::kernels {

namespace {

using namespace simd;

using One = Group<1>;

One one_slope(const One&) { return constant(kOne); }
One relu_slope(const One& x) { return (One(splat(0.0f)) < x) & constant(kOne); }
One tanh_slope(const One& x) {
  const One t = tanh(x);
  return constant(kOne) - t * t;
}
/// Φ(x) + x φ(x)
One gelu_slope(const One& x) {
  static constexpr float kSqrtHalf = 0.70710678f, kOneOverSqrtTwoPi = 0.39894228f;
  const One cumulative = constant(kHalf) * (constant(kOne) + erf(x * constant(kSqrtHalf)));
  const One density = constant(kOneOverSqrtTwoPi) * exp_nonpositive(splat(0.0f) - constant(kHalf) * x * x);
  return multiply_add(x, density, cumulative);
}
/// ½ (1 + t) + ½ x (1 − t²) u',  t = tanh u,  u = √(2/π) (x + 0.044715 x³)
One gelu_tanh_slope(const One& x) {
  static constexpr float kCubic = 0.044715f, kThreeCubic = 0.134145f, kSqrtTwoOverPi = 0.79788456f;
  const F4 one = constant(kOne), half = constant(kHalf);
  const One square = x * x;
  const One t = tanh(constant(kSqrtTwoOverPi) * (x + constant(kCubic) * square * x));
  const One inner = constant(kSqrtTwoOverPi) * (one + constant(kThreeCubic) * square);
  // Where tanh is ±1 the factor 1 − t² is 0, but inner may be infinite.
  const One steep = one - t * t;
  const One curved = select(One(splat(0.0f)) < steep, half * x * steep * inner, splat(0.0f));
  return half * (one + t) + curved;
}
/// σ + x σ (1 − σ)
One silu_slope(const One& x) {
  const One s = logistic(x);
  return s * (constant(kOne) + x * (constant(kOne) - s));
}

template <One (*slope)(const One&)>
void multiply_by_slope(std::span<const float> x, std::span<const float> dy, std::span<float> dx) {
  const Index size = static_cast<Index>(x.size());
  for (Index i = 0; i < size; i += kWidth)
    store_up_to(dx.data() + i, size - i,
                load_up_to(dy.data() + i, size - i) * slope(load_up_to(x.data() + i, size - i)).of[0]);
}

/// Both norms: x̂ = (x − mean − rest) · inverse. dshift null: RMSNorm, whose mean is no part of x̂.
void norm_row_backward(const float* x, const Standardisation& of, const float* gain, Index size, const float* dy,
                       const float* residual, float* dx, float* dgain, float* dshift) {
  const F4 mean = splat(of.mean), rest = splat(of.rest), inverse = splat(of.inverse);
  const auto normal_at = [&](Index i) { return (load_up_to(x + i, size - i) - mean - rest) * inverse; };
  F4 sum_g = splat(0.0f), sum_gx = sum_g;
  for (Index i = 0; i < size; i += kWidth) {
    const Index left = size - i;
    const F4 normal = normal_at(i), gradient = load_up_to(dy + i, left);
    const F4 g = gradient * load_up_to(gain + i, left);  // 0 past the end of the row
    sum_g = sum_g + g;
    sum_gx = multiply_add(g, normal, sum_gx);
    store_up_to(dgain + i, left, multiply_add(gradient, normal, load_up_to(dgain + i, left)));
    if (dshift) store_up_to(dshift + i, left, load_up_to(dshift + i, left) + gradient);
  }
  const float count = static_cast<float>(size);
  const F4 mean_g = splat(dshift ? sum(sum_g) / count : 0.0f), mean_gx = splat(sum(sum_gx) / count);
  for (Index i = 0; i < size; i += kWidth) {
    const Index left = size - i;
    const F4 g = load_up_to(dy + i, left) * load_up_to(gain + i, left);
    const F4 own = (g - mean_g - normal_at(i) * mean_gx) * inverse;
    store_up_to(dx + i, left, residual ? own + load_up_to(residual + i, left) : own);
  }
}

}  // namespace

void activation_backward(Activation activation, std::span<const float> x, std::span<const float> dy,
                         std::span<float> dx) {
  switch (activation) {
    case Activation::none: return multiply_by_slope<one_slope>(x, dy, dx);
    case Activation::relu: return multiply_by_slope<relu_slope>(x, dy, dx);
    case Activation::gelu: return multiply_by_slope<gelu_slope>(x, dy, dx);
    case Activation::gelu_tanh: return multiply_by_slope<gelu_tanh_slope>(x, dy, dx);
    case Activation::silu: return multiply_by_slope<silu_slope>(x, dy, dx);
    case Activation::tanh: return multiply_by_slope<tanh_slope>(x, dy, dx);
  }
}

void multiply(std::span<const float> a, std::span<const float> b, std::span<float> y) {
  const Index size = static_cast<Index>(a.size());
  for (Index i = 0; i < size; i += kWidth)
    store_up_to(y.data() + i, size - i, load_up_to(a.data() + i, size - i) * load_up_to(b.data() + i, size - i));
}

void softmax_backward(const ConstMatrixView& pattern, const ConstMatrixView& dpattern, const MatrixView& dscores) {
  const Index size = pattern.cols;
  for (Index t = 0; t < pattern.rows; ++t) {
    const float* const p = pattern.row(t);
    const float* const dp = dpattern.row(t);
    float* const out = dscores.row(t);
    F4 dot = splat(0.0f);
    for (Index i = 0; i < size; i += kWidth)
      dot = multiply_add(load_up_to(p + i, size - i), load_up_to(dp + i, size - i), dot);
    const F4 mean = splat(sum(dot));
    for (Index i = 0; i < size; i += kWidth)
      store_up_to(out + i, size - i, load_up_to(p + i, size - i) * (load_up_to(dp + i, size - i) - mean));
  }
}

void layer_norm_backward(const ConstMatrixView& x, const float* gain, float eps, const ConstMatrixView& dy,
                         const ConstMatrixView& residual, const MatrixView& dx, float* dgain, float* dshift) {
  for (Index r = 0; r < x.rows; ++r)
    norm_row_backward(x.row(r), standardise(x.row(r), x.cols, eps), gain, x.cols, dy.row(r),
                      residual ? residual.row(r) : nullptr, dx.row(r), dgain, dshift);
}

void rms_norm_backward(const ConstMatrixView& x, const float* gain, float eps, const ConstMatrixView& dy,
                       const ConstMatrixView& residual, const MatrixView& dx, float* dgain) {
  for (Index r = 0; r < x.rows; ++r)
    norm_row_backward(x.row(r), {0.0f, 0.0f, inverse_root_mean_square(x.row(r), x.cols, eps)}, gain, x.cols, dy.row(r),
                      residual ? residual.row(r) : nullptr, dx.row(r), dgain, nullptr);
}

}  // namespace attention_lab::kernels
