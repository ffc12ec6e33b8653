// Applies an activation and a residual to a rectangle of floats: behind activate() and the epilogue of products.
#pragma once

#include "kernels/activation.h"

namespace attention_lab::kernels {

/// y = activation(x) + residual, by element. All of x's shape; residual may be empty, and x, residual and y may be
/// the same memory (not otherwise overlap).
void transform(Activation activation, ConstMatrixView x, ConstMatrixView residual, MatrixView y);

}  // namespace attention_lab::kernels
