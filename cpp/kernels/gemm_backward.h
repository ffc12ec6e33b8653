// The products of a backward pass: a linear layer's two gradients, and aᵀ b of two activations.
#pragma once

#include "kernels/gemm.h"

namespace attention_lab::kernels {

/// Of y = x Wᵀ + b:  dx = residual + dy W.   dy: [rows, out]; dx, residual: [rows, in]. The residual may be empty or dx
/// itself; dy and dx must not overlap.
void linear_backward_input(const ConstMatrixView& dy, PackedView w, const ConstMatrixView& residual,
                           const MatrixView& dx, Workspace& workspace);

/// Of y = x Wᵀ + b:  dW += dyᵀ x, db += Σ_rows dy, in the packed layout of W and b.
/// x: [rows, in], dy: [rows, out]; gradient: PackedView::storage_size(in, out) floats.
void linear_backward_weight(const ConstMatrixView& x, const ConstMatrixView& dy, float* gradient, Workspace& workspace);

/// y += alpha · aᵀ b.   a: [k, m], b: [k, n], y: [m, n].
void add_transposed_matmul(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y,
                           Workspace& workspace);

}  // namespace attention_lab::kernels
