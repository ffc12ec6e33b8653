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
  if (config.pooler) pooler_ = Pooler(D, config.pooler_activation, format);
  if (config.masked_lm_head) {
    masked_lm_head_ = MaskedLmHead(D, config.embedding_width(), config.block.mlp.activation, config.block.norm_kind,
                                   config.block.norm_eps, format);
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
    logits_site_ = names_.add("logits", config.labels_sequences() ? "bi" : "bqi");
  }
}

void Model::initialise(std::uint64_t seed) { models::initialise(parameters_, seed, workspace_); }

/// A classifier's logits, or their gradients, as the record has them: [B, L], or by token [B, T, L].
TensorView Model::by_label(const MatrixView& logits, Index batch) const {
  return config_.labels_sequences() ? TensorView::dense(logits.data, {batch, logits.cols})
                                    : nn::by_token(logits, batch);
}

/// What a classifier reads: of every token its last hidden state, of a sequence the pooler's output or the first token's.
ConstMatrixView Model::classified(const ConstMatrixView& hidden, Index batch) const {
  if (!config_.labels_sequences()) return hidden;
  return config_.pooler ? view(pooled_) : first_tokens(hidden, batch);
}

/// What lm_head reads, in the workspace where it is scaled.
ConstMatrixView Model::scaled(const ConstMatrixView& hidden, kernels::Workspace& workspace) const {
  if (config_.logit_scale == 1.0f) return hidden;
  const MatrixView result = workspace.take(hidden.rows, hidden.cols);
  kernels::copy(hidden, result);
  map(result) *= config_.logit_scale;
  return result;
}

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
    (config_.tie_embeddings ? stack_.tokens().tied() : lm_head_)
        .forward(scaled(hidden, workspace_), view(logits_), workspace_);
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
    const ConstMatrixView from = classified(x, inputs.batch);
    resize(logits_, from.rows, config_.num_labels);
    classifier_.forward(from, view(logits_), workspace_);
    record.produced(logits_site_, by_label(view(logits_), inputs.batch));
    output.logits = view(logits_);
  }
  return output;
}

void Model::request_for_backward(Record& record) const {
  if (!config_.masked_lm_head && !config_.lm_head && config_.num_labels == 0)
    fail("config", {"trainer: expected a model with a head that makes logits (lmHead, maskedLmHead or numLabels)"});
  if (config_.pooler && !config_.labels_sequences())
    fail("config", {"trainer: the pooler cannot be trained: the logits do not depend on it"});
  if (encoder_) encoder_->request_for_backward(record);
  stack_.request_for_backward(record);
}

void Model::backward(const ForwardInputs& inputs, const ForwardInputs& encoder, const nn::AttentionOverrides& overrides,
                     const MatrixView& dlogits, const nn::Backward& backward) const {
  const kernels::Workspace::Scope scope(backward.workspace);
  const ConstMatrixView hidden = stack_.last_hidden_state();
  const MatrixView gradient = backward.workspace.zeros(hidden.rows, hidden.cols);
  if (config_.num_labels > 0) {
    backward.record_gradient(logits_site_, by_label(dlogits, inputs.batch));
    const MatrixView first{gradient.data, inputs.batch, gradient.cols, inputs.length * gradient.stride};
    const bool pools = config_.pooler, of_sequence = config_.labels_sequences();
    const MatrixView d_from = pools         ? backward.workspace.take(inputs.batch, gradient.cols)
                              : of_sequence ? first
                                            : gradient;
    classifier_.backward(classified(hidden, inputs.batch), dlogits, {}, d_from, backward);
    if (pools) pooler_.backward(hidden, d_from, first, backward);
  } else {
    backward.record_gradient(logits_site_, nn::by_token(dlogits, inputs.batch));
  }
  if (config_.masked_lm_head)
    masked_lm_head_.backward(hidden, stack_.tokens(), dlogits, gradient, backward);
  else if (config_.lm_head) {
    (config_.tie_embeddings ? stack_.tokens().tied() : lm_head_)
        .backward(scaled(hidden, backward.workspace), dlogits, {}, gradient, backward);
    if (config_.logit_scale != 1.0f) map(gradient) *= config_.logit_scale;
  }

  const MatrixView d_encoder_hidden_states =
      backward.workspace.zeros(inputs.cross.encoder_hidden_states.rows, config_.d_model());
  stack_.backward(inputs, overrides, gradient, d_encoder_hidden_states, backward);
  if (encoder_) encoder_->backward(encoder, {}, d_encoder_hidden_states, {}, backward);
}

}  // namespace attention_lab::models
