// A model: one stack, or an encoder and a decoder, with heads on top, as its config says.
#pragma once

#include <optional>

#include "models/heads.h"
#include "models/stack.h"

namespace attention_lab::models {

/// Views of the model's own memory, valid until the next forward pass.
struct ForwardOutput {
  ConstMatrixView last_hidden_state;  // [B·T, D]
  ConstMatrixView logits;  // [B·T, V] (or [B, V]), of a classifier [B, L] or [B·T, L], with a head that makes them
  ConstMatrixView pooler_output;  // [B, D], with a pooler
};

class Model {
 public:
  explicit Model(const ModelConfig& config);
  Model(const Model&) = delete;  // parameters_ points into the layers
  Model& operator=(const Model&) = delete;

  const ModelConfig& config() const { return config_; }
  const Parameters& parameters() const { return parameters_; }
  const ActivationNames& activation_names() const { return names_; }
  /// The only stack, or the decoder.
  const Stack& stack() const { return stack_; }
  /// The encoder of an encoder–decoder, or nullptr.
  const Stack* encoder() const { return encoder_ ? &*encoder_ : nullptr; }
  /// The site of a block's attention pattern [B, H, T, S], in `stack()`.
  Site pattern(Index layer) const { return stack_.patterns()[static_cast<std::size_t>(layer)]; }
  /// An empty cache for `capacity` keys of `batch` sequences: of `stack()` itself, or of the encoder's that it attends to.
  nn::KeyValueCache make_cache(Index batch, Index capacity) const { return stack_.make_cache(batch, capacity); }
  /// Initial weights from a seed.
  void initialise(std::uint64_t seed);
  /// Who may end a pass: it then throws kernels::Interrupted. Null: nobody.
  void set_interrupt(kernels::Interrupt* interrupt) { workspace_.set_interrupt(interrupt); }

  /// The encoder's hidden states [B·S, D], for `cross.encoder_hidden_states` of the decoder's inputs. Throws as forward
  /// does, and where there is no encoder. Valid until the next call.
  ConstMatrixView encode(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record);
  /// The only stack, or the decoder, and the heads.
  /// Throws on ids outside the vocabulary, on sequences longer than max_len and on inputs of the wrong size.
  ForwardOutput forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record);

  /// Requests what backward reads. Throws if this model cannot be trained, naming the reason.
  void request_for_backward(Record& record) const;
  /// From the gradient with respect to the logits (overwritten) to that with respect to every parameter, after forward of the
  /// same inputs and, in an encoder–decoder, encode of `encoder`.
  void backward(const ForwardInputs& inputs, const ForwardInputs& encoder, const nn::AttentionOverrides& overrides,
                const MatrixView& dlogits, const nn::Backward& backward) const;

 private:
  void make_logits(const ForwardInputs& inputs, ConstMatrixView hidden, Record& record);
  ConstMatrixView scaled(const ConstMatrixView& hidden, kernels::Workspace& workspace) const;
  TensorView by_label(const MatrixView& logits, Index batch) const;
  ConstMatrixView classified(const ConstMatrixView& hidden, Index batch) const;

  ModelConfig config_;
  nn::Embedding shared_tokens_;  // only where encoder and decoder share one
  std::optional<Stack> encoder_;
  Stack stack_;
  Pooler pooler_;
  MaskedLmHead masked_lm_head_;
  nn::Linear lm_head_;  // untied
  nn::Linear classifier_;

  Parameters parameters_;
  ActivationNames names_;
  Site logits_site_ = 0;

  kernels::Workspace workspace_;
  Matrix logits_;  // [B·T, V]
  Matrix pooled_;  // [B, D]
};

}  // namespace attention_lab::models
