// The checks of a model's config.
#include "models/config.h"

#include <algorithm>

namespace attention_lab::models {

namespace {

/// Four times as many as the deepest models published. Each layer costs some memory and many names, however narrow it is.
constexpr Index kMostLayers = 4096;

void check_stack(const StackConfig& config) {
  require_size(1, config.d_model(), "dModel");
  require_at_least(1, config.num_layers, "numLayers");
  if (config.num_layers > kMostLayers)
    fail("config", {"numLayers: expected at most ", kMostLayers, ", got ", config.num_layers});
  require_at_least(0, config.vocab_size, "vocabSize");
  require_at_least(0, config.type_vocab_size, "typeVocabSize");
  require_size(0, config.position_offset, "positionOffset");
  require_size(0, config.max_len, "maxLen");
  require_at_least(0, config.image.channels, "image.channels");
  if (config.image) {
    nn::check(config.image);
    if (config.vocab_size > 0) fail("config", {"image: expected no vocabSize beside it, got ", config.vocab_size});
    if (config.max_len != config.image.length())
      fail("config",
           {"maxLen: expected ", config.image.length(), ", the class token and the patches, got ", config.max_len});
  }
  if (config.has_longest()) require_at_least(1, config.max_len, "maxLen");
  if (config.has_position_table() && config.pad_token_id >= config.max_len + config.position_offset)
    fail("config",
         {"padTokenId: expected below ", config.max_len + config.position_offset,
          ", the rows of the positions' table, where padding has the row of its id; got ", config.pad_token_id});
  const bool has_mlp = config.block.feed_forward == nn::BlockConfig::FeedForwardKind::mlp;
  require_at_least(has_mlp ? 1 : 0, config.block.mlp.d_ff, "dFf");
  require_size(0, config.mem_length, "memLength");
  const bool transformer_xl = config.positions == StackConfig::Positions::transformer_xl;
  if (config.mem_length > 0 && !transformer_xl)
    fail("config", {"memLength: expected positions transformer_xl, which alone have mems"});
  if (transformer_xl && !has_mlp) fail("config", {"positions transformer_xl: expected feedForward mlp"});
  if (!config.windows.empty()) require_count("attention.window", config.num_layers, config.windows.size());
  if (config.block.attention.global_tokens &&
      (config.positions == StackConfig::Positions::t5_bias || config.positions == StackConfig::Positions::alibi))
    fail("config", {"globalTokens: expected positions that are no bias on the scores"});
  if (!(config.block.norm_eps > 0.0f)) fail("config", {"normEps: expected a number above 0"});
}

/// In double, where no config's sizes overflow.
double weights_of(const StackConfig& config) {
  const auto number = [](Index size) { return static_cast<double>(size); };
  const double width = number(config.block.attention.num_heads) * number(config.block.attention.d_head);
  double rows = number(config.vocab_size) + number(config.type_vocab_size) + number(config.image.patch_size());
  if (config.positions == StackConfig::Positions::learned)
    rows += number(config.max_len) + number(config.position_offset);
  const double each = (config.block.cross_attention ? 8 : 4) * width +
                      (config.block.attention.global_tokens ? 3 : 0) * width +
                      (config.positions == StackConfig::Positions::transformer_xl ? width : 0) +
                      (config.block.mlp.gated ? 3 : 2) * number(config.block.mlp.d_ff);
  return number(config.d_model()) * (rows + number(config.num_layers) * each);
}

}  // namespace

void check(const ModelConfig& config) {
  check_stack(config);
  require_at_least(0, config.num_labels, "numLabels");
  double weights = weights_of(config) + static_cast<double>(config.num_labels) * static_cast<double>(config.d_model());
  if (config.encoder) {
    check_stack(*config.encoder);
    weights += weights_of(*config.encoder);
    if (config.encoder->d_model() != config.d_model())
      fail("config",
           {"encoder.dModel: expected the decoder's ", config.d_model(), ", got ", config.encoder->d_model()});
  }
  if (config.block.cross_attention != config.encoder.has_value())
    fail("config", {"crossAttention: expected with an encoder, and only there"});
  if (config.share_embeddings && (!config.encoder || config.encoder->vocab_size != config.vocab_size))
    fail("config", {"shareEmbeddings: expected an encoder of the same vocabSize ", config.vocab_size});
  // Refused before anything is allocated: linear memory that has grown never shrinks.
  constexpr double kMost = 512.0 * 1024.0 * 1024.0;  // floats: 2 GiB
  if (weights > kMost)
    fail("memory", {"this config has ", static_cast<Index>(std::min(weights / 1e6, 1e9)),
                    " million weights; WebAssembly's linear memory holds at most 536 million"});
  if (config.masked_lm_head + config.lm_head + (config.num_labels > 0) > 1)
    fail("config", {"maskedLmHead, lmHead and numLabels: expected at most one head that makes logits, got more"});
  if (config.lm_head && config.vocab_size == 0) fail("config", {"lmHead: expected vocabSize of at least 1, got 0"});
  if (config.masked_lm_head && config.vocab_size == 0)
    fail("config", {"maskedLmHead: expected vocabSize of at least 1, since the head shares the embedding, got 0"});
}

}  // namespace attention_lab::models
