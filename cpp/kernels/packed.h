// Weights as the products read them: panels of kPanelWidth outputs, their numbers kept as f32, f16 or int8.
#pragma once

#include "kernels/checked.h"
#include "kernels/view.h"

namespace attention_lab::kernels {

/// How weights are kept. Biases, sums and results are f32 throughout.
enum class WeightType {
  f32,
  f16,  // IEEE 754 binary16; widened a few panels at a time, then the product of f32
  int8,  // w = scale · q, q in [−127, 127], one scale to kInt8Group inputs of an output; inputs are quantised, too: int8.h
};

/// How a layer keeps its weights and, of int8, rounds its inputs: to 7 bits or, where they are fine, 14.
struct WeightFormat {
  WeightType type = WeightType::f32;
  bool fine_inputs = false;
};

/// Output columns that one panel of packed weights carries.
inline constexpr Index kPanelWidth = 8;

/// Inputs that share a scale: consecutive ones, from the first of a row on.
inline constexpr Index kInt8Group = 32;

/// Weights W [out, in] and bias [out] laid out for the micro-kernels: ⌈out / kPanelWidth⌉ panels, each the biases of its
/// outputs and then, for every input (of int8, every few), its kPanelWidth weights. Before a group of int8 weights stand its
/// kPanelWidth scales and as many sums of its weights. Columns past `out` are zero. A pointer to packed storage that the caller owns; sizes are in floats.
struct PackedView {
  const float* panels = nullptr;
  Index in = 0;
  Index out = 0;
  WeightType type = WeightType::f32;
  bool fine_inputs = false;  // int8: inputs of 14 bits instead of 7

  static constexpr Index panel_size(Index in, WeightType type = WeightType::f32) {
    return panel_rows(in, type) * kPanelWidth;
  }
  /// Throws std::bad_alloc where that is more than memory can hold.
  static Index storage_size(Index in, Index out, WeightType type = WeightType::f32) {
    const Index panels = checked_sum(out, kPanelWidth - 1) / kPanelWidth;
    checked_sum(in, 3);
    return checked_product(panels, checked_product(panel_rows(in, type), kPanelWidth));
  }
  /// Where f32 weight (o, i) lies in the packed storage; i = -1 is the bias of o.
  static constexpr Index position(Index in, Index o, Index i) {
    return o / kPanelWidth * panel_size(in) + (i + 1) * kPanelWidth + o % kPanelWidth;
  }
  /// Where the bias of o lies.
  static constexpr Index bias_position(Index in, Index o, WeightType type) {
    return o / kPanelWidth * panel_size(in, type) + o % kPanelWidth;
  }

 private:
  /// A panel in rows of kPanelWidth floats.
  static constexpr Index panel_rows(Index in, WeightType type) {
    switch (type) {
      case WeightType::f32: break;
      case WeightType::f16: return 1 + (in + 1) / 2;
      case WeightType::int8: return 1 + (in + kInt8Group - 1) / kInt8Group * 2 + (in + 3) / 4;
    }
    return 1 + in;
  }
};

/// Packs `weight` [out, in] into rows [first_out, first_out + weight.rows) of storage laid out for `in` inputs. f16 and int8
/// round; they hold finite numbers only, up to kLargestHalf and kLargestInt8Weight: the caller checks.
void pack_weight(const ConstMatrixView& weight, Index first_out, float* packed, WeightType type = WeightType::f32);
/// Copies packed weights back out, widened to f32. The inverse of pack_weight: what comes out packs to the same storage.
void unpack_weight(const float* packed, Index first_out, const MatrixView& weight, WeightType type = WeightType::f32);

/// The f16 panels of `w` from `first` on, as f32 panels.
void widen_panels(PackedView w, Index first, Index count, float* panels);

/// The largest finite f16, and a size up to which int8 weights stay finite when they are widened.
inline constexpr float kLargestHalf = 65504.0f, kLargestInt8Weight = 0x1p127f;

}  // namespace attention_lab::kernels
