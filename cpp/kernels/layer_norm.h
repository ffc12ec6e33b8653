// Normalisation of each row to mean 0 and variance 1.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// y[r] = (x[r] − mean) / √(variance + eps) · gain + shift, by row.
/// Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4; variance is the biased one, as in torch.nn.LayerNorm.
/// x, y: [rows, D], may be the same memory; gain, shift: [D], either may be null (1 and 0).
void layer_norm(const ConstMatrixView& x, const float* gain, const float* shift, float eps, const MatrixView& y);

/// Normalises a row x to mean 0 and variance 1: (x − mean − rest) · inverse.
struct Standardisation {
  float mean;
  float rest;  // the rounding error of the mean
  float inverse;
};
Standardisation standardise(const float* x, Index size, float eps);

}  // namespace attention_lab::kernels
