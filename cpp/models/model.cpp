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
  position_embedding_ = nn::PositionEmbedding(config.positions, config.max_len, D);
  if (config.type_vocab_size > 0) type_embedding_ = nn::Embedding(config.type_vocab_size, D);
  if (config.embed_norm) embed_norm_ = nn::LayerNorm(D, block.norm_eps);
  for (Index l = 0; l < config.num_layers; ++l) blocks_.emplace_back(block);
  if (config.final_norm) final_norm_ = nn::LayerNorm(D, block.norm_eps);
  if (config.pooler) pooler_ = Pooler(D);
  if (config.masked_lm_head) masked_lm_head_ = MaskedLmHead(D, block.activation, block.norm_eps);

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
    sites_.logits = names_.add("logits", "bqi");
  }
}

void Model::initialise(std::uint64_t seed) {
  Random random(seed);
  for (const Parameter& parameter : parameters_) parameter.initialise(random);
}

void Model::check(const ForwardInputs& inputs) const {
  const Index tokens = element_count({inputs.batch, inputs.length});
  if (inputs.batch < 1 || inputs.length < 1)
    throw Error("shape", "inputs: expected at least one sequence of at least one token, got [" +
                             std::to_string(inputs.batch) + ", " + std::to_string(inputs.length) + "]");
  const auto require_size = [&](const char* name, std::size_t size, Index expected) {
    if (static_cast<Index>(size) != expected)
      throw Error("shape", std::string(name) + ": expected " + std::to_string(expected) + " values, got " +
                               std::to_string(size));
  };
  if (inputs.inputs_embeds.empty()) {
    if (!token_embedding_)
      throw Error("value", "inputIds: this model has no embedding (vocabSize 0); give inputsEmbeds instead");
    require_size("inputIds", inputs.input_ids.size(), tokens);
  } else {
    require_size("inputsEmbeds", inputs.inputs_embeds.size(),
                 element_count({inputs.batch, inputs.length, config_.d_model()}));
  }
  if (!inputs.attention_mask.empty()) require_size("attentionMask", inputs.attention_mask.size(), tokens);
  if (!inputs.token_type_ids.empty()) {
    if (!type_embedding_) throw Error("value", "tokenTypeIds: this model has no token types");
    require_size("tokenTypeIds", inputs.token_type_ids.size(), tokens);
  }
  if (position_embedding_ && inputs.length > config_.max_len)
    throw Error("range", "inputs: expected at most " + std::to_string(config_.max_len) + " tokens (maxLen), got " +
                             std::to_string(inputs.length));
}

void Model::embed(const ForwardInputs& inputs, MatrixView x, Record& record) {
  const kernels::Workspace::Scope scope(workspace_);
  const Index B = inputs.batch, T = inputs.length;
  if (inputs.inputs_embeds.empty())
    token_embedding_.forward(inputs.input_ids, "inputIds", x);
  else
    map(x) = map(ConstMatrixView{inputs.inputs_embeds.data(), x.rows, x.cols, x.cols});
  if (token_embedding_) record.produced(sites_.embed, by_token(x, B));

  const MatrixView term = workspace_.take(x.rows, x.cols);  // what is added to x
  if (position_embedding_) {
    for (Index b = 0; b < B; ++b) map(term).middleRows(b * T, T) = map(position_embedding_.first(T));
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
  for (const nn::Block& block : blocks_) block.forward(x, B, for_blocks, record, workspace_);

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
  if (config_.masked_lm_head) {
    element_count({rows, config_.vocab_size});
    logits_.resize(rows, config_.vocab_size);
    masked_lm_head_.forward(x, token_embedding_, view(logits_), workspace_);
    record.produced(sites_.logits, by_token(view(logits_), B));
    output.logits = view(logits_);
  }
  return output;
}

}  // namespace attention_lab::models
