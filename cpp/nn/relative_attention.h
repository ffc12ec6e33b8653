// Attention with relative positions in the score: Transformer-XL's.
#pragma once

#include "nn/attention.h"

namespace attention_lab::nn {

/// The operands of a score that do not come from the tokens.
struct RelativePositions {
  TensorView r;  // [1, H, distances, K]: W_R R by head; row j for the distance S − 1 − j of query and key
  ConstMatrixView content_bias;   // u [H, K]
  ConstMatrixView position_bias;  // v [H, K]
};

/// The distances from S − 1 down that T queries have to S keys; with causality only those to keys not after the query.
inline Index distance_count(Index T, Index S, bool causal) { return causal ? S : T + S - 1; }

/// scores[t, s] = scale · ((q_t + u) · k_s + (q_t + v) · r_{p − s}), query t at position p = S − T + t.
/// Dai et al. 2019, arXiv:1901.02860, section 3.3: the terms (a) and (c), (b) and (d).
/// pattern and z as in attend. Where no record looks inside, the position terms exist for a block of queries at a time.
void attend_relatively(const TensorView& q, const TensorView& k, const TensorView& v,
                       const RelativePositions& positions, const AttentionOptions& options, const AttentionSites& sites,
                       Record& record, kernels::Workspace& workspace, const TensorView& z);

/// The loss's gradients with respect to RelativePositions, which are added to.
struct RelativeGradients {
  TensorView r;
  MatrixView content_bias, position_bias;
};

/// The way back, as attend_backward's.
void attend_relatively_backward(const AttentionOperands& of, const RelativePositions& positions,
                                const RelativeGradients& gradients, const AttentionOptions& options,
                                const AttentionSites& sites, const TensorView& dz, const Backward& backward);

}  // namespace attention_lab::nn
