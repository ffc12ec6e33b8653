// Seeded random numbers that are the same on every machine: integers and exact float arithmetic only.
#pragma once

#include <cstdint>

namespace attention_lab {

/// SplitMix64, Steele, Lea & Flood 2014 ("Fast splittable pseudorandom number generators").
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  /// Uniform in [−bound, bound), on a grid of 2⁻²³.
  float uniform(float bound) {
    const float unit = static_cast<float>(next() >> 40) * 0x1p-24f;  // 24 bits: exact
    return (2.0f * unit - 1.0f) * bound;
  }

 private:
  std::uint64_t state_;
};

}  // namespace attention_lab
