// Normalisation of each row to root mean square 1.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// y[r] = x[r] / √(mean(x[r]²) + eps) · gain, by row.  Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4.
/// x, y: [rows, D], may be the same memory; gain: [D].
void rms_norm(const ConstMatrixView& x, const float* gain, float eps, const MatrixView& y);

/// 1 / √(mean(x²) + eps) of a row.
float inverse_root_mean_square(const float* x, Index size, float eps);

}  // namespace attention_lab::kernels
