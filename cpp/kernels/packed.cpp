// Packs and unpacks weights, row by row; rounds to f16 and int8.
#include "kernels/packed.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "kernels/group.h"
#include "kernels/int8.h"
#include "kernels/simd_int8.h"

namespace attention_lab::kernels {

namespace {

using Half = std::uint16_t;

/// Multiplied by it, the bits of an f16 without its sign, 13 places up, become its value: the exponents' offsets differ by
/// 112. Exact, subnormals included.
constexpr float kHalfToFloat = 0x1p112f;

simd::F4 widen(simd::F4 halves) {
  static constexpr float kSign = std::bit_cast<float>(0x8000), kSize = std::bit_cast<float>(0x7fff);
  static constexpr float kFactor = kHalfToFloat;
  using namespace simd;
  const F4 size = shift_left_bits(halves & constant(kSize), 13) * constant(kFactor);
  return size | shift_left_bits(halves & constant(kSign), 16);
}

float widen(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const float size = std::bit_cast<float>(static_cast<std::uint32_t>(half & 0x7fff) << 13) * kHalfToFloat;
  return std::bit_cast<float>(std::bit_cast<std::uint32_t>(size) | sign);
}

/// To the nearest, ties to even; of a finite number of at most kLargestHalf in size.
Half narrow(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), sign = (bits >> 16) & 0x8000;
  const std::uint32_t size = bits & 0x7fffffff;
  if (size < 0x38800000)  // below 2⁻¹⁴: a subnormal; adding ½ leaves its 2⁻²⁴ths in the low bits, rounded
    return static_cast<Half>(sign | (std::bit_cast<std::uint32_t>(std::abs(value) + 0.5f) - 0x3f000000));
  // A carry out of the fraction rightly adds one to the exponent.
  return static_cast<Half>(sign | ((size + 0xfff + ((size >> 13) & 1) - (112u << 23)) >> 13));
}

Half* half_at(float* panel, Index o, Index i) {
  return reinterpret_cast<Half*>(panel + kPanelWidth) + i * kPanelWidth + o;
}

/// The group of input i in a panel of int8 weights: scales, sums, weights.
float* int8_group(float* panel, Index i) { return panel + kPanelWidth + i / kInt8Group * kInt8GroupFloats; }

/// Where q of output o, 0 to kPanelWidth − 1 of a panel, and input i lies.
signed char* int8_at(float* panel, Index o, Index i) {
  const Index at = i % kInt8Group;
  return reinterpret_cast<signed char*>(int8_group(panel, i) + 2 * kPanelWidth) +
         (at / simd::kStepInputs * kPanelWidth + o) * simd::kStepInputs + at % simd::kStepInputs;
}

void pack_int8(const float* weights, Index in, float* panel, Index o) {
  for (Index first = 0; first < in; first += kInt8Group) {
    const Index count = std::min(kInt8Group, in - first);
    const float scale = int8_scale(weights + first, count);
    int sum = 0;
    for (Index i = first; i < first + count; ++i) {
      const int q = scale == 0.0f ? 0 : static_cast<int>(std::nearbyint(weights[i] / scale));
      *int8_at(panel, o, i) = static_cast<signed char>(q);
      sum += q;
    }
    float* const group = int8_group(panel, first);
    group[o] = scale;
    group[kPanelWidth + o] = static_cast<float>(sum) * scale;
  }
}

}  // namespace

float int8_scale(const float* weights, Index count) {
  using namespace simd;
  static constexpr float kRound = 12582912.0f;  // 1.5 · 2²³
  constexpr int kVectors = kInt8Group / kWidth;
  float padded[kInt8Group] = {};
  std::copy_n(weights, count, padded);
  Group<kVectors> w;
  float most = 0.0f;
  for (int v = 0; v < kVectors; ++v) {
    w.of[v] = load(padded + v * kWidth);
    most = std::max(most, largest(magnitude(w.of[v])));
  }
  if (most < 0x1p-100f) return 0.0f;
  float best = 0.0f, least = std::numeric_limits<float>::infinity();
  for (int q = 127; q >= 120; --q) {
    const float scale =
        std::bit_cast<float>((std::bit_cast<std::uint32_t>(most / static_cast<float>(q)) + 0x7f) & ~0x7fu);
    F4 errors = splat(0.0f);
    for (const F4 each : w.of) {
      const F4 error = each - (each / splat(scale) + constant(kRound) - constant(kRound)) * splat(scale);
      const F4 relative = error * splat(1.0f / most);  // whose square neither overflows nor vanishes
      errors = errors + relative * relative;
    }
    if (const float error = simd::sum(errors); error < least) best = scale, least = error;
  }
  return best;
}

void pack_weight(const ConstMatrixView& weight, Index first_out, float* packed, WeightType type) {
  const Index in = weight.cols, panel_size = PackedView::panel_size(in, type);
  for (Index r = 0; r < weight.rows; ++r) {
    const Index row = first_out + r, o = row % kPanelWidth;
    const float* const weights = weight.row(r);
    float* const panel = packed + row / kPanelWidth * panel_size;
    switch (type) {
      case WeightType::f32:
        for (Index i = 0; i < in; ++i) panel[(i + 1) * kPanelWidth + o] = weights[i];
        break;
      case WeightType::f16:
        for (Index i = 0; i < in; ++i) {
          const Half half = narrow(weights[i]);
          std::memcpy(half_at(panel, o, i), &half, sizeof half);
        }
        break;
      case WeightType::int8: pack_int8(weights, in, panel, o);
    }
  }
}

void unpack_weight(const float* packed, Index first_out, const MatrixView& weight, WeightType type) {
  const Index in = weight.cols, panel_size = PackedView::panel_size(in, type);
  for (Index r = 0; r < weight.rows; ++r) {
    const Index row = first_out + r, o = row % kPanelWidth;
    float* const weights = weight.row(r);
    float* const panel = const_cast<float*>(packed) + row / kPanelWidth * panel_size;  // only read
    switch (type) {
      case WeightType::f32:
        for (Index i = 0; i < in; ++i) weights[i] = panel[(i + 1) * kPanelWidth + o];
        break;
      case WeightType::f16:
        for (Index i = 0; i < in; ++i) {
          Half half;
          std::memcpy(&half, half_at(panel, o, i), sizeof half);
          weights[i] = widen(half);
        }
        break;
      case WeightType::int8:
        for (Index i = 0; i < in; ++i) weights[i] = static_cast<float>(*int8_at(panel, o, i)) * int8_group(panel, i)[o];
    }
  }
}

void widen_panels(PackedView w, Index first, Index count, float* panels) {
  const Index from_size = PackedView::panel_size(w.in, WeightType::f16), to_size = PackedView::panel_size(w.in);
  for (Index p = 0; p < count; ++p) {
    const float* const from = w.panels + (first + p) * from_size;
    float* const to = panels + p * to_size;
    std::memcpy(to, from, kPanelWidth * sizeof(float));
    const auto halves = reinterpret_cast<const Half*>(from + kPanelWidth);
    for (Index i = 0; i < w.in * kPanelWidth; i += simd::kWidth)
      simd::store(to + kPanelWidth + i, widen(simd::load_16_bits(halves + i)));
  }
}

}  // namespace attention_lab::kernels
