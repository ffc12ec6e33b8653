// A stand-alone multi-head attention layer, with its parameters, activations and memory.
#pragma once

#include "models/initialise.h"
#include "nn/multi_head_attention.h"

namespace attention_lab::models {

class AttentionLayer {
 public:
  explicit AttentionLayer(const nn::MultiHeadAttentionConfig& config) : attention_(config) {
    attention_.name_all(parameters_, "");
    attention_.name_activations(names_, "");
  }
  AttentionLayer(const AttentionLayer&) = delete;  // parameters_ points into the layer
  AttentionLayer& operator=(const AttentionLayer&) = delete;

  const nn::MultiHeadAttentionConfig& config() const { return attention_.config(); }
  const Parameters& parameters() const { return parameters_; }
  const ActivationNames& activation_names() const { return names_; }

  /// Initial weights from a seed.
  void initialise(std::uint64_t seed) { models::initialise(parameters_, seed, workspace_); }
  /// Who may end a pass: it then throws kernels::Interrupted. Null: nobody.
  void set_interrupt(kernels::Interrupt* interrupt) { workspace_.set_interrupt(interrupt); }

  /// query [B·T, D], key and value [B·S, D] → [B·T, D], a view valid until the next forward pass.
  ConstMatrixView forward(const ConstMatrixView& query, const ConstMatrixView& key, const ConstMatrixView& value,
                          Index batch, const nn::AttentionOverrides& overrides, Record& record) {
    resize(output_, query.rows, attention_.config().d_out());
    attention_.forward({batch, query, key, value, overrides, {}}, {{}, view(output_)}, {record, workspace_});
    return view(output_);
  }

 private:
  nn::MultiHeadAttention attention_;
  Parameters parameters_;
  ActivationNames names_;
  kernels::Workspace workspace_;
  Matrix output_;  // [B·T, D]
};

}  // namespace attention_lab::models
