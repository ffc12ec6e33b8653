// What a stack reads and how it becomes vectors: token (or patch), position and token-type embeddings, summed.
#pragma once

#include <span>
#include <string>

#include "models/config.h"
#include "nn/embedding.h"

namespace attention_lab::models {

/// Where a pass begins if not at the embeddings: at block `layer` (num_layers: after the last), with `resid` [B·T·D], what a
/// pass before recorded there. What comes out is the same to the last bit as from the beginning.
struct Start {
  Index layer = 0;
  std::span<const float> resid;  // empty: at the embeddings
};

/// Transformer-XL's hidden states of the `length` tokens before each sequence: what entered every block for them.
struct Mems {
  Index length = 0;
  std::span<const float> hidden_states;  // [N·B·length·D]
};

/// One batch of equally long sequences. One of input_ids, inputs_embeds, pixel_values and start is given.
struct ForwardInputs {
  Index batch = 0;
  Index length = 0;
  std::span<const int> input_ids;                         // [B·T]
  std::span<const float> inputs_embeds;                   // [B·T·D]
  std::span<const std::uint8_t> attention_mask;           // [B·T], 1 = a token, 0 = padding; empty: all tokens
  std::span<const int> token_type_ids;                    // [B·T]; empty: all 0
  nn::KeyValueCache* cache = nullptr;                     // tokens seen before; those of this pass are appended
  bool last_logits_only = false;                          // logits of each sequence's last token alone: [B, V]
  std::span<const float> pixel_values{};                  // [B·C·H·W], in place of input_ids
  nn::CrossAttentionInputs cross{};                       // of a decoder with an encoder: what Model::encode gave
  Start start{};                                          // with neither a cache nor backward
  std::span<const std::uint8_t> global_attention_mask{};  // [B·T], 1 = a global token (Longformer); empty: none
  Mems mems{};                                            // of positions transformer_xl, in place of a cache

  /// Tokens before these.
  Index seen() const { return cache ? cache->length() : mems.length; }
};

/// x = Norm(scale · E[id] + P[position] + T[type]), each term where the config has it; patches of pictures in place of E. With
/// embeddings of another width, x = Norm(…) Wᵀ + b.
/// Vaswani et al. 2017, sections 3.4 and 3.5; Devlin et al. 2019, arXiv:1810.04805, figure 2.
class Embeddings {
 public:
  /// `shared`: a table of tokens that another stack reads too, its owner's to name; or nullptr.
  Embeddings(const StackConfig& config, nn::Embedding* shared);
  Embeddings(const Embeddings&) = delete;  // tokens_ may point into itself
  Embeddings& operator=(const Embeddings&) = delete;

  /// The table of token vectors; empty (false) where the caller gives vectors.
  nn::Embedding& tokens() { return *tokens_; }
  const nn::Embedding& tokens() const { return *tokens_; }

  /// Parameters `prefix`embed.token.weight …, activations `prefix`embed ….
  void name_all(Parameters& parameters, const std::string& prefix);
  void name_activations(ActivationNames& names, const std::string& prefix);

  /// x: [B·T, D].
  void forward(const ForwardInputs& inputs, const MatrixView& x, const nn::Forward& forward) const;

  void request_for_backward(Record& record) const;
  /// gradient: the loss's with respect to x; overwritten.   [B·T, D]
  void backward(const ForwardInputs& inputs, const MatrixView& gradient, const nn::Backward& backward) const;

 private:
  template <class Visit>
  void each_position(const ForwardInputs& inputs, Visit visit) const;
  MatrixView sum_of_terms(const ForwardInputs& inputs, const nn::Backward& backward) const;
  void content(const ForwardInputs& inputs, const MatrixView& x, kernels::Workspace& workspace) const;
  void positions(const ForwardInputs& inputs, const MatrixView& term) const;
  void token_types(const ForwardInputs& inputs, const MatrixView& term) const;

  StackConfig config_;
  nn::Embedding own_tokens_;
  nn::Embedding* tokens_;
  nn::PatchEmbedding patches_;
  nn::PositionEmbedding positions_;
  nn::Embedding types_;
  nn::Norm norm_;
  nn::Linear projection_;  // E → D, only where E is a field of its own
  struct {
    Site embed, pos_embed, token_type_embed;
  } sites_{};
};

}  // namespace attention_lab::models
