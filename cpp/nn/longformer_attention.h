// Longformer's sliding-window attention with global tokens. Time and memory grow with T, not with T².
#pragma once

#include "nn/attention_variant.h"
#include "nn/qkv_projection.h"

namespace attention_lab::nn {

/// Tokens that attend to all others and are attended to by all others, through projections of their own.
struct GlobalTokens {
  const std::uint8_t* marks = nullptr;  // [B, T], 1 = global
  Heads heads;                          // q′ [B, H, T, K], k′ and v′ [B, G, T, K]
};

/// Beltagy, Peters & Cohan 2020, arXiv:2004.05150, section 3.1; transformers' LongformerSelfAttention. By head, S = T:
///   t not global:  scores[t, s] = scale · q_t · k_s     s with |t − s| ≤ window, or global    z_t = Σ pattern[t, s] v_s
///   t global:      scores[t, s] = scale · q′_t · k′_s   every s                               z_t = Σ pattern[t, s] v′_s
/// The other parts of options.mask (padding, causality, cells) hold for all; it has no bias. A padded token is not global.
/// Where the record observes an intermediate, [B, H, T, S] is made; else nothing has more than T · (number of global
/// tokens) cells.
void attend_longformer(const Heads& heads, const GlobalTokens& global, const AttentionOptions& options,
                       const AttentionSites& sites, const Forward& forward, const TensorView& z);

/// attend_longformer() with the projections of the global tokens; a batch without any is PlainAttention's.
class LongformerAttention final : public PlainAttention {
 public:
  explicit LongformerAttention(const MultiHeadAttentionConfig& config);

  void name_parameters(Parameters& parameters, const std::string& prefix) override;
  void name_activations(ActivationNames& names, const std::string& prefix) override;

  void forward(const Heads& heads, const AttentionInputs& inputs, const AttentionOptions& options,
               const Forward& forward, const TensorView& z) const override;
  void request_for_backward(const AttentionOptions& options, Record& record) const override;
  void backward(const HeadGradients& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                const TensorView& dz, AttentionInputGradients& gradients, const Backward& backward) const override;

 private:
  QkvProjection global_qkv_;
  HeadSites global_sites_{};
};

}  // namespace attention_lab::nn
