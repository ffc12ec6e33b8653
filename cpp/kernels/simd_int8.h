// Products of bytes in SIMD: the only file that knows which instructions the steps of an int8 product become.
//
// A step multiplies the weights of 8 outputs with kStepInputs inputs of one row and adds to 8 sums in i32. Inputs are
// unsigned of 7 bits, weights signed of 8: the first operand of relaxed_dot then means the same signed or unsigned, and two
// products make at most 2 · 127 · 127 = 32,258 < 2¹⁵, so that nothing saturates where the machine adds them in 16 bits.
#pragma once

#include "kernels/simd.h"

namespace attention_lab::kernels::simd {

/// Four sums.
struct I4 {
#if defined(__wasm_simd128__)
  v128_t v;
#else
  F4::Bits v;
#endif
};

#if defined(__wasm_simd128__)
inline F4 to_float(I4 a) { return {wasm_f32x4_convert_i32x4(a.v)}; }
inline I4 zero_sums() { return {wasm_i32x4_const_splat(0)}; }
/// 128 · high + low
inline I4 combined(I4 high, I4 low) { return {wasm_i32x4_add(wasm_i32x4_shl(high.v, 7), low.v)}; }
#else
inline F4 to_float(I4 a) { return {F4::Vector{float(a.v[0]), float(a.v[1]), float(a.v[2]), float(a.v[3])}}; }
inline I4 zero_sums() { return {F4::Bits{}}; }
inline I4 combined(I4 high, I4 low) { return {high.v * 128 + low.v}; }
#endif

#if defined(__wasm_relaxed_simd__)

inline constexpr int kStepInputs = 4;
using StepWeights = v128_t;  // of 4 outputs

/// Those of outputs 4 · half to 4 · half + 3.
inline StepWeights load_weights(const signed char* p, int half) { return wasm_v128_load(p + 16 * half); }
inline v128_t load_inputs(const unsigned char* p) { return wasm_v128_load32_splat(p); }
inline I4 dot_add(StepWeights w, v128_t x, I4 sums) { return {wasm_i32x4_relaxed_dot_i8x16_i7x16_add(w, x, sums.v)}; }

#elif defined(__wasm_simd128__)

inline constexpr int kStepInputs = 2;
using StepWeights = v128_t;

inline StepWeights load_weights(const signed char* p, int half) { return wasm_i16x8_load8x8(p + 8 * half); }
inline v128_t load_inputs(const unsigned char* p) { return wasm_v128_load32_splat(p); }
inline I4 dot_add(StepWeights w, v128_t x, I4 sums) { return {wasm_i32x4_add(sums.v, wasm_i32x4_dot_i16x8(w, x))}; }

#else

inline constexpr int kStepInputs = 4;
using StepWeights = const signed char*;

inline StepWeights load_weights(const signed char* p, int half) { return p + 16 * half; }
inline const unsigned char* load_inputs(const unsigned char* p) { return p; }
inline I4 dot_add(StepWeights w, const unsigned char* x, I4 sums) {
  for (int n = 0; n < 4; ++n)
    for (int i = 0; i < kStepInputs; ++i) sums.v[n] += w[n * kStepInputs + i] * x[i];
  return sums;
}

#endif

/// Bytes that a step reads of a row's inputs (as i16 where the machine multiplies those) and of the weights.
inline constexpr int kStepInputBytes = 4;
inline constexpr int kStepWeightBytes = 8 * kStepInputs;

/// The integers 0 to 127 in the bits of 4 · kStepInputs floats' vectors, as the inputs of four steps: 16 bytes.
#if defined(__wasm_relaxed_simd__)
inline v128_t narrow_inputs(const F4 (&x)[kStepInputs]) {
  return wasm_u8x16_narrow_i16x8(wasm_i16x8_narrow_i32x4(x[0].v, x[1].v), wasm_i16x8_narrow_i32x4(x[2].v, x[3].v));
}
#elif defined(__wasm_simd128__)
inline v128_t narrow_inputs(const F4 (&x)[kStepInputs]) { return wasm_i16x8_narrow_i32x4(x[0].v, x[1].v); }
#endif

/// Stores the inputs of four steps, `stride` bytes apart.
inline void store_inputs(const F4 (&x)[kStepInputs], unsigned char* p, std::ptrdiff_t stride) {
#if defined(__wasm_simd128__)
  const v128_t bytes = narrow_inputs(x);
  wasm_v128_store32_lane(p, bytes, 0);
  wasm_v128_store32_lane(p + stride, bytes, 1);
  wasm_v128_store32_lane(p + 2 * stride, bytes, 2);
  wasm_v128_store32_lane(p + 3 * stride, bytes, 3);
#else
  for (int step = 0; step < 4; ++step)
    for (int i = 0; i < kStepInputs; ++i) p[step * stride + i] = static_cast<unsigned char>(F4::Bits(x[step].v)[i]);
#endif
}

}  // namespace attention_lab::kernels::simd
