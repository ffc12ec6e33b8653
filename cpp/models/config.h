// What a model is made of: plain structs, built by name and checked once.
#pragma once

#include <optional>
#include <vector>

#include "nn/block.h"
#include "nn/patch_embedding.h"
#include "nn/position.h"
#include "nn/position_bias.h"
#include "nn/rotary.h"

namespace attention_lab::models {

/// One stack: embeddings → positions → blocks → final norm.
struct StackConfig {
  /// How a token's place enters: a vector added to its embedding, a rotation of queries and keys, a bias on the scores, or terms of them.
  enum class Positions { none, learned, sinusoidal, sinusoidal_halves, rotary, t5_bias, alibi, transformer_xl };

  Index vocab_size = 0;       // 0: no embedding, the caller gives vectors
  nn::ImageConfig image;      // in place of a vocabulary: pictures, whose patches are the tokens
  Index max_len = 0;          // longest sequence; with positions or an embedding at least 1
  Index type_vocab_size = 0;  // token types (BERT's segments); 0: none
  Index num_layers = 0;
  float embed_scale = 1.0f;  // multiplies the token embeddings: √D in Vaswani et al. 2017, section 3.4
  Positions positions = Positions::none;
  Index position_offset = 0;   // learned: row of the table that the first token takes
  int pad_token_id = -1;       // learned: tokens of this id are not counted (RoBERTa); negative: all are
  nn::RotaryConfig rotary;     // rotary: its frequencies; sizes are filled in from here
  nn::T5BiasConfig t5_bias;    // t5_bias: its buckets
  Index mem_length = 0;        // transformer_xl: most mems, hidden states of tokens before a segment
  bool embed_norm = false;     // LayerNorm on the sum of the embeddings
  nn::BlockConfig block;       // the same for every layer
  std::vector<Index> windows;  // each layer's attention window instead of the block's; empty: the block's
  bool final_norm = false;     // LayerNorm after the last block

  Index d_model() const { return block.attention.d_model; }
  /// Positions whose vectors are added to the embeddings.
  bool has_position_table() const {
    return positions == Positions::learned || positions == Positions::sinusoidal ||
           positions == Positions::sinusoidal_halves;
  }
  /// Positions that are known up to max_len; the others know every length.
  bool has_longest() const {
    return positions != Positions::none && positions != Positions::t5_bias && positions != Positions::alibi &&
           positions != Positions::transformer_xl;
  }
};

/// The fields of the model's one stack, or of its decoder; an encoder where it has one; and its heads.
struct ModelConfig : StackConfig {
  std::optional<StackConfig> encoder;  // the blocks of the other stack then attend to its output too
  bool share_embeddings = false;       // encoder and decoder have one table of tokens
  bool pooler = false;
  bool masked_lm_head = false;
  bool lm_head = false;        // logits = x Wᵀ
  bool lm_head_bias = false;   // logits = x Wᵀ + b
  Index num_labels = 0;        // classes: logits = h₀ Wᵀ + b, h₀ the first token's last hidden state; 0: none
  bool tie_embeddings = true;  // the output matrix of either head is the token embedding
};

/// Throws an Error of code `config` that names the first field that does not fit.
void check(const ModelConfig& config);

}  // namespace attention_lab::models
