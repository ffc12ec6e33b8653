// A model: embeddings, a stack of blocks and heads, as its config says.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "models/config.h"
#include "models/heads.h"

namespace attention_lab::models {

/// One batch of equally long sequences. Either input_ids or inputs_embeds is given.
struct ForwardInputs {
  Index batch = 0;
  Index length = 0;
  std::span<const int> input_ids;                // [B·T]
  std::span<const float> inputs_embeds;          // [B·T·D]
  std::span<const std::uint8_t> attention_mask;  // [B·T], 1 = a token, 0 = padding; empty: all tokens
  std::span<const int> token_type_ids;           // [B·T]; empty: all 0
  nn::KeyValueCache* cache = nullptr;            // tokens seen before; those of this pass are appended
  bool last_logits_only = false;                 // logits of each sequence's last token alone: [B, V]
};

/// Views of the model's own memory, valid until the next forward pass.
struct ForwardOutput {
  ConstMatrixView last_hidden_state;  // [B·T, D]
  ConstMatrixView logits;             // [B·T, V] (or [B, V]), with a head that makes them
  ConstMatrixView pooler_output;      // [B, D], with a pooler
};

class Model {
 public:
  explicit Model(const ModelConfig& config);
  Model(const Model&) = delete;  // parameters_ points into the layers
  Model& operator=(const Model&) = delete;

  const ModelConfig& config() const { return config_; }
  const Parameters& parameters() const { return parameters_; }
  const ActivationNames& activation_names() const { return names_; }
  /// The site of a block's attention pattern [B, H, T, S].
  Site pattern(Index layer) const { return patterns_[static_cast<std::size_t>(layer)]; }
  /// An empty cache for `capacity` tokens of `batch` sequences.
  nn::KeyValueCache make_cache(Index batch, Index capacity) const;
  /// Fresh weights from a seed.
  void initialise(std::uint64_t seed);

  /// Throws on ids outside the vocabulary, on sequences longer than max_len and on inputs of the wrong size.
  ForwardOutput forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record);

 private:
  void check(const ForwardInputs& inputs) const;
  void embed(const ForwardInputs& inputs, MatrixView x, Record& record);
  void add_positions(const ForwardInputs& inputs, MatrixView term) const;
  void make_logits(const ForwardInputs& inputs, ConstMatrixView hidden, Record& record);

  ModelConfig config_;
  nn::Embedding token_embedding_;
  nn::PositionEmbedding position_embedding_;
  nn::Embedding type_embedding_;
  nn::RotaryEmbedding rotary_;
  nn::Norm embed_norm_;
  std::vector<nn::Block> blocks_;
  nn::Norm final_norm_;
  Pooler pooler_;
  MaskedLmHead masked_lm_head_;
  nn::Linear lm_head_;  // untied

  Parameters parameters_;
  ActivationNames names_;
  std::vector<Site> patterns_;  // [N]
  struct {
    Site embed, pos_embed, token_type_embed, final_norm, logits;
  } sites_{};

  kernels::Workspace workspace_;
  Matrix hidden_;  // [B·T, D]
  Matrix logits_;  // [B·T, V]
  Matrix pooled_;  // [B, D]
};

}  // namespace attention_lab::models
