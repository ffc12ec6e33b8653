// Multi-head attention: learned projections around a variant of attention.
#pragma once

#include <memory>
#include <string>

#include "nn/attention_variant.h"
#include "nn/norm.h"
#include "nn/qkv_projection.h"
#include "nn/sublayer.h"

namespace attention_lab::nn {

class MultiHeadAttention {
 public:
  MultiHeadAttention() = default;
  /// Throws on a config whose sizes do not fit together.
  explicit MultiHeadAttention(const MultiHeadAttentionConfig& config);

  const MultiHeadAttentionConfig& config() const { return config_; }
  Site pattern() const { return variant_->pattern(); }
  Site out() const { return out_site_; }
  /// Names parameters `prefix`q_proj.weight … and activations `prefix`q ….
  void name_all(Parameters& parameters, const std::string& prefix);
  void name_activations(ActivationNames& names, const std::string& prefix);

  /// y = MultiHead(query, key, value) + residual.   y, residual: [B·T, D]
  /// q and k are recorded as they meet: after the rotation, those of the cache in front.
  void forward(const AttentionInputs& inputs, const SublayerOutput& output, const Forward& forward) const;

  void request_for_backward(Record& record) const;
  /// From dy [B·T, D], the gradient with respect to y, to those of the inputs, which are forward's. key and value must be
  /// the same rows, and there is no cache. gradients.query.dx may be the memory of dy.
  void backward(const AttentionInputs& inputs, const ConstMatrixView& dy, AttentionInputGradients gradients,
                const Backward& backward) const;

 private:
  AttentionOptions options_of(const AttentionInputs& inputs, Index keys) const;
  void normalise(const Heads& heads) const;
  void normalise_backward(const Heads& heads, const Heads& gradients, const Backward& backward) const;

  MultiHeadAttentionConfig config_;
  QkvProjection qkv_;
  Norm q_norm_, k_norm_;  // of a head's K numbers, only with qk_norm
  std::unique_ptr<AttentionVariant> variant_;
  Linear out_;  // H·K → D
  HeadSites sites_{};
  Site out_site_ = 0;
};

}  // namespace attention_lab::nn
