// The checks of a model's config.
#include "models/config.h"

namespace attention_lab::models {

void check(const ModelConfig& config) {
  require_at_least(1, config.d_model(), "dModel");
  require_at_least(1, config.num_layers, "numLayers");
  require_at_least(0, config.vocab_size, "vocabSize");
  require_at_least(0, config.type_vocab_size, "typeVocabSize");
  if (config.positions != ModelConfig::Positions::none) require_at_least(1, config.max_len, "maxLen");
  if (config.block.feed_forward == nn::BlockConfig::FeedForwardKind::mlp)
    require_at_least(1, config.block.mlp.d_ff, "dFf");
  if (!(config.block.norm_eps > 0.0f)) throw Error("config", {"normEps: expected a number above 0"});
  // Refused before anything is allocated: linear memory that has grown never shrinks.
  const Index D = config.d_model(), width = config.block.attention.num_heads * config.block.attention.d_head;
  const double weights =
      static_cast<double>(config.vocab_size + config.max_len + config.type_vocab_size) * static_cast<double>(D) +
      static_cast<double>(config.num_layers) * static_cast<double>(D) *
          static_cast<double>(4 * width + (config.block.mlp.gated ? 3 : 2) * config.block.mlp.d_ff);
  constexpr double kMost = 512.0 * 1024.0 * 1024.0;  // floats: 2 GiB
  if (weights > kMost)
    throw Error("memory", {"this config has ", static_cast<Index>(weights / 1e6),
                           " million weights; WebAssembly's linear memory holds at most 536 million"});
  require_at_least(0, config.position_offset, "positionOffset");
  if (config.masked_lm_head && config.lm_head)
    throw Error("config", {"maskedLmHead and lmHead: expected at most one head that makes logits, got both"});
  if (config.lm_head && config.vocab_size == 0)
    throw Error("config", {"lmHead: expected vocabSize of at least 1, got 0"});
  if (config.masked_lm_head && config.vocab_size == 0)
    throw Error("config",
                {"maskedLmHead: expected vocabSize of at least 1, since the head shares the embedding, got 0"});
}

}  // namespace attention_lab::models
