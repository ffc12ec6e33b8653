// Applies an activation and a residual to a rectangle of floats: behind activate() and the epilogue of products.
#pragma once

#include "kernels/activation.h"

namespace attention_lab::kernels {

/// y = activation(x) + residual, by element. All of x's shape; residual may be empty, and x, residual and y may be
/// the same memory (not otherwise overlap).
void transform(Activation activation, const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& y);

/// y = x and y = a + b, of the same shape: one loop for all, where each Eigen expression would be a loop of its own.
inline void copy(const ConstMatrixView& x, const MatrixView& y) { transform(Activation::none, x, {}, y); }
inline void add(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y) {
  transform(Activation::none, a, b, y);
}

}  // namespace attention_lab::kernels
