// Builds the stacks and heads that a config names and runs them in order.
#include "models/model.h"

#include "models/initialise.h"
#include "nn/sublayer.h"

namespace attention_lab::models {

namespace {

const ModelConfig& checked(const ModelConfig& config) {
  check(config);
  return config;
}

nn::Embedding shared_tokens(const ModelConfig& config) {
  return config.share_embeddings ? nn::Embedding(config.vocab_size, config.d_model(), config.weights())
                                 : nn::Embedding();
}

}  // namespace

Model::Model(const ModelConfig& config)
    : config_(checked(config)),
      shared_tokens_(shared_tokens(config)),
      stack_(config, config.encoder ? "decoder." : "", shared_tokens_ ? &shared_tokens_ : nullptr) {
  const Index D = config.d_model();
  const kernels::WeightFormat format = config.weights();
  if (config.encoder) encoder_.emplace(*config.encoder, "encoder.", shared_tokens_ ? &shared_tokens_ : nullptr);
  if (config.pooler) pooler_ = Pooler(D, format);
  if (config.masked_lm_head) {
    masked_lm_head_ =
        MaskedLmHead(D, config.block.mlp.activation, config.block.norm_kind, config.block.norm_eps, format);
    if (!config.tie_embeddings) masked_lm_head_.untie(config.vocab_size, format);
  }
  if (config.lm_head && !config.tie_embeddings) lm_head_ = nn::Linear(D, config.vocab_size, format);
  if (config.num_labels > 0) classifier_ = nn::Linear(D, config.num_labels, format);

  if (shared_tokens_) shared_tokens_.name_all(parameters_, "embed.token");
  if (encoder_) {
    encoder_->name_all(parameters_);
    encoder_->name_activations(names_);
  }
  stack_.name_all(parameters_);
  stack_.name_activations(names_);
  if (config.pooler) pooler_.name_all(parameters_, "pooler");
  if (config.masked_lm_head) masked_lm_head_.name_all(parameters_, "mlm_head", stack_.tokens());
  if (config.lm_head) {
    nn::Linear& output = config.tie_embeddings ? stack_.tokens().tied() : lm_head_;
    if (!config.tie_embeddings) output.name_all(parameters_, "lm_head", false);
    if (config.lm_head_bias)
      output.name_bias(parameters_, "lm_head", 0, output.out(), Parameter::Initialisation::zeros);
  }
  if (config.masked_lm_head || config.lm_head) logits_site_ = names_.add("logits", "bqi");
  if (config.num_labels > 0) {
    classifier_.name_all(parameters_, "classifier", true);
    logits_site_ = names_.add("logits", "bi");
  }
}

void Model::initialise(std::uint64_t seed) { models::initialise(parameters_, seed, workspace_); }

void Model::make_logits(const ForwardInputs& inputs, ConstMatrixView hidden, Record& record) {
  if (inputs.last_logits_only) {
    const Index T = inputs.length;
    hidden = {hidden.row(T - 1), inputs.batch, hidden.cols, T * hidden.stride};
  }
  element_count({hidden.rows, config_.vocab_size});
  resize(logits_, hidden.rows, config_.vocab_size);
  if (config_.masked_lm_head)
    masked_lm_head_.forward(hidden, stack_.tokens(), view(logits_), workspace_);
  else
    (config_.tie_embeddings ? stack_.tokens().tied() : lm_head_).forward(hidden, view(logits_), workspace_);
  record.produced(logits_site_, nn::by_token(view(logits_), inputs.batch));
}

ConstMatrixView Model::encode(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record) {
  if (!encoder_) fail("value", {"encode: expected a model with an encoder and a decoder"});
  const kernels::Workspace::Scope scope(workspace_);
  return encoder_->forward(inputs, overrides, {record, workspace_});
}

ForwardOutput Model::forward(const ForwardInputs& inputs, const nn::AttentionOverrides& overrides, Record& record) {
  const kernels::Workspace::Scope scope(workspace_);
  const MatrixView x = stack_.forward(inputs, overrides, {record, workspace_});
  ForwardOutput output;
  output.last_hidden_state = x;
  if (config_.pooler) {
    resize(pooled_, inputs.batch, config_.d_model());
    pooler_.forward(x, view(pooled_), workspace_);
    output.pooler_output = view(pooled_);
  }
  if (config_.masked_lm_head || config_.lm_head) {
    make_logits(inputs, x, record);
    output.logits = view(logits_);
  }
  if (config_.num_labels > 0) {
    resize(logits_, inputs.batch, config_.num_labels);
    classifier_.forward(first_tokens(x, inputs.batch), view(logits_), workspace_);
    record.produced(logits_site_, TensorView::dense(logits_.data(), {inputs.batch, config_.num_labels}));
    output.logits = view(logits_);
  }
  return output;
}

void Model::request_for_backward(Record& record) const {
  if (!config_.masked_lm_head && !config_.lm_head && config_.num_labels == 0)
    fail("config", {"trainer: expected a model with a head that makes logits (lmHead, maskedLmHead or numLabels)"});
  if (config_.pooler) fail("config", {"trainer: the pooler cannot be trained: the logits do not depend on it"});
  if (encoder_) encoder_->request_for_backward(record);
  stack_.request_for_backward(record);
}

void Model::backward(const ForwardInputs& inputs, const ForwardInputs& encoder, const nn::AttentionOverrides& overrides,
                     const MatrixView& dlogits, const nn::Backward& backward) const {
  const kernels::Workspace::Scope scope(backward.workspace);
  const ConstMatrixView hidden = stack_.last_hidden_state();
  const MatrixView gradient = backward.workspace.zeros(hidden.rows, hidden.cols);
  if (config_.num_labels > 0) {
    backward.record_gradient(logits_site_, TensorView::dense(dlogits.data, {dlogits.rows, dlogits.cols}));
    const MatrixView first{gradient.data, inputs.batch, gradient.cols, inputs.length * gradient.stride};
    classifier_.backward(first_tokens(hidden, inputs.batch), dlogits, {}, first, backward);
  } else {
    backward.record_gradient(logits_site_, nn::by_token(dlogits, inputs.batch));
  }
  if (config_.masked_lm_head)
    masked_lm_head_.backward(hidden, stack_.tokens(), dlogits, gradient, backward);
  else if (config_.lm_head)
    (config_.tie_embeddings ? stack_.tokens().tied() : lm_head_).backward(hidden, dlogits, {}, gradient, backward);

  const MatrixView d_encoder_hidden_states =
      backward.workspace.zeros(inputs.cross.encoder_hidden_states.rows, config_.d_model());
  stack_.backward(inputs, overrides, gradient, d_encoder_hidden_states, backward);
  if (encoder_) encoder_->backward(encoder, {}, d_encoder_hidden_states, {}, backward);
}

}  // namespace attention_lab::models
