// Attention with relative positions in the scores: Transformer-XL's.
#pragma once

#include "nn/attention_variant.h"
#include "nn/linear.h"

namespace attention_lab::nn {

/// The distances from S − 1 down that T queries have to S keys; with causality only those to keys not after the query.
inline Index distance_count(Index T, Index S, bool causal) { return causal ? S : T + S - 1; }

/// scores[t, s] = scale · ((q_t + u) · k_s + (q_t + v) · r_{p − s}), query t at position p = S − T + t, r = W_R R.
/// Dai et al. 2019, arXiv:1901.02860, section 3.3: the terms (a) and (c), (b) and (d).
/// pattern and z as in attend(). Where nobody observes them, the position terms exist for a block of queries at a time.
class TransformerXlAttention final : public AttentionVariant {
 public:
  explicit TransformerXlAttention(const MultiHeadAttentionConfig& config);

  void name_parameters(Parameters& parameters, const std::string& prefix) override;

  void forward(const Heads& heads, const AttentionInputs& inputs, const AttentionOptions& options,
               const Forward& forward, const TensorView& z) const override;
  void backward(const HeadGradients& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                const TensorView& dz, AttentionInputGradients& gradients, const Backward& backward) const override;

 private:
  /// r [distances, H·K].
  MatrixView project(const ConstMatrixView& distances, kernels::Workspace& workspace) const;

  Linear r_proj_;         // W_R: D → H·K
  Matrix content_bias_;   // u [H, K]
  Matrix position_bias_;  // v [H, K]
};

}  // namespace attention_lab::nn
