// The kernels' plain counterparts: one loop per equation, in double, each result with a bound on the float kernel's
// error. Bounds follow Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., ch. 3: a sum of n products
// is off by at most γ(n) Σ|aᵢ bᵢ|, in any order, fused or not.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/activation.h"
#include "kernels/attention.h"
#include "kernels/gemm.h"

namespace attention_lab::testing {

using kernels::Activation;
using kernels::AttentionMask;
using kernels::ConstMatrixView;

inline constexpr double kUnit = std::numeric_limits<float>::epsilon() / 2;  // of rounding: 2⁻²⁴
inline constexpr double kTiny = std::numeric_limits<float>::min();  // a rounding below it errs by less than kTiny

inline double gamma(Index n) {
  const double nu = static_cast<double>(n) * kUnit;
  return nu / (1.0 - nu);
}

/// A row-major double result and, for each element, how far a float kernel may be from it.
struct Reference {
  Index rows = 0, cols = 0;
  std::vector<double> value, bound;
  Reference(Index r, Index c)
      : rows(r), cols(c), value(static_cast<std::size_t>(r * c)), bound(static_cast<std::size_t>(r * c)) {}
  double& at(Index r, Index c) { return value[static_cast<std::size_t>(r * cols + c)]; }
  double& bound_at(Index r, Index c) { return bound[static_cast<std::size_t>(r * cols + c)]; }
  double at(Index r, Index c) const { return value[static_cast<std::size_t>(r * cols + c)]; }
  double bound_at(Index r, Index c) const { return bound[static_cast<std::size_t>(r * cols + c)]; }
};

/// A value with the bound of its error.
struct Approximate {
  double value = 0.0, bound = 0.0;
};

/// start + alpha Σᵢ a(i) b(i), i < n.
template <class A, class B>
Approximate dot(Index n, double start, double alpha, A a, B b) {
  double sum = start, magnitude = std::abs(start);
  for (Index i = 0; i < n; ++i) {
    const double product = alpha * static_cast<double>(a(i)) * static_cast<double>(b(i));
    sum += product;
    magnitude += std::abs(product);
  }
  return {sum, gamma(n + 2) * magnitude + static_cast<double>(n + 1) * kTiny};
}

/// activation(x) of an x that is itself off by x.bound. What the kernel adds is stated in cpp/kernels/vector_math.h:
/// erf errs by 3e-7, tanh by 6e-7 relatively, exp by 2.5e-7; a few roundings more come on top.
inline Approximate activated(Activation activation, Approximate x) {
  const double v = x.value, size = std::abs(v);
  constexpr double kSlope = 1.13;  // the steepest of gelu, gelu_tanh and silu; relu and tanh: 1
  const double passed_on = kSlope * x.bound;
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return {std::isnan(v) ? v : std::max(v, 0.0), passed_on};
    case Activation::gelu: {
      const double phi = 0.5 * std::erfc(-v / std::sqrt(2.0));
      return {v * phi, passed_on + size * (0.5 * 3e-7 + gamma(6)) + kTiny};
    }
    case Activation::gelu_tanh: {
      const double inner = std::sqrt(2.0 / std::acos(-1.0)) * (v + 0.044715 * v * v * v), t = std::tanh(inner);
      // Six roundings of the argument reach tanh through its slope 1 − t².
      const double argument = gamma(6) * std::abs(inner) * (1.0 - t * t);
      return {0.5 * v * (1.0 + t), passed_on + 0.5 * size * (6e-7 * std::abs(t) + argument + gamma(6)) + kTiny};
    }
    case Activation::silu: return {v / (1.0 + std::exp(-v)), passed_on + size * (5e-7 + gamma(4)) + kTiny};
    case Activation::tanh: return {std::tanh(v), passed_on + 6e-7 * std::abs(std::tanh(v)) + kTiny};
  }
  return {};
}

/// y = activation(x Wᵀ + b) + residual
inline Reference linear(ConstMatrixView x, ConstMatrixView weight, const float* bias, Activation activation,
                        ConstMatrixView residual) {
  Reference y(x.rows, weight.rows);
  for (Index r = 0; r < y.rows; ++r)
    for (Index o = 0; o < y.cols; ++o) {
      const Approximate sum = dot(
          x.cols, static_cast<double>(bias[o]), 1.0, [&](Index i) { return x.row(r)[i]; },
          [&](Index i) { return weight.row(o)[i]; });
      const Approximate result = activated(activation, sum);
      const double added = residual ? static_cast<double>(residual.row(r)[o]) : 0.0;
      y.at(r, o) = result.value + added;
      y.bound_at(r, o) = result.bound + (residual ? kUnit * (std::abs(result.value + added) + result.bound) : 0.0);
    }
  return y;
}

/// y = alpha a bᵀ
inline Reference matmul_transposed(float alpha, ConstMatrixView a, ConstMatrixView b) {
  Reference y(a.rows, b.rows);
  for (Index m = 0; m < y.rows; ++m)
    for (Index n = 0; n < y.cols; ++n) {
      const Approximate sum = dot(
          a.cols, 0.0, static_cast<double>(alpha), [&](Index k) { return a.row(m)[k]; },
          [&](Index k) { return b.row(n)[k]; });
      y.at(m, n) = sum.value;
      y.bound_at(m, n) = sum.bound;
    }
  return y;
}

/// y = a b
inline Reference matmul(ConstMatrixView a, ConstMatrixView b) {
  Reference y(a.rows, b.cols);
  for (Index m = 0; m < y.rows; ++m)
    for (Index n = 0; n < y.cols; ++n) {
      const Approximate sum =
          dot(a.cols, 0.0, 1.0, [&](Index k) { return a.row(m)[k]; }, [&](Index k) { return b.row(k)[n]; });
      y.at(m, n) = sum.value;
      y.bound_at(m, n) = sum.bound;
    }
  return y;
}

/// y = (x − mean) / √(variance + eps) · gain + shift
inline Reference layer_norm(ConstMatrixView x, const float* gain, const float* shift, double eps) {
  Reference y(x.rows, x.cols);
  const double n = static_cast<double>(x.cols);
  for (Index r = 0; r < x.rows; ++r) {
    double mean = 0.0, size = 0.0, variance = 0.0, deviation = 0.0;
    for (Index i = 0; i < x.cols; ++i) mean += x.row(r)[i] / n, size += std::abs(x.row(r)[i]) / n;
    for (Index i = 0; i < x.cols; ++i) {
      variance += (x.row(r)[i] - mean) * (x.row(r)[i] - mean) / n;
      deviation += std::abs(x.row(r)[i] - mean) / n;
    }
    const double inverse = 1.0 / std::sqrt(variance + eps);
    // The rounded mean is off by γ(n + 1) |x|; the mean of the deviations from it corrects it, up to an error of its own.
    const double first_mean_bound = gamma(x.cols + 1) * size;
    const double mean_bound = gamma(x.cols + 3) * (deviation + first_mean_bound) + kTiny;
    for (Index i = 0; i < x.cols; ++i) {
      const double g = gain ? static_cast<double>(gain[i]) : 1.0, s = shift ? static_cast<double>(shift[i]) : 0.0;
      const double normal = (x.row(r)[i] - mean) * inverse;
      y.at(r, i) = normal * g + s;
      // The mean's error shifts every element; the sum of squares errs relatively by γ(n), which the square root
      // halves, and the square of the first mean's error is taken from it with two roundings.
      const double relative = gamma(x.cols + 8) + gamma(x.cols + 4) * std::pow(first_mean_bound * inverse, 2);
      const double rounded = 2.0 * kUnit * (std::abs(x.row(r)[i] - mean) + first_mean_bound);
      y.bound_at(r, i) = std::abs(g) * (mean_bound + rounded) * inverse + std::abs(normal * g) * relative +
                         gamma(2) * (std::abs(normal * g) + std::abs(s)) + kTiny;
    }
  }
  return y;
}

/// masked = scores + bias where allowed, else masked_value.
inline Reference mask_scores(const Reference& scores, const AttentionMask& mask) {
  Reference masked(scores.rows, scores.cols);
  for (Index t = 0; t < scores.rows; ++t)
    for (Index s = 0; s < scores.cols; ++s) {
      if (!mask.allows(t, s)) {
        masked.at(t, s) = static_cast<double>(mask.masked_value);
        continue;
      }
      const double bias = mask.bias ? static_cast<double>(mask.bias.row(t)[s]) : 0.0;
      masked.at(t, s) = scores.at(t, s) + bias;
      masked.bound_at(t, s) = scores.bound_at(t, s);
      if (bias != 0.0 && std::isfinite(bias)) masked.bound_at(t, s) += kUnit * std::abs(masked.at(t, s)) + kTiny;
    }
  return masked;
}

/// Softmax by row; a row of −∞ gives zeros.
inline Reference softmax(const Reference& scores) {
  constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
  Reference pattern(scores.rows, scores.cols);
  for (Index t = 0; t < scores.rows; ++t) {
    double most = kMinusInfinity, sum = 0.0;
    bool fully_masked = true;
    for (Index s = 0; s < scores.cols; ++s) {
      fully_masked = fully_masked && scores.at(t, s) == kMinusInfinity;
      if (!(scores.at(t, s) <= most)) most = scores.at(t, s);
    }
    if (fully_masked) continue;
    for (Index s = 0; s < scores.cols; ++s) sum += pattern.at(t, s) = std::exp(scores.at(t, s) - most);
    // Each exponential errs relatively by its exponent's absolute error and by exp's own 2.5e-7; their mean,
    // weighted by the pattern, is the error of the sum, with γ for the additions.
    std::vector<double> relative(static_cast<std::size_t>(scores.cols));
    double mean = 0.0;
    for (Index s = 0; s < scores.cols; ++s) {
      pattern.at(t, s) /= sum;
      const double depth = scores.at(t, s) - most;
      const double exponent = scores.bound_at(t, s) + kUnit * std::abs(depth);
      if (!(depth + exponent > -88.0)) continue;  // below kTiny, or masked: no relative error to speak of
      relative[static_cast<std::size_t>(s)] = std::expm1(exponent) + 2.5e-7;
      mean += pattern.at(t, s) * relative[static_cast<std::size_t>(s)];
    }
    for (Index s = 0; s < scores.cols; ++s) {
      const double own = relative[static_cast<std::size_t>(s)];
      // + kTiny: what would be denormal is flushed to 0.
      pattern.bound_at(t, s) = pattern.at(t, s) * ((1.0 + own) * (1.0 + mean + gamma(scores.cols + 4)) - 1.0) + kTiny;
      if (scores.at(t, s) == kMinusInfinity) pattern.bound_at(t, s) = 0.0;
    }
  }
  return pattern;
}

/// out = pattern · v
inline Reference weighted_values(const Reference& pattern, ConstMatrixView v) {
  Reference out(pattern.rows, v.cols);
  for (Index t = 0; t < out.rows; ++t)
    for (Index c = 0; c < out.cols; ++c) {
      const Approximate sum =
          dot(pattern.cols, 0.0, 1.0, [&](Index s) { return pattern.at(t, s); }, [&](Index s) { return v.row(s)[c]; });
      double passed_on = 0.0;
      for (Index s = 0; s < pattern.cols; ++s)
        if (pattern.bound_at(t, s) != 0.0) passed_on += pattern.bound_at(t, s) * std::abs(v.row(s)[c]);
      out.at(t, c) = sum.value;
      out.bound_at(t, c) = sum.bound + passed_on;
    }
  return out;
}

}  // namespace attention_lab::testing
