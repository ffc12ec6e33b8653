// Configs by their differences from one, and inputs by what a config asks for.
#include "some_models.h"

namespace attention_lab::testing {

namespace {

using models::ForwardInputs;
using models::ModelConfig;
using Positions = ModelConfig::Positions;

constexpr Index kBatch = 2, kLength = 4, kMems = 2;
const std::vector<int> kIds = {7, 3, 3, 1, 9, 10, 11, 5};
const std::vector<int> kTypes = {0, 0, 1, 1, 1, 0, 1, 1};
const std::vector<int> kLabels = {3, train::kIgnored, 1, 9, 10, 0, 5, train::kIgnored};
const std::vector<std::uint8_t> kMask = {1, 1, 1, 1, 0, 1, 1, 1};
const std::vector<std::uint8_t> kGlobal = {1, 0, 0, 0, 0, 0, 1, 0};

/// Numbers for pictures and memories.
const std::vector<float>& numbers() {
  static const std::vector<float> values = [] {
    std::vector<float> made;
    Random random(11);
    for (int i = 0; i < 1024; ++i) made.push_back(random.uniform(1.0f));
    return made;
  }();
  return values;
}

ModelConfig base() {
  ModelConfig config;
  config.vocab_size = 12;
  config.max_len = 7;
  config.num_layers = 2;
  config.positions = Positions::learned;
  config.block.attention.d_model = 12;
  config.block.attention.num_heads = 3;
  config.block.attention.d_head = 4;
  config.block.mlp.d_ff = 10;
  config.lm_head = true;
  return config;
}

ModelConfig causal() {
  ModelConfig config = base();
  config.block.norm = nn::BlockConfig::NormPlacement::pre;
  config.block.attention.causal = true;
  config.final_norm = true;
  return config;
}

template <class Change>
SomeModel with(const char* name, ModelConfig config, Change change) {
  change(config);
  return {name, config, config.lm_head && config.block.attention.causal};
}

std::vector<SomeModel> made() {
  const auto none = [](ModelConfig&) {};
  return {
      with("BERT", base(),
           [](ModelConfig& c) { c.type_vocab_size = 2, c.embed_norm = c.masked_lm_head = true, c.lm_head = false; }),
      with("an untied masked head", base(),
           [](ModelConfig& c) {
             c.positions = Positions::sinusoidal, c.pad_token_id = 3;
             c.masked_lm_head = true, c.lm_head = c.tie_embeddings = false;
           }),
      with("GPT-2", causal(), [](ModelConfig& c) { c.block.attention.fused = true; }),
      with("Llama", causal(),
           [](ModelConfig& c) {
             c.positions = Positions::rotary;
             c.block.attention.num_heads = 6, c.block.attention.num_kv_heads = 2, c.block.attention.d_head = 2;
             c.block.norm_kind = nn::Norm::Kind::rms;
             c.block.mlp.gated = true, c.block.mlp.activation = kernels::Activation::silu;
             c.tie_embeddings = false;
           }),
      with("T5's bias", causal(), [](ModelConfig& c) { c.positions = Positions::t5_bias, c.t5_bias = {6, 5, false}; }),
      with("ALiBi's bias", causal(), [](ModelConfig& c) { c.positions = Positions::alibi; }),
      with("a window", causal(), [](ModelConfig& c) { c.windows = {1, -1}; }),
      with("a translator", causal(),
           [](ModelConfig& c) {
             c.positions = Positions::sinusoidal_halves;
             c.encoder = static_cast<const models::StackConfig&>(c);
             c.encoder->num_layers = 1, c.encoder->block.attention.causal = false;
             c.block.cross_attention = c.share_embeddings = c.lm_head_bias = true;
           }),
      with("Transformer-XL", causal(),
           [](ModelConfig& c) { c.positions = Positions::transformer_xl, c.mem_length = kMems; }),
      with("Longformer", base(),
           [](ModelConfig& c) {
             c.block.attention.global_tokens = true, c.block.attention.window = 1, c.lm_head = false;
             c.num_labels = 3;
           }),
      with("ViT", base(),
           [](ModelConfig& c) {
             c.vocab_size = 0, c.lm_head = false, c.num_labels = 3;
             c.image = {4, 6, 2, 2, 3}, c.max_len = c.image.length();
           }),
      with("shared heads", base(), [](ModelConfig& c) { c.block.attention.shared_heads = true; }),
      with("a linear feed-forward", base(),
           [](ModelConfig& c) { c.block.feed_forward = nn::BlockConfig::FeedForwardKind::linear_of_sum; }),
      with("post-norm", base(), none),
  };
}

ForwardInputs inputs_of(const ModelConfig& config, const models::StackConfig& stack) {
  ForwardInputs inputs;
  inputs.batch = kBatch;
  if (stack.image) {
    inputs.length = stack.image.length();
    inputs.pixel_values = std::span(numbers()).first(static_cast<std::size_t>(kBatch * stack.image.pixels()));
    return inputs;
  }
  inputs.length = kLength;
  inputs.input_ids = kIds;
  if (stack.type_vocab_size > 0) inputs.token_type_ids = kTypes;
  if (!config.encoder) inputs.attention_mask = kMask;
  if (stack.block.attention.global_tokens) inputs.global_attention_mask = kGlobal;
  if (stack.mem_length > 0) {
    const Index count = stack.num_layers * kBatch * kMems * stack.d_model();
    inputs.mems = {kMems, std::span(numbers()).first(static_cast<std::size_t>(count))};
  }
  return inputs;
}

}  // namespace

std::vector<float> SomeModel::forward(models::Model& model, Record& record) const {
  ForwardInputs inputs = inputs_of(config, config);
  if (config.encoder) inputs.cross.encoder_hidden_states = model.encode(inputs_of(config, *config.encoder), {}, record);
  const models::ForwardOutput output = model.forward(inputs, {}, record);
  std::vector<float> values;
  for (const ConstMatrixView& part : {output.last_hidden_state, output.logits})
    values.insert(values.end(), part.data, part.data + part.rows * part.cols);
  return values;
}

void SomeModel::step(train::Trainer& trainer) const {
  train::Batch batch;
  batch.inputs = inputs_of(config, config);
  if (config.encoder) batch.encoder = inputs_of(config, *config.encoder);
  batch.labels = config.num_labels > 0 ? std::span(kLabels).subspan(1, 2) : std::span(kLabels);
  trainer.step(batch);
}

const std::vector<SomeModel>& some_models() {
  static const std::vector<SomeModel> models = made();
  return models;
}

}  // namespace attention_lab::testing
