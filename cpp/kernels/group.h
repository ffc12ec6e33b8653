// N vectors processed in lockstep: they share every constant that is loaded and hide each other's instruction latency.
#pragma once

#include "kernels/simd.h"

namespace attention_lab::kernels::simd {

/// Used like a single vector; an F4 operand is broadcast to all N.
template <int N>
struct Group {
  F4 of[N];

  Group() = default;
  Group(F4 same) {
    for (F4& each : of) each = same;
  }

  friend Group operator+(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x + y; }, a, b);
  }
  friend Group operator-(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x - y; }, a, b);
  }
  friend Group operator*(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x * y; }, a, b);
  }
  friend Group operator/(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x / y; }, a, b);
  }
  friend Group operator&(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x & y; }, a, b);
  }
  friend Group operator<(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return x < y; }, a, b);
  }
  friend Group min(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return simd::min(x, y); }, a, b);
  }
  friend Group max(const Group& a, const Group& b) {
    return by_vector([](F4 x, F4 y) { return simd::max(x, y); }, a, b);
  }
  friend Group multiply_add(const Group& a, const Group& b, const Group& c) {
    return by_vector([](F4 x, F4 y, F4 z) { return simd::multiply_add(x, y, z); }, a, b, c);
  }
  friend Group select(const Group& mask, const Group& a, const Group& b) {
    return by_vector([](F4 m, F4 x, F4 y) { return simd::select(m, x, y); }, mask, a, b);
  }
  friend Group magnitude(const Group& a) {
    return by_vector([](F4 x) { return simd::magnitude(x); }, a);
  }
  friend Group shift_left_bits(const Group& a, int count) {
    return by_vector([count](F4 x) { return simd::shift_left_bits(x, count); }, a);
  }

 private:
  template <class Operation, class... Groups>
  static Group by_vector(const Operation& operation, const Groups&... operands) {
    Group result;
    for (int i = 0; i < N; ++i) result.of[i] = operation(operands.of[i]...);
    return result;
  }
};

template <int N>
Group<N> load_group(const float* p) {
  Group<N> x;
  for (int i = 0; i < N; ++i) x.of[i] = load(p + i * kWidth);
  return x;
}
template <int N>
void store(float* p, const Group<N>& x) {
  for (int i = 0; i < N; ++i) store(p + i * kWidth, x.of[i]);
}

}  // namespace attention_lab::kernels::simd
