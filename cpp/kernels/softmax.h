// The two halves of softmax over a row, apart so that attention can divide after the product with v instead of before.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// out[i] = exp(x[i] − max x); returns 1 / Σ out, or 0 where every x is −∞ (or the row is empty), so that
/// out · result is the softmax, and zeros for a fully masked row. Any NaN or +∞ makes the result NaN.
/// x and out may be the same memory. `shift`, where given, receives what was subtracted: max x, or 0 where every x is −∞.
float exponentials(const float* x, Index size, float* out, float* shift = nullptr);

/// out[i] = factor · x[i]; x and out may be the same memory.
void scale_row(const float* x, Index size, float factor, float* out);

}  // namespace attention_lab::kernels
