// exp, erf, tanh and the logistic function of four floats; error bounds are checked in tests/cpp/kernels.
#pragma once

#include <array>

#include "kernels/simd.h"

namespace attention_lab::kernels::simd {

/// c[0] + c[1] x + c[2] x² + …, by Horner's rule.
template <std::size_t N>
F4 polynomial(F4 x, const std::array<float, N>& c) {
  F4 y = splat(c[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) y = multiply_add(y, x, splat(c[i]));
  return y;
}

/// exp(x) for x ≤ 0, relative error ≤ 2.5e-7; 0 below −87.7, where the result would be denormal. NaN stays NaN.
/// x = n ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial of degree 5; 2ⁿ by its bits.
inline F4 exp_nonpositive(F4 x) {
  // Adding 1.5 · 2²³ rounds to an integer in the low bits; + 127 makes those bits the exponent of 2ⁿ.
  const F4 magic = splat(12582912.0f + 127.0f);
  x = max(x, splat(-88.0f));  // n = −127: an exponent of 0, and so the value 0
  const F4 shifted = multiply_add(x, splat(1.44269504f), magic);
  const F4 n = shifted - magic;
  F4 r = multiply_add(n, splat(-0.693359375f), x);  // ln 2 in two parts, the first exact times n
  r = multiply_add(n, splat(2.12194440e-4f), r);
  const F4 exp_r =
      polynomial(r, std::array{1.0f, 1.0f, 0.4999923147f, 0.1666711463f, 0.04189015976f, 0.00831252325f});
  return exp_r * shift_left_bits(shifted, 23);
}

/// σ(x) = 1 / (1 + e⁻ˣ), from e^−|x| so that nothing overflows.
inline F4 logistic(F4 x) {
  const F4 e = exp_nonpositive(splat(0.0f) - magnitude(x));
  return select(x < splat(0.0f), e, splat(1.0f)) / (splat(1.0f) + e);
}

/// An odd function that saturates at ±1: x P(x²) / Q(x²) up to |x| = limit, where the ratio just exceeds 1,
/// so that cutting it off at ±1 gives exactly ±1 beyond (1 + erf must vanish: it is multiplied by x).
template <std::size_t NP, std::size_t NQ>
F4 saturating(F4 x, float limit, const std::array<float, NP>& p, const std::array<float, NQ>& q) {
  x = max(min(x, splat(limit)), splat(-limit));
  const F4 square = x * x;
  const F4 ratio = x * polynomial(square, p) / polynomial(square, q);
  return max(min(ratio, splat(1.0f)), splat(-1.0f));
}

/// erf(x), absolute error ≤ 3e-7; exactly ±1 for |x| ≥ 4.
inline F4 erf(F4 x) {
  return saturating(
      x, 4.0f,
      std::array{1.128379141f, 0.1930894324f, 0.05305798106f, 0.003867188618f, 0.0002848813972f, 2.000808207e-6f},
      std::array{1.0f, 0.5044536448f, 0.1151764646f, 0.01517576553f, 0.0011828001f, 3.757680218e-5f});
}

/// tanh(x), relative error ≤ 6e-7; exactly ±1 for |x| ≥ 9.
inline F4 tanh(F4 x) {
  return saturating(x, 9.0f,
                    std::array{0.9999999818f, 0.1339183228f, 0.003508555647f, 2.083028162e-5f, 1.368468211e-8f},
                    std::array{1.0f, 0.4672514989f, 0.02592595093f, 0.0003307137978f, 7.906039543e-7f});
}

}  // namespace attention_lab::kernels::simd
