// Builds the layers a config names and runs them in order.
#include "models/model.h"

#include "nn/sublayer.h"

namespace attention_lab::models {

using nn::by_token;

Model::Model(const ModelConfig& config) : config_(config) {
  models::check(config);
  const Index D = config.d_model();
  const nn::BlockConfig& block = config.block;

  if (config.vocab_size > 0) token_embedding_ = nn::Embedding(config.vocab_size, D);
  using Positions = ModelConfig::Positions;
  if (config.positions == Positions::learned || config.positions == Positions::sinusoidal)
    position_embedding_ =
        nn::PositionEmbedding(config.positions == Positions::learned ? nn::PositionEmbedding::Kind::learned
                                                                     : nn::PositionEmbedding::Kind::sinusoidal,
                              config.max_len + config.position_offset, D);
  if (config.positions == Positions::rotary) {
    nn::RotaryConfig rotary = config.rotary;
    rotary.d_head = block.attention.d_head;
    rotary.max_len = config.max_len;
    rotary_ = nn::RotaryEmbedding(rotary);
  }
  if (config.type_vocab_size > 0) type_embedding_ = nn::Embedding(config.type_vocab_size, D);
  if (config.embed_norm) embed_norm_ = nn::Norm(block.norm_kind, D, block.norm_eps);
  for (Index l = 0; l < config.num_layers; ++l) blocks_.emplace_back(block);
  if (config.final_norm) final_norm_ = nn::Norm(block.norm_kind, D, block.norm_eps);
  if (config.pooler) pooler_ = Pooler(D);
  if (config.masked_lm_head) {
    masked_lm_head_ = MaskedLmHead(D, block.mlp.activation, block.norm_kind, block.norm_eps);
    if (!config.tie_embeddings) masked_lm_head_.untie(config.vocab_size);
  }
  if (config.lm_head && !config.tie_embeddings) lm_head_ = nn::Linear(D, config.vocab_size);

  if (token_embedding_) {
    token_embedding_.name_all(parameters_, "embed.token");
    sites_.embed = names_.add("embed", "bqi");
  }
  if (position_embedding_) {
    position_embedding_.name_all(parameters_, "embed.position");
    sites_.pos_embed = names_.add("pos_embed", "bqi");
  }
  if (type_embedding_) {
    type_embedding_.name_all(parameters_, "embed.token_type");
    sites_.token_type_embed = names_.add("token_type_embed", "bqi");
  }
  if (config.embed_norm) embed_norm_.name_all(parameters_, "embed.norm");
  for (std::size_t l = 0; l < blocks_.size(); ++l) {
    const std::string prefix = "blocks." + std::to_string(l) + ".";
    blocks_[l].name_all(parameters_, prefix);
    blocks_[l].name_activations(names_, prefix);
    patterns_.push_back(names_.find(prefix + "attn.pattern"));
  }
  if (config.final_norm) {
    final_norm_.name_all(parameters_, "final_norm");
    sites_.final_norm = names_.add("final_norm", "bqi");
  }
  if (config.pooler) pooler_.name_all(parameters_, "pooler");
  if (config.masked_lm_head) {
    masked_lm_head_.name_all(parameters_, "mlm_head", token_embedding_);
  }
  if (config.lm_head && !config.tie_embeddings) lm_head_.name_all(parameters_, "lm_head", false);
  if (config.masked_lm_head || config.lm_head) sites_.logits = names_.add("logits", "bqi");
}

nn::KeyValueCache Model::make_cache(Index batch, Index capacity) const {
  const nn::MultiHeadAttentionConfig& attention = config_.block.attention;
  return {config_.num_layers, batch, capacity, attention.kv_heads() * attention.d_head};
}

void Model::initialise(std::uint64_t seed) {
  Random random(seed);
  for (const Parameter& parameter : parameters_) parameter.initialise(random);
}

void Model::check(const ForwardInputs& inputs) const {
  const Index tokens = element_count({inputs.batch, inputs.length});
  if (inputs.batch < 1 || inputs.length < 1)
    throw Error("shape", {"inputs: expected at least one sequence of at least one token, got [", inputs.batch, ", ",
                          inputs.length, "]"});
  if (inputs.inputs_embeds.empty()) {
    if (!token_embedding_)
      throw Error("value", {"inputIds: this model has no embedding (vocabSize 0); give inputsEmbeds instead"});
    require_count("inputIds", tokens, inputs.input_ids.size());
  } else {
    require_count("inputsEmbeds", element_count({inputs.batch, inputs.length, config_.d_model()}),
                  inputs.inputs_embeds.size());
  }
  if (!inputs.attention_mask.empty()) require_count("attentionMask", tokens, inputs.attention_mask.size());
  if (!inputs.token_type_ids.empty()) {
    if (!type_embedding_) throw Error("value", {"tokenTypeIds: this model has no token types"});
    require_count("tokenTypeIds", tokens, inputs.token_type_ids.size());
  }
  const Index seen = inputs.cache ? inputs.cache->length() : 0;
  if (config_.positions != ModelConfig::Positions::none && seen + inputs.length > config_.max_len)
    throw Error("range",
                {"inputs: expected at most ", config_.max_len, " tokens (maxLen), got ", seen + inputs.length});
  if (inputs.cache && seen + inputs.length > inputs.cache->capacity())
    throw Error("range", {"inputs: expected at most ", inputs.cache->capacity(), " tokens (the cache's capacity), got ",
                          seen + inputs.length});
  if (inputs.cache && !inputs.attention_mask.empty())
    throw Error("value", {"attentionMask: a pass with a key-value cache takes none"});
}

/// Row r of `term` is the position vector of token r: tokens count from position_offset, padding is not counted.
void Model::add_positions(const ForwardInputs& inputs, MatrixView term) const {
  const Index first = config_.position_offset + (inputs.cache ? inputs.cache->length() : 0);
  for (Index b = 0; b < inputs.batch; ++b) {
    Index position = first;
    for (Index t = 0; t < inputs.length; ++t) {
      const Index r = b * inputs.length + t;
      const bool padding = config_.pad_token_id >= 0 && !inputs.input_ids.empty() &&
                           inputs.input_ids[static_cast<std::size_t>(r)] == config_.pad_token_id;
      map(term).row(r) = map(position_embedding_.row(padding ? config_.pad_token_id : position));
      if (!padding) ++position;
    }
  }
}

void Model::embed(const ForwardInputs& inputs, MatrixView x, Record& record) {
  const kernels::Workspace::Scope scope(workspace_);
  const Index B = inputs.batch;
  if (inputs.inputs_embeds.empty())
    token_embedding_.forward(inputs.input_ids, "inputIds", x);
  else
    map(x) = map(ConstMatrixView{inputs.inputs_embeds.data(), x.rows, x.cols, x.cols});
  if (token_embedding_) record.produced(sites_.embed, by_token(x, B));

  const MatrixView term = workspace_.take(x.rows, x.cols);  // what is added to x
  if (position_embedding_) {
    add_positions(inputs, term);
    record.produced(sites_.pos_embed, by_token(term, B));
    map(x) += map(term);
  }
  if (type_embedding_) {
    if (inputs.token_type_ids.empty()) {
      const int first_type = 0;
      for (Index r = 0; r < term.rows; ++r)
        type_embedding_.forward({&first_type, 1}, "tokenTypeIds", {term.row(r), 1, term.cols, term.stride});
    } else {
      type_embedding_.forward(inputs.token_type_ids, "tokenTypeIds", term);
    }
    record.produced(sites_.token_type_embed, by_token(term, B));
    map(x) += map(term);
  }
  if (config_.embed_norm) embed_norm_.forward(x, x);
}

void Model::make_logits(const ForwardInputs& inputs, ConstMatrixView hidden, Record& record) {
  if (inputs.last_logits_only) {
    const Index T = inputs.length;
    hidden = {hidden.row(T - 1), inputs.batch, hidden.cols, T * hidden.stride};
  }
  element_count({hidden.rows, config_.vocab_size});
  logits_.resize(hidden.rows, config_.vocab_size);
  if (config_.masked_lm_head)
    masked_lm_head_.forward(hidden, token_embedding_, view(logits_), workspace_);
  else
    (config_.tie_embeddings ? token_embedding_.tied() : lm_head_).forward(hidden, view(logits_), workspace_);
  record.produced(sites_.logits, by_token(view(logits_), inputs.batch));
}

ForwardOutput Model::forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record) {
  check(inputs);
  const kernels::Workspace::Scope scope(workspace_);
  const Index B = inputs.batch, rows = inputs.batch * inputs.length;
  ForwardOutput output;

  hidden_.resize(rows, config_.d_model());
  const MatrixView x = view(hidden_);
  embed(inputs, x, record);

  nn::AttentionOverrides for_blocks = overrides;
  if (!inputs.attention_mask.empty()) for_blocks.key_mask = inputs.attention_mask.data();
  nn::SequenceState state{rotary_ ? &rotary_ : nullptr, inputs.cache, 0};
  for (const nn::Block& block : blocks_) {
    block.forward(x, B, for_blocks, state, record, workspace_);
    ++state.layer;
  }
  if (inputs.cache) inputs.cache->advance(inputs.length);

  if (config_.final_norm) {
    final_norm_.forward(x, x);
    record.produced(sites_.final_norm, by_token(x, B));
  }
  output.last_hidden_state = x;

  if (config_.pooler) {
    pooled_.resize(B, config_.d_model());
    pooler_.forward(x, view(pooled_), workspace_);
    output.pooler_output = view(pooled_);
  }
  if (config_.masked_lm_head || config_.lm_head) {
    make_logits(inputs, x, record);
    output.logits = view(logits_);
  }
  return output;
}

}  // namespace attention_lab::models
