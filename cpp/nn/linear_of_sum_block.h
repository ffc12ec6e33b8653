// The encoder layer of a widely read listing, whose feed-forward is one linear layer over the sum.
#pragma once

#include "nn/block.h"

namespace attention_lab::nn {

/// x ← LayerNorm(Linear(Attention(x) + x))
class LinearOfSumBlock final : public Block {
 public:
  /// Throws where the config has cross-attention.
  explicit LinearOfSumBlock(const BlockConfig& config);

  void name_all(Parameters& parameters, const std::string& prefix) override;
  void name_activations(ActivationNames& names, const std::string& prefix) override;
  Site input() const override { return sites_.resid_pre; }
  Site output() const override { return sites_.resid_post; }
  Site pattern() const override { return attention_.pattern(); }
  Site cross_pattern() const override { return attention_.pattern(); }  // there is none

  void forward(const MatrixView& x, const BlockInputs& inputs, const Forward& forward) const override;
  void request_for_backward(Record& record) const override;
  void backward(const MatrixView& gradient, const BlockInputs& inputs, const BlockInputGradients& d_inputs,
                const Backward& backward) const override;

 private:
  MultiHeadAttention attention_;
  Linear linear_;
  Norm norm_;
  struct {
    Site resid_pre, resid_mid, resid_post;
  } sites_{};
};

}  // namespace attention_lab::nn
