// Matrix products: activations × packed weights, with bias, activation and residual applied while a tile is hot.
#pragma once

#include "kernels/activation.h"
#include "kernels/packed.h"
#include "kernels/workspace.h"

namespace attention_lab::kernels {

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
