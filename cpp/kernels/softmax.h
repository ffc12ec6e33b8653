// The two halves of softmax, kept separate so that attention can divide after the product with v instead of before it.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// What softmax subtracts from a row, and the factor that normalises it.
struct RowSum {
  float shift = 0.0f;    // max x; 0 where every x is −∞
  float inverse = 0.0f;  // 1 / Σ exp(x − shift); 0 where every x is −∞ or the row is empty
};

/// out[r, i] = exp(x[r, i] − max x[r]) and sums[r], so that out[r] · sums[r].inverse is the softmax, and zeros for a fully
/// masked row. Any NaN or +∞ makes a row's inverse NaN. x and out: [rows, cols], may be the same memory; sums: [rows].
void exponentials(const ConstMatrixView& x, const MatrixView& out, RowSum* sums);

/// The same of one row; returns sums[0].inverse.
float exponentials(const float* x, Index size, float* out);

/// out[i] = factor · x[i]; x and out may be the same memory.
void scale_row(const float* x, Index size, float factor, float* out);

}  // namespace attention_lab::kernels
