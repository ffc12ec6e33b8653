// exp, erf, tanh and the logistic function of a group of vectors; error bounds are checked in tests/cpp/kernels.
#pragma once

#include "kernels/group.h"

namespace attention_lab::kernels::simd {

inline constexpr float kOne = 1.0f;
inline constexpr float kHalf = 0.5f;

// LLVM's wasm back end would nest an unrolled polynomial into one expression per vector, one chain of dependent instructions
// after the other. A loop keeps the vectors in step: softmax 12×512×512 went from 2.46 to 2.11 ms. V8 unrolls it.
#if defined(__clang__)
#define KEEP_LOOP _Pragma("clang loop unroll(disable)")
#else
#define KEEP_LOOP
#endif

/// c[0] + c[1] x + c[2] x² + …, by Horner's rule. `c` must be static: it is read from memory, term by term.
template <int N, int terms>
Group<N> polynomial(const Group<N>& x, const float (&c)[terms]) {
  Group<N> y = load_splat(&c[terms - 1]);
  KEEP_LOOP
  for (int i = terms - 2; i >= 0; --i) y = multiply_add(y, x, load_splat(&c[i]));
  return y;
}

/// x P(y) / Q(y), two polynomials of one degree, both in step.
template <int N, int terms>
Group<N> times_ratio(const Group<N>& x, const Group<N>& y, const float (&p)[terms], const float (&q)[terms]) {
  Group<N> above = load_splat(&p[terms - 1]), below = load_splat(&q[terms - 1]);
  KEEP_LOOP
  for (int i = terms - 2; i >= 0; --i) {
    above = multiply_add(above, y, load_splat(&p[i]));
    below = multiply_add(below, y, load_splat(&q[i]));
  }
  return x * above / below;
}

/// exp(x) for x ≤ 0, relative error ≤ 2.5e-7; 0 below −87.7, where the result would be denormal. NaN stays NaN.
/// x = n ln 2 + r with |r| ≤ ½ ln 2; eʳ by a polynomial of degree 5; 2ⁿ by its bits.
template <int N>
Group<N> exp_nonpositive(Group<N> x) {
  static constexpr float kLeast = -88.0f;  // n = −127: an exponent of 0, and so the value 0
  // Adding 1.5 · 2²³ rounds to an integer in the low bits; + 127 makes those bits the exponent of 2ⁿ.
  static constexpr float kMagic = 12582912.0f + 127.0f;
  static constexpr float kLog2E = 1.44269504f;
  static constexpr float kMinusLn2High = -0.693359375f, kMinusLn2Low = 2.12194440e-4f;  // high · n is exact
  static constexpr float kExp[] = {1.0f, 1.0f, 0.4999923147f, 0.1666711463f, 0.04189015976f, 0.00831252325f};
  const F4 magic = constant(kMagic);
  x = max(x, constant(kLeast));
  const Group<N> shifted = multiply_add(x, constant(kLog2E), magic);
  const Group<N> n = shifted - magic;
  const Group<N> r = multiply_add(n, constant(kMinusLn2Low), multiply_add(n, constant(kMinusLn2High), x));
  return polynomial(r, kExp) * shift_left_bits(shifted, 23);
}

/// σ(x) = 1 / (1 + e⁻ˣ), from e^−|x| so that nothing overflows.
template <int N>
Group<N> logistic(const Group<N>& x) {
  const F4 one = constant(kOne), zero = splat(0.0f);
  const Group<N> e = exp_nonpositive(zero - magnitude(x));
  return select(x < zero, e, one) / (one + e);
}

/// An odd function that saturates at ±1: x P(x²) / Q(x²) up to |x| = limit, where the ratio just exceeds 1,
/// so that cutting it off at ±1 gives exactly ±1 beyond (1 + erf must vanish: it is multiplied by x).
template <int N, int terms>
Group<N> saturating(Group<N> x, const float& limit, const float (&p)[terms], const float (&q)[terms]) {
  const F4 most = constant(limit), one = constant(kOne), zero = splat(0.0f);
  x = max(min(x, most), zero - most);
  return max(min(times_ratio(x, x * x, p, q), one), zero - one);
}

/// erf(x), absolute error ≤ 3e-7; exactly ±1 for |x| ≥ 4.
template <int N>
Group<N> erf(const Group<N>& x) {
  static constexpr float kLimit = 4.0f;
  static constexpr float kP[] = {1.128379141f,    0.1930894324f,    0.05305798106f,
                                 0.003867188618f, 0.0002848813972f, 2.000808207e-6f};
  static constexpr float kQ[] = {1.0f, 0.5044536448f, 0.1151764646f, 0.01517576553f, 0.0011828001f, 3.757680218e-5f};
  return saturating(x, kLimit, kP, kQ);
}

/// tanh(x), relative error ≤ 6e-7; exactly ±1 for |x| ≥ 9.
template <int N>
Group<N> tanh(const Group<N>& x) {
  static constexpr float kLimit = 9.0f;
  static constexpr float kP[] = {0.9999999818f, 0.1339183228f, 0.003508555647f, 2.083028162e-5f, 1.368468211e-8f};
  static constexpr float kQ[] = {1.0f, 0.4672514989f, 0.02592595093f, 0.0003307137978f, 7.906039543e-7f};
  return saturating(x, kLimit, kP, kQ);
}

#undef KEEP_LOOP

}  // namespace attention_lab::kernels::simd
