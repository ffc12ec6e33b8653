// The position-wise feed-forward layer.
#pragma once

#include <string>

#include "nn/linear.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// FFN(x) = activation(x W₁ᵀ + b₁) W₂ᵀ + b₂.  Vaswani et al. 2017, arXiv:1706.03762, section 3.3, eq. 2.
class FeedForward {
 public:
  FeedForward() = default;
  FeedForward(Index d_model, Index d_ff, kernels::Activation activation)
      : fc1_(d_model, d_ff), fc2_(d_ff, d_model), activation_(activation) {}

  void name_all(Parameters& parameters, const std::string& name);
  void name_activations(ActivationNames& names, const std::string& name);

  /// y = FFN(x) + residual, for a batch of B·T rows.   x, y, residual: [B·T, D]; y may be the residual's memory.
  void forward(ConstMatrixView x, Index batch, ConstMatrixView residual, MatrixView y, Record& record,
               kernels::Workspace& workspace) const;

 private:
  Linear fc1_;  // D → F
  Linear fc2_;  // F → D
  kernels::Activation activation_ = kernels::Activation::gelu;
  struct {
    Site pre, post, out;
  } sites_{};
};

}  // namespace attention_lab::nn
