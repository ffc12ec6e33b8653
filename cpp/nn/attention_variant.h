// The variants of attention between the projections of q, k and v and the output projection: one object each.
#pragma once

#include <memory>

#include "nn/attention_inputs.h"
#include "nn/multi_head_attention_config.h"
#include "nn/parameter.h"

namespace attention_lab::nn {

/// An attention over heads: scores → masked scores → pattern → z. A variant owns what it adds to q, k and v (parameters
/// and activations), and has its forward and backward side by side. To add one: a class here or in a file of its own, and
/// a line in make_attention_variant().
class AttentionVariant {
 public:
  virtual ~AttentionVariant() = default;

  /// Names parameters other than those of q, k, v and the output projection; activations other than q, k, v and out.
  virtual void name_parameters(Parameters&, const std::string& /*prefix*/) {}
  virtual void name_activations(ActivationNames& names, const std::string& prefix) {
    sites_ = name_attention_activations(names, prefix);
  }
  Site pattern() const { return sites_.pattern; }
  Site z() const { return sites_.z; }

  /// z [B, H, T, K] of `heads`, which are made of `inputs`, rotated, and behind those of the cache.
  virtual void forward(const Heads& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                       const Forward& forward, const TensorView& z) const = 0;

  virtual void request_for_backward(const AttentionOptions& options, Record& record) const {
    nn::request_for_backward(options, sites_, record);
  }
  /// From dz, which may change, to the gradients of `heads` and of what the variant reads besides: its parameters, the
  /// query's rows, the position bias.
  virtual void backward(const HeadGradients& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                        const TensorView& dz, AttentionInputGradients& gradients, const Backward& backward) const = 0;

 protected:
  AttentionSites sites_{};
};

/// softmax(scale · q kᵀ + bias) v: nn/attention.h.
class PlainAttention : public AttentionVariant {
 public:
  void forward(const Heads& heads, const AttentionInputs&, const AttentionOptions& options, const Forward& forward,
               const TensorView& z) const override {
    attend(heads, options, sites_, forward, z);
  }
  void backward(const HeadGradients& heads, const AttentionInputs&, const AttentionOptions& options,
                const TensorView& dz, AttentionInputGradients& gradients, const Backward& backward) const override {
    attend_backward(AttentionStepsBackward(heads, backward), options, sites_, dz, gradients.position_bias, backward);
  }
};

/// The variant that a config asks for. Throws where it does not go with the config's other fields.
std::unique_ptr<AttentionVariant> make_attention_variant(const MultiHeadAttentionConfig& config);

}  // namespace attention_lab::nn
