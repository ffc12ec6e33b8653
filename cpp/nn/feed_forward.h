// The position-wise feed-forward layer.
#pragma once

#include <string>

#include "nn/sublayer.h"

namespace attention_lab::nn {

struct FeedForwardConfig {
  Index d_model = 0;  // the block's, as is the next
  kernels::WeightFormat weights;
#define FEED_FORWARD_FIELD(type, name, initial, ...) type name = initial;
#include "nn/config_fields.def"
};

/// FFN(x) = activation(x W₁ᵀ + b₁) W₂ᵀ + b₂.  Vaswani et al. 2017, arXiv:1706.03762, section 3.3, eq. 2.
/// Gated: FFN(x) = (activation(x Gᵀ + g) ⊙ (x W₁ᵀ + b₁)) W₂ᵀ + b₂; with SiLU this is SwiGLU.
/// Shazeer 2020, arXiv:2002.05202, eq. 6.
class FeedForward {
 public:
  FeedForward() = default;
  explicit FeedForward(const FeedForwardConfig& config);

  void name_all(Parameters& parameters, const std::string& name);
  void name_activations(ActivationNames& names, const std::string& name);
  Site out() const { return sites_.out; }

  /// y = FFN(x) + residual, for a batch of B·T rows.   x, y, residual: [B·T, D]
  void forward(const ConstMatrixView& x, Index batch, const SublayerOutput& output, const Forward& forward) const;

  void request_for_backward(Record& record) const;
  /// Adds the gradient with respect to x.   x: as in forward; dy: with respect to y. dx may be the memory of dy.
  void backward(const ConstMatrixView& x, Index batch, const ConstMatrixView& dy, const GradientSum& dx,
                const Backward& backward) const;

 private:
  FeedForwardConfig config_;
  Linear gate_;  // D → F, only if gated
  Linear fc1_;   // D → F
  Linear fc2_;   // F → D
  struct {
    Site pre, pre_linear, post, out;
  } sites_{};
};

}  // namespace attention_lab::nn
