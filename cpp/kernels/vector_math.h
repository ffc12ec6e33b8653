// exp, erf, tanh and the logistic function of four floats; error bounds are checked in tests/cpp/kernels.
#pragma once

#include <array>

#include "kernels/simd.h"

namespace attention_lab::kernels::simd {

inline constexpr float kOne = 1.0f;
inline constexpr float kHalf = 0.5f;

/// c[0] + c[1] x + c[2] x² + …, by Horner's rule. `c` must be static: see constant().
template <std::size_t N>
F4 polynomial(F4 x, const std::array<float, N>& c) {
  F4 y = constant(c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) y = multiply_add(y, x, constant(c[i]));
  return y;
}

/// x ← exp(x) for x ≤ 0, relative error ≤ 2.5e-7; 0 below −87.7, where the result would be denormal. NaN stays NaN.
/// x = n ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial of degree 5; 2ⁿ by its bits.
/// N vectors share each constant that is loaded: loads bound it otherwise.
template <std::size_t N>
void exp_nonpositive(F4 (&x)[N]) {
  static constexpr float kLeast = -88.0f;  // n = −127: an exponent of 0, and so the value 0
  // Adding 1.5 · 2²³ rounds to an integer in the low bits; + 127 makes those bits the exponent of 2ⁿ.
  static constexpr float kMagic = 12582912.0f + 127.0f;
  static constexpr float kLog2E = 1.44269504f;
  static constexpr float kMinusLn2High = -0.693359375f, kMinusLn2Low = 2.12194440e-4f;  // high · n is exact
  static constexpr std::array kExp{1.0f, 1.0f, 0.4999923147f, 0.1666711463f, 0.04189015976f, 0.00831252325f};
  F4 shifted[N], y[N];
  const F4 least = constant(kLeast), log2_e = constant(kLog2E), magic = constant(kMagic);
  for (std::size_t u = 0; u < N; ++u) {
    x[u] = max(x[u], least);
    shifted[u] = multiply_add(x[u], log2_e, magic);
  }
  const F4 high = constant(kMinusLn2High), low = constant(kMinusLn2Low);
  for (std::size_t u = 0; u < N; ++u) {
    const F4 n = shifted[u] - magic;
    x[u] = multiply_add(n, low, multiply_add(n, high, x[u]));
  }
  for (F4& value : y) value = constant(kExp[5]);
  for (std::size_t i = 5; i-- > 0;) {
    const F4 c = constant(kExp[i]);
    for (std::size_t u = 0; u < N; ++u) y[u] = multiply_add(y[u], x[u], c);
  }
  for (std::size_t u = 0; u < N; ++u) x[u] = y[u] * shift_left_bits(shifted[u], 23);
}
inline F4 exp_nonpositive(F4 x) {
  F4 one[1] = {x};
  exp_nonpositive(one);
  return one[0];
}

/// σ(x) = 1 / (1 + e⁻ˣ), from e^−|x| so that nothing overflows.
inline F4 logistic(F4 x) {
  const F4 one = constant(kOne);
  const F4 e = exp_nonpositive(splat(0.0f) - magnitude(x));
  return select(x < splat(0.0f), e, one) / (one + e);
}

/// An odd function that saturates at ±1: x P(x²) / Q(x²) up to |x| = limit, where the ratio just exceeds 1,
/// so that cutting it off at ±1 gives exactly ±1 beyond (1 + erf must vanish: it is multiplied by x).
template <std::size_t NP, std::size_t NQ>
F4 saturating(F4 x, const float& limit, const std::array<float, NP>& p, const std::array<float, NQ>& q) {
  const F4 most = constant(limit), one = constant(kOne), zero = splat(0.0f);
  x = max(min(x, most), zero - most);
  const F4 square = x * x;
  const F4 ratio = x * polynomial(square, p) / polynomial(square, q);
  return max(min(ratio, one), zero - one);
}

/// erf(x), absolute error ≤ 3e-7; exactly ±1 for |x| ≥ 4.
inline F4 erf(F4 x) {
  static constexpr float kLimit = 4.0f;
  static constexpr std::array kP{1.128379141f,    0.1930894324f,    0.05305798106f,
                                 0.003867188618f, 0.0002848813972f, 2.000808207e-6f};
  static constexpr std::array kQ{1.0f, 0.5044536448f, 0.1151764646f, 0.01517576553f, 0.0011828001f, 3.757680218e-5f};
  return saturating(x, kLimit, kP, kQ);
}

/// tanh(x), relative error ≤ 6e-7; exactly ±1 for |x| ≥ 9.
inline F4 tanh(F4 x) {
  static constexpr float kLimit = 9.0f;
  static constexpr std::array kP{0.9999999818f, 0.1339183228f, 0.003508555647f, 2.083028162e-5f, 1.368468211e-8f};
  static constexpr std::array kQ{1.0f, 0.4672514989f, 0.02592595093f, 0.0003307137978f, 7.906039543e-7f};
  return saturating(x, kLimit, kP, kQ);
}

}  // namespace attention_lab::kernels::simd
