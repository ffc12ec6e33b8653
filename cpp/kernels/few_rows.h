// Products of a few rows with matrices as they lie: packing those would cost more than it saves.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// Products of at most this many rows take this path; chosen by timing (docs/kernels.md).
inline constexpr Index kFewRows = 2;

/// y = alpha · a bᵀ.   a: [m, k], b: [n, k], y: [m, n].
void multiply_few_by_transposed(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y);

/// y = a b.   a: [m, k], b: [k, n], y: [m, n].
void multiply_few(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y);

}  // namespace attention_lab::kernels
