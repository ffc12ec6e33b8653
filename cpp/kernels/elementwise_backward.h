// The backward pass of elementwise and row-wise operations: activations, products, softmax, LayerNorm, RMSNorm.
// In each, dy is the gradient of the loss with respect to the forward result y.
#pragma once

#include <span>

#include "kernels/activation.h"

namespace attention_lab::kernels {

/// Of y = activation(x):  dx = dy ⊙ activation'(x). dx may be the memory of dy.
void activation_backward(Activation activation, std::span<const float> x, std::span<const float> dy,
                         std::span<float> dx);

/// y = a ⊙ b, its own backward: da = dy ⊙ b. y may be the memory of either.
void multiply(std::span<const float> a, std::span<const float> b, std::span<float> y);

/// Of pattern = softmax(scores):  dscores = pattern ⊙ (dpattern − Σ_row dpattern ⊙ pattern).
/// dscores may be the memory of dpattern. A row of zeros, fully masked, gives zeros.
void softmax_backward(const ConstMatrixView& pattern, const ConstMatrixView& dpattern, const MatrixView& dscores);

/// Of y = x̂ ⊙ gain + shift, x̂ = (x − mean) / √(variance + eps), from x, with g = dy ⊙ gain:
///   dx = residual + (g − mean(g) − x̂ mean(g ⊙ x̂)) / √(variance + eps);  dgain += Σ_rows dy ⊙ x̂;  dshift += Σ_rows dy.
/// residual may be empty; dx may be the memory of dy or the residual.
void layer_norm_backward(const ConstMatrixView& x, const float* gain, float eps, const ConstMatrixView& dy,
                         const ConstMatrixView& residual, const MatrixView& dx, float* dgain, float* dshift);

/// Of y = x̂ ⊙ gain, x̂ = x / √(mean(x²) + eps), likewise:
///   dx = residual + (g − x̂ mean(g ⊙ x̂)) / √(mean(x²) + eps);  dgain += Σ_rows dy ⊙ x̂.
void rms_norm_backward(const ConstMatrixView& x, const float* gain, float eps, const ConstMatrixView& dy,
                       const ConstMatrixView& residual, const MatrixView& dx, float* dgain);

}  // namespace attention_lab::kernels
