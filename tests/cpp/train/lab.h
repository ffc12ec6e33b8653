// A small model of every kind with a batch for it, as the tests of training need them.
#pragma once

#include "train/trainer.h"

namespace attention_lab::testing {

using models::Model;
using models::ModelConfig;
using Positions = ModelConfig::Positions;

inline const std::vector<int> kIds = {7, 3, 3, 1, 9, 10, 11, 5, 2, 8};  // [2, 5]
inline const std::vector<int> kSource = {4, 6, 1, 2, 9, 9, 3, 0};       // [2, 4]
inline const std::vector<int> kTypes = {0, 0, 1, 1, 1, 0, 1, 1, 0, 0};
inline const std::vector<int> kLabels = {3, train::kIgnored, 1, 9, 10, 0, 5, train::kIgnored, train::kIgnored, 7};
inline const std::vector<std::uint8_t> kMask = {1, 1, 1, 1, 0, 1, 1, 1, 1, 1};
inline const std::vector<std::uint8_t> kSourceMask = {1, 1, 1, 1, 1, 1, 1, 0};

inline ModelConfig base() {
  ModelConfig config;
  config.vocab_size = 12;
  config.max_len = 7;
  config.num_layers = 2;
  config.positions = Positions::learned;
  config.block.attention.d_model = 12;
  config.block.attention.num_heads = 3;
  config.block.attention.d_head = 4;
  config.block.mlp.d_ff = 20;
  config.block.mlp.activation = kernels::Activation::gelu;
  config.lm_head = true;
  return config;
}

inline ModelConfig bert() {
  ModelConfig config = base();
  config.type_vocab_size = 2;
  config.embed_norm = true;
  config.lm_head = false;
  config.masked_lm_head = true;
  return config;
}

inline ModelConfig gpt2() {
  ModelConfig config = base();
  config.block.norm = nn::BlockConfig::NormPlacement::pre;
  config.block.attention.fused = config.block.attention.causal = true;
  config.block.mlp.activation = kernels::Activation::gelu_tanh;
  config.final_norm = true;
  return config;
}

inline ModelConfig llama() {
  ModelConfig config = gpt2();
  config.positions = Positions::rotary;
  config.block.attention.fused = config.block.attention.bias = config.block.attention.out_bias = false;
  config.block.attention.num_heads = 6;
  config.block.attention.num_kv_heads = 2;
  config.block.norm_kind = nn::Norm::Kind::rms;
  config.block.mlp.activation = kernels::Activation::silu;
  config.block.mlp.gated = true;
  config.block.mlp.mlp_bias = false;
  config.tie_embeddings = false;
  return config;
}

inline ModelConfig encoder_decoder() {
  ModelConfig config = base();
  config.positions = Positions::sinusoidal;
  config.embed_scale = 3.5f;
  config.encoder = static_cast<const models::StackConfig&>(config);
  config.encoder->num_layers = 1;
  config.block.cross_attention = config.block.attention.causal = true;
  config.share_embeddings = config.lm_head_bias = true;
  return config;
}

/// A deterministic model whose every parameter counts.
struct Lab {
  Model model;
  train::Trainer trainer;
  train::Batch batch;

  explicit Lab(const ModelConfig& config) : model(config), trainer(model, {}) {
    Random random(3);
    for (const Parameter& parameter : model.parameters()) {
      std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
      const bool norm = parameter.dims.size() == 1 && parameter.initialisation == Parameter::Initialisation::ones;
      for (float& value : values) value = (norm ? 1.0f : 0.0f) + random.uniform(0.5f);
      parameter.set(values);
    }
    batch.inputs = {2, 5, kIds, {}, kMask, {}};
    if (config.type_vocab_size > 0) batch.inputs.token_type_ids = kTypes;
    if (config.encoder) batch.encoder = {2, 4, kSource, {}, kSourceMask, {}};
    batch.labels = kLabels;
  }
};

}  // namespace attention_lab::testing
