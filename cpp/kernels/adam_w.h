// The optimizer's loops over flat memory: the norm of a gradient, and a step of AdamW.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// Σ x².
double sum_of_squares(const float* x, Index size);

/// The numbers of one step, the same for every weight.
struct AdamWStep {
  float gradient_scale;  // multiplies the gradient first: clipping
  float decay;           // 1 − lr · weight decay: what is left of a weight
  float beta1, beta2;
  float rate;             // lr / (1 − β₁ᵗ)
  float bias_correction;  // √(1 − β₂ᵗ)
  float eps;
};

/// Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2, as torch.optim.AdamW computes it:
///   w ← decay · w;  m ← m + (1 − β₁)(g − m);  v ← β₂ v + (1 − β₂) g²;  w ← w − rate · m / (√v / bias_correction + eps)
/// An m below 1e-30 is flushed to 0: the moments of a weight without gradients would decay into denormals, which are
/// slow.
void adam_w(const AdamWStep& step, const float* gradient, Index size, float* weights, float* first_moment,
            float* second_moment);

}  // namespace attention_lab::kernels
