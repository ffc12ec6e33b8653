// Builds the layers that a stack's config names and runs them in order.
#include "models/stack.h"

#include <algorithm>

#include "nn/sublayer.h"
#include "nn/transformer_xl_attention.h"

namespace attention_lab::models {

using nn::by_token;

Stack::Stack(const StackConfig& config, std::string prefix, nn::Embedding* shared)
    : config_(config), prefix_(std::move(prefix)), embeddings_(config, shared) {
  const nn::BlockConfig& block = config.block;
  if (config.positions == StackConfig::Positions::rotary) {
    nn::RotaryConfig rotary = config.rotary;
    rotary.d_head = block.attention.d_head;
    rotary.max_len = config.max_len;
    rotary_ = nn::RotaryEmbedding(rotary);
  }
  position_bias_ = nn::PositionBias(config.positions, config.t5_bias, block.attention.num_heads);
  for (Index l = 0; l < config.num_layers; ++l) {
    nn::BlockConfig of_layer = block;
    of_layer.attention.transformer_xl = config.positions == StackConfig::Positions::transformer_xl;
    of_layer.attention.qk_norm_eps = block.norm_eps;
    if (!config.windows.empty()) of_layer.attention.window = config.windows[static_cast<std::size_t>(l)];
    blocks_.push_back(nn::make_block(of_layer));
  }
  if (config.final_norm) final_norm_ = nn::Norm(block.norm_kind, config.d_model(), block.norm_eps);
}

void Stack::name_all(Parameters& parameters) {
  embeddings_.name_all(parameters, prefix_);
  position_bias_.name_all(parameters, prefix_ + "position_bias");
  for (std::size_t l = 0; l < blocks_.size(); ++l)
    blocks_[l]->name_all(parameters, prefix_ + "blocks." + std::to_string(l) + ".");
  if (config_.final_norm) final_norm_.name_all(parameters, prefix_ + "final_norm");
}

void Stack::name_activations(ActivationNames& names) {
  embeddings_.name_activations(names, prefix_);
  for (std::size_t l = 0; l < blocks_.size(); ++l) {
    blocks_[l]->name_activations(names, prefix_ + "blocks." + std::to_string(l) + ".");
    patterns_.push_back(blocks_[l]->pattern());
    if (config_.block.cross_attention) cross_patterns_.push_back(blocks_[l]->cross_pattern());
  }
  end_of_blocks_ = static_cast<Site>(names.size());
  if (config_.final_norm) final_norm_site_ = names.add(prefix_ + "final_norm", "bqi");
}

nn::KeyValueCache Stack::make_cache(Index batch, Index capacity) const {
  const nn::MultiHeadAttentionConfig& attention = config_.block.attention;
  return {config_.num_layers, batch, capacity, attention.kv_heads() * attention.d_head};
}

void Stack::check(const ForwardInputs& inputs) const {
  const Index B = inputs.batch, T = inputs.length, tokens = element_count({B, T});
  if (B < 1 || T < 1)
    fail("shape", {"inputs: expected at least one sequence of at least one token, got [", B, ", ", T, "]"});
  if (!inputs.input_ids.empty() + !inputs.inputs_embeds.empty() + !inputs.pixel_values.empty() +
          !inputs.start.resid.empty() !=
      1)
    fail("value", {"inputs: expected one of inputIds, inputsEmbeds, pixelValues and start, not empty"});
  if (!inputs.start.resid.empty()) {
    require_in_range("start.layer", inputs.start.layer, config_.num_layers + 1);
    require_count("start.resid", element_count({B, T, config_.d_model()}), inputs.start.resid.size());
    if (inputs.cache) fail("value", {"start: a pass with a key-value cache begins at the embeddings"});
  } else if (!inputs.inputs_embeds.empty()) {
    require_count("inputsEmbeds", element_count({B, T, config_.embedding_width()}), inputs.inputs_embeds.size());
  } else if (config_.image) {
    require_count("pixelValues", element_count({B, config_.image.pixels()}), inputs.pixel_values.size());
    require_count("pixelValues: tokens", config_.image.length(), static_cast<std::size_t>(T));
  } else {
    if (!embeddings_.tokens())
      fail("value", {"inputIds: this model has no embedding (vocabSize 0); give inputsEmbeds instead"});
    require_count("inputIds", tokens, inputs.input_ids.size());
  }
  if (!inputs.attention_mask.empty()) require_count("attentionMask", tokens, inputs.attention_mask.size());
  if (!inputs.global_attention_mask.empty()) {
    if (!config_.block.attention.global_tokens) fail("value", {"globalAttentionMask: this model has no global tokens"});
    if (inputs.cache) fail("value", {"globalAttentionMask: a pass with a key-value cache takes none"});
    require_count("globalAttentionMask", tokens, inputs.global_attention_mask.size());
  }
  if (!inputs.token_type_ids.empty()) {
    if (config_.type_vocab_size == 0) fail("value", {"tokenTypeIds: this model has no token types"});
    require_count("tokenTypeIds", tokens, inputs.token_type_ids.size());
  }
  require_at_least(0, inputs.mems.length, "mems");
  if (inputs.mems.length > 0) {
    if (inputs.mems.length > config_.mem_length)
      fail("shape", {"mems: expected at most ", config_.mem_length, " tokens (memLength), got ", inputs.mems.length});
    if (inputs.cache) fail("value", {"mems: a pass with a key-value cache takes none"});
    require_count("mems", element_count({config_.num_layers, B, inputs.mems.length, config_.d_model()}),
                  inputs.mems.hidden_states.size());
  }
  const auto at_most = [&](Index most, const char* why) {
    if (inputs.seen() + T > most)
      fail("range", {"inputs: expected at most ", most, " tokens (", why, "), got ", inputs.seen() + T});
  };
  if (config_.has_longest()) at_most(config_.max_len, "maxLen");
  if (inputs.cache) at_most(inputs.cache->capacity(), "the cache's capacity");
  if (inputs.cache && !inputs.attention_mask.empty())
    fail("value", {"attentionMask: a pass with a key-value cache takes none"});
  if (config_.block.cross_attention) {
    const ConstMatrixView states = inputs.cross.encoder_hidden_states;
    if (states.rows % B != 0 || states.rows + inputs.cross.cached() < 1 || (states && states.cols != config_.d_model()))
      fail("shape", {"encoder hidden states: expected [", B, " · S, ", config_.d_model(), "], got [", states.rows, ", ",
                     states.cols, "]"});
  }
}

Stack::Pass Stack::pass_over(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides,
                             kernels::Workspace& workspace) const {
  const Index B = inputs.batch, T = inputs.length, M = inputs.mems.length, S = inputs.seen() + T;
  Pass pass{overrides, {.first_position = inputs.seen(), .rotary = rotary_ ? &rotary_ : nullptr}, {}};
  if (position_bias_) pass.sequence.position_bias = position_bias_.forward(inputs.seen(), T, S, workspace);
  if (config_.positions == StackConfig::Positions::transformer_xl) {
    const bool causal = overrides.causal.value_or(config_.block.attention.causal);
    const MatrixView distances = workspace.take(nn::distance_count(T, S, causal), config_.d_model());
    nn::sinusoids(S - 1, -1, distances);
    pass.sequence.distances = distances;
  }
  const std::uint8_t*& mask = pass.overrides.key_mask;
  if (!inputs.attention_mask.empty()) mask = inputs.attention_mask.data();
  if (M > 0 && mask) {  // the mask is that of the new tokens
    pass.key_mask.assign(static_cast<std::size_t>(B * S), 1);
    for (Index b = 0; b < B; ++b) std::copy_n(mask + b * T, T, pass.key_mask.data() + b * S + M);
    mask = pass.key_mask.data();
  }
  const std::span<const std::uint8_t> global = inputs.global_attention_mask;
  if (std::any_of(global.begin(), global.end(), [](std::uint8_t mark) { return mark != 0; }))
    pass.sequence.global_tokens = global.data();
  return pass;
}

nn::BlockInputs Stack::block_inputs(const Pass& pass, const ForwardInputs& inputs, Index layer) const {
  const Index rows = inputs.batch * inputs.mems.length, D = config_.d_model();
  const ConstMatrixView mems =
      rows == 0 ? ConstMatrixView{} : ConstMatrixView{inputs.mems.hidden_states.data() + layer * rows * D, rows, D, D};
  return {inputs.batch,
          pass.overrides,
          pass.sequence,
          {inputs.cache, layer},
          mems,
          inputs.cross,
          {inputs.cross.cache, layer}};
}

MatrixView Stack::forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides,
                          const nn::Forward& forward) {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  check(inputs);
  resize(hidden_, inputs.batch * inputs.length, config_.d_model());
  const MatrixView x = view(hidden_);
  const Start& start = inputs.start;
  if (start.resid.empty()) {
    embeddings_.forward(inputs, x, forward);
  } else {
    const auto first = static_cast<std::size_t>(start.layer);
    record.require_none_before(start.layer < config_.num_layers ? blocks_[first]->input() : end_of_blocks_);
    std::ranges::copy(start.resid, x.data);
  }

  const Pass pass = pass_over(inputs, overrides, workspace);
  for (Index layer = start.resid.empty() ? 0 : start.layer; layer < config_.num_layers; ++layer)
    blocks_[static_cast<std::size_t>(layer)]->forward(x, block_inputs(pass, inputs, layer), forward);
  if (inputs.cache) inputs.cache->advance(inputs.length);
  if (inputs.cross.cache) inputs.cross.cache->advance(inputs.cross.encoder_hidden_states.rows / inputs.batch);

  if (config_.final_norm) {
    final_norm_.forward(x, x);
    record.produced(final_norm_site_, by_token(x, inputs.batch));
  }
  return x;
}

void Stack::request_for_backward(Record& record) const {
  embeddings_.request_for_backward(record);
  for (const auto& block : blocks_) block->request_for_backward(record);
  if (config_.final_norm) record.request(blocks_.back()->output());
}

void Stack::backward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, const MatrixView& gradient,
                     const MatrixView& d_encoder_hidden_states, const nn::Backward& backward) const {
  if (config_.final_norm) {
    backward.record_gradient(final_norm_site_, by_token(gradient, inputs.batch));
    final_norm_.backward(backward.record.rows(blocks_.back()->output()), gradient, {}, gradient, backward);
  }
  const Pass pass = pass_over(inputs, overrides, backward.workspace);
  nn::BlockInputGradients gradients{d_encoder_hidden_states};
  if (position_bias_.learned())
    gradients.position_bias = position_bias_.zero_gradient(inputs.length, inputs.length, backward.workspace);
  for (Index layer = config_.num_layers; layer-- > 0;)
    blocks_[static_cast<std::size_t>(layer)]->backward(gradient, block_inputs(pass, inputs, layer), gradients,
                                                       backward);
  if (gradients.position_bias) position_bias_.backward(0, gradients.position_bias, backward);
  embeddings_.backward(inputs, gradient, backward);
}

}  // namespace attention_lab::models
