// AdamW with gradient clipping and a schedule of the learning rate, over flat memory. Knows no layer.
#pragma once

#include <cstdint>

#include "nn/parameter_blocks.h"

namespace attention_lab::train {

struct OptimizerConfig {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0.01;  // of every weight, as torch.optim.AdamW does
  double clip_norm = 1.0;      // infinity: gradients are never scaled
  Index warmup_steps = 0;
  Index total_steps = 0;  // 0: the rate stays after the warm-up
};

/// The learning-rate schedule, for the step that follows `done` steps: lr · done / warmup_steps during the warm-up, then
/// lr or, with total_steps, lr · ½ (1 + cos(π · progress)), and 0 from total_steps on.
/// transformers get_cosine_schedule_with_warmup; Loshchilov & Hutter 2017, arXiv:1608.03983.
double learning_rate(const OptimizerConfig& config, std::int64_t done);

/// Weights' moments, and the step that uses them.
class Optimizer {
 public:
  Optimizer(const OptimizerConfig& config, const ParameterBlocks& blocks);

  OptimizerConfig& config() { return config_; }
  float* first_moments() { return first_.data(); }
  float* second_moments() { return second_.data(); }
  std::int64_t steps() const { return steps_; }
  /// Throws unless 0 ≤ steps ≤ 2⁵³, up to where a number of JavaScript counts.
  void set_steps(double steps);

  /// Updates the weights of every block, given the flat gradient and its norm. Returns the learning rate it used.
  /// A norm above clip_norm is scaled down to it: torch.nn.utils.clip_grad_norm_.
  double step(const float* gradient, double norm);

 private:
  OptimizerConfig config_;
  const ParameterBlocks& blocks_;
  Vector first_, second_;   // flat as the blocks
  std::int64_t steps_ = 0;  // of more than 31 bits on every machine
};

}  // namespace attention_lab::train
