// What a model is made of: one plain struct, built by name and checked once.
#pragma once

#include "nn/block.h"
#include "nn/position.h"

namespace attention_lab::models {

struct ModelConfig {
  Index vocab_size = 0;       // 0: no embedding, the caller gives vectors
  Index max_len = 0;          // longest sequence; with positions or an embedding at least 1
  Index type_vocab_size = 0;  // token types (BERT's segments); 0: none
  Index num_layers = 0;
  nn::PositionEmbedding::Kind positions = nn::PositionEmbedding::Kind::none;
  bool embed_norm = false;  // LayerNorm on the sum of the embeddings
  nn::BlockConfig block;    // the same for every layer
  bool final_norm = false;  // LayerNorm after the last block
  bool pooler = false;
  bool masked_lm_head = false;

  Index d_model() const { return block.attention.d_model; }
};

/// Throws an Error of code `config` that names the first field that does not fit.
void check(const ModelConfig& config);

}  // namespace attention_lab::models
