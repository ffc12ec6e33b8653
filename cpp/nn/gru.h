// A gated recurrent unit, the sequence model before attention, and the derivatives of its states by its inputs.
#pragma once

#include "nn/parameter.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// One layer as torch.nn.GRU computes it (Cho et al. 2014, arXiv:1406.1078, the reset gate after the product), h₀ = 0:
///   r  = σ(W_ir x + b_ir + W_hr h + b_hr)
///   z  = σ(W_iz x + b_iz + W_hz h + b_hz)
///   n  = tanh(W_in x + b_in + r ⊙ g),  g = W_hn h + b_hn
///   h′ = (1 − z) ⊙ n + z ⊙ h
class Gru {
 public:
  Gru(Index input, Index hidden);

  /// PyTorch's names: weight_ih_l`layer` [3D, I], weight_hh_l`layer` [3D, D], their rows r, z, n; bias_ih_l…, bias_hh_l… [3D].
  void name_all(Parameters& parameters, Index layer);
  /// `prefix`r, z, n and h, [B, T, D] each.
  void name_activations(ActivationNames& names, const std::string& prefix);

  /// x [B·T, I] → y [B·T, D], the states after every step; gates [B·T, 4D]: r, z, n and g of every step.
  void forward(const ConstMatrixView& x, Index batch, const MatrixView& gates, const MatrixView& y, Record& record,
               kernels::Workspace& workspace) const;

  /// One step of the derivative of the state with respect to U numbers that this layer's inputs depend on:
  /// jacobian [D, U] ← ∂h′/∂h · jacobian + ∂h′/∂x · below, where below [I, U′] covers the last U′ of them; this step's
  /// input does not depend on the others. gates [4D] are forward's of that step, h [D] the state before it.
  void differentiate(const float* gates, const float* h, const ConstMatrixView& below, const MatrixView& jacobian,
                     kernels::Workspace& workspace) const;

 private:
  ConstMatrixView weight_ih() const { return {storage_.data(), 3 * hidden_, input_, input_}; }
  ConstMatrixView weight_hh() const { return {storage_.data() + 3 * hidden_ * input_, 3 * hidden_, hidden_, hidden_}; }
  const float* bias_ih() const { return weight_hh().row(3 * hidden_); }
  const float* bias_hh() const { return bias_ih() + 3 * hidden_; }

  Index input_, hidden_;
  Vector storage_;  // weight_ih, weight_hh, bias_ih, bias_hh
  struct {
    Site r, z, n, h;
  } sites_{};
};

}  // namespace attention_lab::nn
