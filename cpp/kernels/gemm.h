// Matrix products: activations × packed weights, with bias, activation and residual applied while a tile is hot.
#pragma once

#include "kernels/activation.h"
#include "kernels/view.h"
#include "kernels/workspace.h"

namespace attention_lab::kernels {

/// Output columns that one panel of packed weights carries.
inline constexpr Index kPanelWidth = 8;

/// Weights W [out, in] and bias [out] laid out for the micro-kernel:
/// ⌈out / kPanelWidth⌉ panels, each the panel's bias and then, for every input, its kPanelWidth weights.
/// Columns past `out` are zero. A pointer to packed storage that the caller owns.
struct PackedView {
  const float* panels = nullptr;
  Index in = 0;
  Index out = 0;

  static constexpr Index panel_size(Index in) { return (in + 1) * kPanelWidth; }
  /// Throws std::bad_alloc where that is more than memory can hold.
  static Index storage_size(Index in, Index out) {
    const Index panels = checked_sum(out, kPanelWidth - 1) / kPanelWidth;
    return checked_product(panels, checked_product(checked_sum(in, 1), kPanelWidth));
  }
  /// Where weight (o, i) lies in the packed storage; i = -1 is the bias of o.
  static constexpr Index position(Index in, Index o, Index i) {
    return o / kPanelWidth * panel_size(in) + (i + 1) * kPanelWidth + o % kPanelWidth;
  }
};

/// Packs `weight` [out, in] into rows [first_out, first_out + weight.rows) of storage laid out for `in` inputs.
void pack_weight(const ConstMatrixView& weight, Index first_out, float* packed);
/// Copies packed weights back out; the inverse of pack_weight.
void unpack_weight(const float* packed, Index first_out, const MatrixView& weight);

/// Applied to a tile of the product before it is stored: y = activation(x Wᵀ + b) + residual.
struct Epilogue {
  Activation activation = Activation::none;
  ConstMatrixView residual;  // [rows, out] or empty; may be the same memory as y
};

/// y = activation(x Wᵀ + b) + residual.   x: [rows, in], y: [rows, out]; x and y must not overlap.
void linear(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
            Workspace& workspace);

/// y = alpha · a bᵀ.   a: [m, k], b: [n, k], y: [m, n]: two activations, nothing packed beforehand.
void matmul_transposed(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y,
                       Workspace& workspace);

/// y = a b.   a: [m, k], b: [k, n], y: [m, n].
void matmul(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y, Workspace& workspace);

}  // namespace attention_lab::kernels
