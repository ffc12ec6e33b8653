// Trains a model: forward, loss, backward, optimizer. The one place where they meet.
#pragma once

#include <span>
#include <vector>

#include "models/model.h"
#include "train/loss.h"
#include "train/optimizer.h"

namespace attention_lab::train {

/// One batch and its targets.
struct Batch {
  models::ForwardInputs inputs;   // of the only stack, or of the decoder
  models::ForwardInputs encoder;  // of an encoder–decoder
  nn::AttentionOverrides overrides;
  std::span<const int> labels;     // [B·T], of a classifier of sequences [B], of spans [B, 2]; kIgnored where none
  std::span<const float> targets;  // [B, L], in place of labels, where they are several or numbers
  /// Empty, or the weights of a Disagreement between the heads of a model of one stack, without mems. That term shapes the
  /// gradient; the loss that is reported is the cross-entropy alone.
  std::span<const float> disagreement;
};

struct StepResult : Evaluation {
  std::int64_t step = 0;   // steps taken, this one included
  double grad_norm = 0.0;  // before clipping
  double lr = 0.0;
};

class Trainer {
 public:
  /// Throws where the model has a part that cannot be trained, naming it. The model must outlive the trainer.
  Trainer(models::Model& model, const OptimizerConfig& config);
  Trainer(const Trainer&) = delete;  // the optimizer refers to blocks_
  Trainer& operator=(const Trainer&) = delete;

  /// Applied in every pass from now on.
  void set_interventions(std::vector<Intervention> interventions);
  Optimizer& optimizer() { return optimizer_; }
  /// Who may end a call, besides the model's own: it then throws kernels::Interrupted, the weights being as before.
  void set_interrupt(kernels::Interrupt* interrupt) { workspace_.set_interrupt(interrupt); }

  /// Throws if the loss is not finite; so do the others.
  Evaluation evaluate(const Batch& batch);
  /// Updates the weights. Throws, leaving them unchanged, if the loss or the gradient is not finite.
  StepResult step(const Batch& batch);
  /// Loss and gradients; weights stay as they are. The records, the first of make_record(), keep what was requested of them,
  /// activations and the loss's gradients with respect to them, and gradient_of() has those of parameters until the next call.
  Evaluation differentiate(const Batch& batch, Record& activations, Record& gradients);
  /// A record for differentiate(): it applies the trainer's interventions and keeps what backward reads.
  Record make_record() const;

  /// A parameter's counterpart among the gradients, and among the optimizer's moments.
  Parameter gradient_of(const Parameter& parameter) { return blocks_.within(gradient_.data(), parameter); }
  Parameter first_moment_of(const Parameter& parameter) {
    return blocks_.within(optimizer_.first_moments(), parameter);
  }
  Parameter second_moment_of(const Parameter& parameter) {
    return blocks_.within(optimizer_.second_moments(), parameter);
  }

 private:
  Record edited_record() const;
  models::ForwardInputs run(const Batch& batch, Record& record, ConstMatrixView& logits);
  Evaluation loss(const Batch& batch, const ConstMatrixView& logits, const MatrixView& dlogits);

  models::Model& model_;
  ParameterBlocks blocks_;
  Optimizer optimizer_;
  Vector gradient_;  // flat as the blocks
  std::vector<Intervention> interventions_;
  Record activations_, gradients_;  // of step(): memory that is kept from step to step
  kernels::Workspace workspace_;
};

}  // namespace attention_lab::train
