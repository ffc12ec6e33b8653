// The order of a step, and the memory that stays from one to the next.
#include "train/trainer.h"

#include <cmath>

#include "kernels/adam_w.h"
#include "train/disagreement.h"

namespace attention_lab::train {

namespace {

void require_finite(double value, const char* what) {
  if (std::isfinite(value)) return;
  fail("not_finite", {what, " is ", std::isnan(value) ? "NaN" : "infinite",
                      "; the weights are as before. A smaller learning rate or more warm-up may help"});
}

/// Before anything is laid out after its weights.
models::Model& trainable(models::Model& model) {
  if (const auto type = model.config().weights().type; type != kernels::WeightType::f32)
    fail("config", {"trainer: expected a model of dtype f32, got ", type == kernels::WeightType::f16 ? "f16" : "int8",
                    ": only f32 weights can be trained"});
  return model;
}

}  // namespace

Trainer::Trainer(models::Model& model, const OptimizerConfig& config)
    : model_(trainable(model)),
      blocks_(model.parameters()),
      optimizer_(config, blocks_),
      gradient_(Vector::Zero(blocks_.size())),
      activations_(model.activation_names()),
      gradients_(model.activation_names()) {
  model.request_for_backward(activations_);
}

Record Trainer::edited_record() const {
  Record record(model_.activation_names());
  for (const Intervention& intervention : interventions_) record.edit(intervention);
  return record;
}

Record Trainer::make_record() const {
  Record record = edited_record();
  model_.request_for_backward(record);
  return record;
}

void Trainer::set_interventions(std::vector<Intervention> interventions) {
  std::swap(interventions_, interventions);
  try {
    activations_ = make_record();
  } catch (...) {
    std::swap(interventions_, interventions);
    throw;
  }
}

/// The forward pass; returns the inputs as backward needs them.
models::ForwardInputs Trainer::run(const Batch& batch, Record& record, ConstMatrixView& logits) {
  models::ForwardInputs inputs = batch.inputs;
  if (!inputs.start.resid.empty() || inputs.cache)
    fail("value", {"batch: expected one that begins at the embeddings, without a key-value cache"});
  if (!batch.disagreement.empty()) {
    if (model_.encoder() || inputs.mems.length > 0)
      fail("value", {"disagreement: expected a model of one stack, and no mems"});
    require_count("disagreement", element_count({2, inputs.batch, inputs.length}), batch.disagreement.size());
  }
  if (model_.encoder()) {
    if (batch.encoder.batch != inputs.batch)
      fail("shape", {"batch: expected as many sequences for the decoder as for the encoder, ", batch.encoder.batch,
                     ", got ", inputs.batch});
    inputs.cross.encoder_hidden_states = model_.encode(batch.encoder, {}, record);
    if (!batch.encoder.attention_mask.empty()) inputs.cross.overrides.key_mask = batch.encoder.attention_mask.data();
  }
  logits = model_.forward(inputs, batch.overrides, record).logits;
  return inputs;
}

/// The loss that the model's head is trained by, and its gradient with respect to the logits.
Evaluation Trainer::loss(const Batch& batch, const ConstMatrixView& logits, const MatrixView& dlogits) {
  using LabelsFor = models::ModelConfig::LabelsFor;
  using ProblemType = models::ModelConfig::ProblemType;
  const models::ModelConfig& config = model_.config();
  Evaluation result;
  if (config.problem_type == ProblemType::multi_label_classification)
    result = binary_cross_entropy(logits, batch.targets, dlogits);
  else if (config.problem_type == ProblemType::regression)
    result = mean_squared_error(logits, batch.targets, dlogits);
  else if (config.num_labels > 0 && config.labels_for == LabelsFor::span) {
    require_count("labels", element_count({batch.inputs.batch, 2}), batch.labels.size());
    result = span_cross_entropy(logits, batch.labels, dlogits, workspace_);
  } else
    result = cross_entropy(logits, batch.labels, dlogits);
  require_finite(result.loss, "the loss");
  return result;
}

Evaluation Trainer::evaluate(const Batch& batch) {
  Record record = edited_record();
  ConstMatrixView logits;
  run(batch, record, logits);
  const kernels::Workspace::Scope scope(workspace_);
  return loss(batch, logits, {workspace_.take(logits.cols), logits.rows, logits.cols, 0});
}

Evaluation Trainer::differentiate(const Batch& batch, Record& activations, Record& gradients) {
  ConstMatrixView logits;
  const models::ForwardInputs inputs = run(batch, activations, logits);
  const kernels::Workspace::Scope scope(workspace_);
  const MatrixView dlogits = workspace_.take(logits.rows, logits.cols);
  const Evaluation result = loss(batch, logits, dlogits);
  gradient_.setZero();
  const Disagreement disagreement(model_.stack().patterns(), batch.disagreement);
  model_.backward(inputs, batch.encoder, batch.overrides, dlogits,
                  {activations, gradients, blocks_, gradient_.data(), workspace_,
                   batch.disagreement.empty() ? nullptr : &disagreement});
  blocks_.clear_unnamed(gradient_.data());
  return result;
}

StepResult Trainer::step(const Batch& batch) {
  StepResult result;
  static_cast<Evaluation&>(result) = differentiate(batch, activations_, gradients_);
  result.grad_norm = std::sqrt(kernels::sum_of_squares(gradient_.data(), gradient_.size()));
  require_finite(result.grad_norm, "the gradient's norm");
  result.lr = optimizer_.step(gradient_.data(), result.grad_norm);
  result.step = optimizer_.steps();
  return result;
}

}  // namespace attention_lab::train
