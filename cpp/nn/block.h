// One transformer block: attention, cross-attention in a decoder with an encoder, and feed-forward, each with its residual
// and LayerNorm.
#pragma once

#include <string>

#include "nn/feed_forward.h"
#include "nn/multi_head_attention.h"
#include "nn/norm.h"

namespace attention_lab::nn {

struct BlockConfig {
  MultiHeadAttentionConfig attention;
  bool cross_attention = false;  // a second attention, of `attention`'s sizes, over an encoder's output; never causal
  FeedForwardConfig mlp;
  Norm::Kind norm_kind = Norm::Kind::layer;
  float norm_eps = 1e-5f;
  /// Where LayerNorm stands: after the sum (Vaswani et al. 2017, section 3.1) or before the sublayer
  /// (Xiong et al. 2020, arXiv:2002.04745).
  enum class NormPlacement { post, pre } norm = NormPlacement::post;
  /// `linear_of_sum` is the encoder layer of a widely read listing: x ← LayerNorm(Linear(Attention(x) + x)).
  enum class FeedForwardKind { mlp, linear_of_sum } feed_forward = FeedForwardKind::mlp;
};

/// post:           x ← Norm₁(x + Attention(x));  x ← Norm₂(x + FFN(x))
/// pre:            x ← x + Attention(Norm₁(x));  x ← x + FFN(Norm₂(x))
/// linear_of_sum:  x ← Norm₁(Linear(Attention(x) + x))
/// With cross-attention (Vaswani et al. 2017, section 3.1, the decoder) it stands between, as x ← Norm₂(x + Attention(x, m))
/// or x ← x + Attention(Norm₂(x), m) over the memory m, and the feed-forward's norm is the third.
class Block {
 public:
  Block() = default;
  explicit Block(const BlockConfig& config);

  void name_all(Parameters& parameters, const std::string& prefix);
  void name_activations(ActivationNames& names, const std::string& prefix);
  Site pattern() const { return attention_.pattern(); }
  Site cross_pattern() const { return cross_attention_.pattern(); }

  /// Replaces x [B·T, D] by the block's output. `overrides` and `state` are those of the attention of x to itself; `memory`
  /// counts only with cross-attention.
  void forward(const MatrixView& x, Index batch, const AttentionOverrides& overrides, const SequenceState& state,
               const Memory& memory, Record& record, kernels::Workspace& workspace) const;

  /// The sites of the block's input and output.
  Site input() const { return sites_.resid_pre; }
  Site output() const { return sites_.resid_post; }
  void request_for_backward(Record& record) const;
  /// Replaces the loss's gradient with respect to the block's output by that with respect to its input, and adds that
  /// with respect to the memory to d_memory; the past has none. The other arguments are forward's.
  void backward(const MatrixView& gradient, Index batch, const AttentionOverrides& overrides,
                const SequenceState& state, const Memory& memory, const MatrixView& d_memory,
                const Backward& backward) const;

 private:
  MatrixView keys_after_past(const ConstMatrixView& x, Index batch, const ConstMatrixView& past,
                             kernels::Workspace& workspace) const;
  void attention_backward(const ConstMatrixView& input, Index batch, const AttentionOverrides& overrides,
                          const SequenceState& state, const ConstMatrixView& gradient, const ConstMatrixView& residual,
                          const MatrixView& d_input, const Backward& backward) const;

  BlockConfig config_;
  MultiHeadAttention attention_, cross_attention_;
  Norm attention_norm_, cross_norm_, mlp_norm_;
  FeedForward feed_forward_;
  Linear linear_;  // only for linear_of_sum
  struct {
    Site resid_pre, resid_mid, resid_cross, resid_post;
  } sites_{};
};

}  // namespace attention_lab::nn
