// Four floats at a time: the only file that knows which instructions they become.
// In wasm intrinsics (fused multiply-add in the relaxed variant), natively the compiler's vector types.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__wasm_simd128__)
#include <wasm_simd128.h>
#endif

namespace attention_lab::kernels::simd {

/// Four floats; a comparison gives all bits set where it holds.
struct F4 {
#if defined(__wasm_simd128__)
  v128_t v;
#else
  using Vector = float __attribute__((vector_size(16)));
  using Bits = std::int32_t __attribute__((vector_size(16)));
  Vector v;
#endif
};

inline constexpr int kWidth = 4;

#if defined(__wasm_simd128__)

inline F4 load(const float* p) { return {wasm_v128_load(p)}; }
inline void store(float* p, F4 a) { wasm_v128_store(p, a.v); }
inline F4 splat(float a) { return {wasm_f32x4_splat(a)}; }
inline F4 load_splat(const float* p) { return {wasm_v128_load32_splat(p)}; }
inline F4 operator+(F4 a, F4 b) { return {wasm_f32x4_add(a.v, b.v)}; }
inline F4 operator-(F4 a, F4 b) { return {wasm_f32x4_sub(a.v, b.v)}; }
inline F4 operator*(F4 a, F4 b) { return {wasm_f32x4_mul(a.v, b.v)}; }
inline F4 operator/(F4 a, F4 b) { return {wasm_f32x4_div(a.v, b.v)}; }
inline F4 operator&(F4 a, F4 b) { return {wasm_v128_and(a.v, b.v)}; }
inline F4 operator|(F4 a, F4 b) { return {wasm_v128_or(a.v, b.v)}; }
inline F4 operator<(F4 a, F4 b) { return {wasm_f32x4_lt(a.v, b.v)}; }
inline F4 and_not(F4 a, F4 b) { return {wasm_v128_andnot(a.v, b.v)}; }  // a & ~b
/// The smaller (larger), and `a` where either is NaN: one instruction on x64, unlike f32x4.min and max.
inline F4 min(F4 a, F4 b) { return {wasm_f32x4_pmin(a.v, b.v)}; }
inline F4 max(F4 a, F4 b) { return {wasm_f32x4_pmax(a.v, b.v)}; }
inline F4 square_root(F4 a) { return {wasm_f32x4_sqrt(a.v)}; }
/// Four numbers of 16 bits as the low halves of 32.
inline F4 load_16_bits(const std::uint16_t* p) { return {wasm_u32x4_load16x4(p)}; }
inline F4 shift_left_bits(F4 a, int count) { return {wasm_i32x4_shl(a.v, count)}; }
inline F4 shift_right_bits(F4 a, int count) { return {wasm_u32x4_shr(a.v, count)}; }
template <int a, int b, int c, int d>
F4 shuffle(F4 x, F4 y) {
  return {wasm_i32x4_shuffle(x.v, y.v, a, b, c, d)};
}
inline float first(F4 a) { return wasm_f32x4_extract_lane(a.v, 0); }

/// a · b + c, rounded once in the relaxed variant on machines that fuse, else twice.
#if defined(__wasm_relaxed_simd__)
inline F4 multiply_add(F4 a, F4 b, F4 c) { return {wasm_f32x4_relaxed_madd(a.v, b.v, c.v)}; }
#else
inline F4 multiply_add(F4 a, F4 b, F4 c) { return {wasm_f32x4_add(wasm_f32x4_mul(a.v, b.v), c.v)}; }
#endif

#else

inline F4 load(const float* p) {
  F4 a;
  std::memcpy(&a, p, sizeof a);
  return a;
}
inline void store(float* p, F4 a) { std::memcpy(p, &a, sizeof a); }
inline F4 splat(float a) { return {F4::Vector{a, a, a, a}}; }
inline F4 load_splat(const float* p) { return splat(*p); }
inline F4 operator+(F4 a, F4 b) { return {a.v + b.v}; }
inline F4 operator-(F4 a, F4 b) { return {a.v - b.v}; }
inline F4 operator*(F4 a, F4 b) { return {a.v * b.v}; }
inline F4 operator/(F4 a, F4 b) { return {a.v / b.v}; }
inline F4 operator&(F4 a, F4 b) { return {F4::Vector(F4::Bits(a.v) & F4::Bits(b.v))}; }
inline F4 operator|(F4 a, F4 b) { return {F4::Vector(F4::Bits(a.v) | F4::Bits(b.v))}; }
inline F4 operator<(F4 a, F4 b) { return {F4::Vector(a.v < b.v)}; }
inline F4 and_not(F4 a, F4 b) { return {F4::Vector(F4::Bits(a.v) & ~F4::Bits(b.v))}; }  // a & ~b
/// The smaller (larger), and `a` where either is NaN.
inline F4 min(F4 a, F4 b) { return {b.v < a.v ? b.v : a.v}; }
inline F4 max(F4 a, F4 b) { return {a.v < b.v ? b.v : a.v}; }
inline F4 square_root(F4 a) {
  for (int lane = 0; lane < kWidth; ++lane) a.v[lane] = std::sqrt(a.v[lane]);
  return a;
}
inline F4 load_16_bits(const std::uint16_t* p) {
  std::uint16_t low[4];
  std::memcpy(low, p, sizeof low);
  return {F4::Vector(F4::Bits{low[0], low[1], low[2], low[3]})};
}
inline F4 shift_left_bits(F4 a, int count) {
  using Unsigned = std::uint32_t __attribute__((vector_size(16)));
  return {F4::Vector(Unsigned(a.v) << count)};
}
inline F4 shift_right_bits(F4 a, int count) {
  using Unsigned = std::uint32_t __attribute__((vector_size(16)));
  return {F4::Vector(Unsigned(a.v) >> count)};
}
template <int a, int b, int c, int d>
F4 shuffle(F4 x, F4 y) {
#if defined(__clang__)
  return {__builtin_shufflevector(x.v, y.v, a, b, c, d)};
#else
  return {__builtin_shuffle(x.v, y.v, F4::Bits{a, b, c, d})};
#endif
}
inline float first(F4 a) { return a.v[0]; }
inline F4 multiply_add(F4 a, F4 b, F4 c) { return {a.v * b.v + c.v}; }

#endif

/// p, of which LLVM then knows nothing: neither what lies there nor how it came about.
template <class T>
const T* opaque(const T* p) {
#if defined(__wasm_simd128__)
  asm("" : "+r"(p));
#endif
  return p;
}

/// splat(a) of a constant that lies in memory. V8 builds a constant that is written into the code anew at every use,
/// by three instructions (load, move, unpack); a broadcast from memory is one.
inline F4 constant(const float& a) { return load_splat(opaque(&a)); }

/// `a` where the mask's bits are set, else `b`.
inline F4 select(F4 mask, F4 a, F4 b) { return (a & mask) | and_not(b, mask); }

inline F4 magnitude(F4 a) {
  static constexpr float kSign = -0.0f;
  return and_not(a, constant(kSign));
}

/// The first `count` < 4 floats at p, and `fill` for the rest: never reads past them.
[[gnu::noinline]] inline F4 load_part(const float* p, std::ptrdiff_t count, float fill) {
  float lanes[kWidth] = {fill, fill, fill, fill};
  for (std::ptrdiff_t i = 0; i < count; ++i) lanes[i] = p[i];
  return load(lanes);
}
[[gnu::noinline]] inline void store_part(float* p, std::ptrdiff_t count, F4 a) {
  float lanes[kWidth];
  store(lanes, a);
  for (std::ptrdiff_t i = 0; i < count; ++i) p[i] = lanes[i];
}

/// As load_part and store_part where `count` < 4, else whole vectors.
inline F4 load_up_to(const float* p, std::ptrdiff_t count) {
  return count < kWidth ? load_part(p, count, 0.0f) : load(p);
}
inline void store_up_to(float* p, std::ptrdiff_t count, F4 a) {
  count < kWidth ? store_part(p, count, a) : store(p, a);
}

inline float sum(F4 a) {
  const F4 pairs = a + shuffle<2, 3, 0, 1>(a, a);
  return first(pairs + shuffle<1, 0, 3, 2>(pairs, pairs));
}
inline float largest(F4 a) {
  const F4 pairs = max(a, shuffle<2, 3, 0, 1>(a, a));
  return first(max(pairs, shuffle<1, 0, 3, 2>(pairs, pairs)));
}

/// Rows become columns: the four vectors as a 4 × 4 matrix, transposed in place.
inline void transpose(F4& a, F4& b, F4& c, F4& d) {
  const F4 ab_low = shuffle<0, 4, 1, 5>(a, b), ab_high = shuffle<2, 6, 3, 7>(a, b);
  const F4 cd_low = shuffle<0, 4, 1, 5>(c, d), cd_high = shuffle<2, 6, 3, 7>(c, d);
  a = shuffle<0, 1, 4, 5>(ab_low, cd_low);
  b = shuffle<2, 3, 6, 7>(ab_low, cd_low);
  c = shuffle<0, 1, 4, 5>(ab_high, cd_high);
  d = shuffle<2, 3, 6, 7>(ab_high, cd_high);
}

}  // namespace attention_lab::kernels::simd
