// A fuzzer's bytes as the choices that a test makes. Where they end, every further choice is the first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/view.h"

namespace attention_lab::fuzz {

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}

  bool empty() const { return size_ == 0; }
  std::uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  bool flag() { return byte() & 1; }
  /// One time in `n`.
  bool rarely(int n) { return byte() % n == n - 1; }

  Index below(Index end) { return byte() % end; }
  /// Of the enumerators from 0 to the last.
  template <class Enum>
  Enum one_of(Enum last) {
    return static_cast<Enum>(below(static_cast<Index>(last) + 1));
  }

  /// Mostly from `least` to `most`, sometimes one of the sizes at which products overflow.
  Index size(Index least, Index most) {
    if (!rarely(40)) return least + below(most - least + 1);
    static constexpr Index kWild[] = {-1,
                                      0,
                                      1,
                                      255,
                                      4097,
                                      65535,
                                      65536,
                                      1 << 20,
                                      1 << 28,
                                      (1 << 29) - 1,
                                      1 << 29,
                                      1 << 30,
                                      std::numeric_limits<std::int32_t>::max() - 1,
                                      std::numeric_limits<std::int32_t>::max(),
                                      std::numeric_limits<std::int32_t>::min()};
    return kWild[below(sizeof kWild / sizeof *kWild)];
  }

  /// Mostly of a weight's magnitude, sometimes any of the 2³² floats.
  float number() {
    if (!rarely(40)) return (static_cast<float>(byte()) - 128.0f) / 64.0f;
    std::uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) bits = bits << 8 | byte();
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

}  // namespace attention_lab::fuzz
