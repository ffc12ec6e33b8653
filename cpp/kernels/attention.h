// Attention of one head over one sequence: the fused kernel, and its four steps for callers that observe what is in between.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/view.h"
#include "kernels/workspace.h"

namespace attention_lab::kernels {

/// Which keys a query may attend to. T queries, S keys; query t stands at position `first_query + t`.
struct AttentionMask {
  bool causal = false;                  // only keys s ≤ position
  Index window = -1;                    // only keys |position − s| ≤ window; negative: no limit
  Index first_query = 0;                // position of query 0 (keys start at 0)
  const std::uint8_t* keys = nullptr;   // [S], 1 = may be attended to: padding
  const std::uint8_t* cells = nullptr;  // [T, S], 1 = may attend
  Index cells_stride = 0;
  ConstMatrixView bias;  // [T, S], added to the scores before the mask
  /// What a masked score is replaced by. −∞ gives it weight 0 and a fully masked row zeros;
  /// a finite value (−1e20 in some published code) makes a fully masked row uniform.
  float masked_value = -std::numeric_limits<float>::infinity();

  /// True where neither cells nor bias, window or causality restrict anything.
  bool empty() const { return !causal && window < 0 && !keys && !cells && !bias; }
  bool allows(Index query, Index key) const {
    const Index position = first_query + query;
    if (causal && key > position) return false;
    if (window >= 0 && (key > position + window || key < position - window)) return false;
    if (keys && !keys[key]) return false;
    return !cells || cells[query * cells_stride + key] != 0;
  }
};

/// One head: pattern = softmax(scale · q kᵀ + bias, masked), out = pattern · v.
/// Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
struct AttentionArguments {
  ConstMatrixView q;  // [T, K]
  ConstMatrixView k;  // [S, K]
  ConstMatrixView v;  // [S, Kv]
  float scale = 1.0f;
  AttentionMask mask;
  MatrixView out;  // [T, Kv]
  // Filled when given, each [T, S]:
  MatrixView scores;          // scale · q kᵀ
  MatrixView masked_scores;   // scores + bias, masked
  MatrixView pattern;         // softmax(masked_scores)
  float* log_sums = nullptr;  // [T], filled when given: log Σ exp(masked_scores) by row; −∞ where all are masked
};

/// All steps in one pass. Needs O(T) scratch memory when no [T, S] output is requested.
void attention(const AttentionArguments& arguments, Workspace& workspace);

/// scores = scale · q kᵀ is matmul_transposed (gemm.h).
/// masked = scores + bias where allowed, else mask.masked_value. scores and masked may be the same memory.
void mask_scores(const ConstMatrixView& scores, const AttentionMask& mask, const MatrixView& masked);
/// pattern = softmax of each row; a row of −∞ gives zeros. May be the same memory.
void softmax(const ConstMatrixView& masked_scores, const MatrixView& pattern);
/// out = pattern · v is matmul (gemm.h).

}  // namespace attention_lab::kernels
