// The learned projections of multi-head attention's queries, keys and values, and their split into heads.
#pragma once

#include <string>

#include "nn/attention_inputs.h"
#include "nn/linear.h"
#include "nn/multi_head_attention_config.h"

namespace attention_lab::nn {

/// q = query W_Qᵀ + b_Q, k = key W_Kᵀ + b_K, v = value W_Vᵀ + b_V, as [B, heads, tokens, K]. One stacked matrix, so that
/// self-attention is one product. With shared heads one [K, K] matrix serves every head's slice of the input.
class QkvProjection {
 public:
  QkvProjection() = default;
  explicit QkvProjection(const MultiHeadAttentionConfig& config);

  /// `prefix`q`suffix`, k and v; with `fused` `prefix`qkv`suffix`.
  void name_all(Parameters& parameters, const std::string& prefix, const char* suffix);

  /// Views of scratch memory; k and v have no rows where key and value are empty.
  Heads forward(const AttentionInputs& inputs, kernels::Workspace& workspace) const;

  /// Room for the gradients of q, k and v, zeros at first, in the layout that backward() reads.
  struct Gradients {
    MatrixView query, key_value;  // rows of all three projections; the same memory in self-attention
    Heads heads;                  // views of them
  };
  Gradients zero_gradients(const AttentionInputs& inputs, kernels::Workspace& workspace) const;
  /// Of forward: the gradients of weights and biases are added, those of query, key and value go to `d_inputs`.
  void backward(const AttentionInputs& inputs, const Gradients& gradients, AttentionInputGradients& d_inputs,
                const Backward& backward) const;

 private:
  /// Columns [first, first + count) of the stacked projections q, k, v.
  struct Part {
    Index first, count;
  };
  Part q_part() const { return {0, q_width_}; }
  Part k_part() const { return {q_width_, kv_width_}; }
  Part v_part() const { return {q_width_ + kv_width_, kv_width_}; }
  Part kv_part() const { return {q_width_, 2 * kv_width_}; }
  Part all() const { return {0, linear_.out()}; }

  MatrixView project(ConstMatrixView x, Part part, kernels::Workspace& workspace) const;
  void project_backward(ConstMatrixView x, Part part, const MatrixView& gradients, GradientSum& dx,
                        const Backward& backward) const;
  TensorView by_head(const MatrixView& projected, Part part, Index batch, Index heads) const;
  Heads by_head(const MatrixView& of_query, const MatrixView& of_key_value, Index batch) const;

  Linear linear_;  // D → (H + 2·G)·K, stacked [q; k; v]; with shared heads K → 3·K
  Index num_heads_ = 0, num_kv_heads_ = 0, d_head_ = 0, q_width_ = 0, kv_width_ = 0;
  bool bias_ = true, fused_ = false, shared_heads_ = false;
};

}  // namespace attention_lab::nn
