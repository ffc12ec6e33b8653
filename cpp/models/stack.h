// One stack of blocks with its embeddings: an encoder, a decoder, or either half of an encoder–decoder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/embeddings.h"

namespace attention_lab::models {

/// embeddings → positions → blocks → final norm. A decoder whose blocks have cross-attention reads inputs.cross, too.
class Stack {
 public:
  /// `prefix` stands before the names of its parameters and activations. `shared`: a table of tokens that another stack
  /// reads too, or nullptr.
  Stack(const StackConfig& config, std::string prefix, nn::Embedding* shared);
  Stack(const Stack&) = delete;  // embeddings_ may point into itself
  Stack& operator=(const Stack&) = delete;

  const StackConfig& config() const { return config_; }
  const nn::Embedding& tokens() const { return embeddings_.tokens(); }
  nn::Embedding& tokens() { return embeddings_.tokens(); }
  /// The sites of every block's attention pattern [B, H, T, S], and of its cross-attention's where it has one.
  const std::vector<Site>& patterns() const { return patterns_; }
  const std::vector<Site>& cross_patterns() const { return cross_patterns_; }

  /// The result of the last forward pass.
  ConstMatrixView last_hidden_state() const { return view(hidden_); }

  void name_all(Parameters& parameters);
  void name_activations(ActivationNames& names);
  /// An empty cache for `capacity` keys of `batch` sequences in every layer.
  nn::KeyValueCache make_cache(Index batch, Index capacity) const;

  /// The last hidden state [B·T, D], a view of the stack's own memory valid until its next forward pass.
  /// Throws on ids outside the vocabulary, on sequences longer than max_len and on inputs of the wrong size.
  MatrixView forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, const nn::Forward& forward);

  void request_for_backward(Record& record) const;
  /// gradient [B·T, D]: the loss's with respect to the last hidden state; overwritten. That with respect to the encoder's
  /// hidden states is added to d_encoder_hidden_states. The other arguments are forward's.
  void backward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, const MatrixView& gradient,
                const MatrixView& d_encoder_hidden_states, const nn::Backward& backward) const;

 private:
  /// What all blocks of a pass are told, forward and backward.
  struct Pass {
    nn::AttentionOverrides overrides;
    nn::SequenceContext sequence;
    std::vector<std::uint8_t> key_mask;  // [B, M + T], which overrides.key_mask points to where there are mems
  };
  Pass pass_over(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides,
                 kernels::Workspace& workspace) const;
  /// The inputs of block `layer`.
  nn::BlockInputs block_inputs(const Pass& pass, const ForwardInputs& inputs, Index layer) const;
  void check(const ForwardInputs& inputs) const;

  StackConfig config_;
  std::string prefix_;
  Embeddings embeddings_;
  nn::RotaryEmbedding rotary_;
  nn::PositionBias position_bias_;
  std::vector<std::unique_ptr<nn::Block>> blocks_;
  nn::Norm final_norm_;
  std::vector<Site> patterns_, cross_patterns_;  // [N]
  Site end_of_blocks_ = 0;                       // the first site after them
  Site final_norm_site_ = 0;
  Matrix hidden_;  // [B·T, D]
};

}  // namespace attention_lab::models
