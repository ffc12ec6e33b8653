// Products of activations with int8 weights: inputs are quantised as they are packed, sums are exact integers.
//
// Both sides are cut into groups of kInt8Group inputs, each with a scale of its own. Of a row's group, x ≈ minimum + step · u
// with u in [0, 127], 7 bits, or, where inputs are fine, in [0, 16383], 14 bits: 128 times 7 high bits and 7 low ones, two rows
// to the micro-kernel. Of an output's group, w = scale · q with q in [−127, 127]. Then
//
//   y = b + Σ_groups (scale · Σᵢ uᵢ qᵢ) · step + minimum · Σᵢ wᵢ.
//
// Σᵢ uᵢ qᵢ is the same integer in every variant and on every machine: no product or pair of products saturates (simd_int8.h), and
// no sum leaves i32, since |Σ| ≤ 32 · 16,383 · 127 = 66,580,512 < 2³¹, and that of a part ≤ 32 · 127 · 127 = 516,128. The float steps
// around it are single multiplications and additions in one order, never fused, so that y, too, is the same everywhere. A row
// that holds ∞ or NaN gives NaN.
#pragma once

#include "kernels/gemm.h"

namespace attention_lab::kernels {

/// Floats of a whole group in a panel: scales, sums, weights.
inline constexpr Index kInt8GroupFloats = (2 + kInt8Group / 4) * kPanelWidth;

/// linear() with int8 weights.
void linear_int8(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
                 Workspace& workspace);

/// The scale of a group of weights: max |w| over 127, 126 … or 120, whichever rounds the group's weights to the least squared
/// error, which is a sixth less than that of 127 alone. Rounded up to 16 bits of fraction, so that scale · q is exact for
/// every q, and quantising that again, without an error, gives the same scale and the same q. 0 for next to nothing (below
/// 2⁻¹⁰⁰).
float int8_scale(const float* weights, Index count);

}  // namespace attention_lab::kernels
