// The numbers of a step in double; its loop over the weights is a kernel.
#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/adam_w.h"
#include "kernels/scalar_math.h"

namespace attention_lab::train {

double learning_rate(const OptimizerConfig& config, std::int64_t done) {
  if (done < config.warmup_steps)
    return config.lr * static_cast<double>(done) / static_cast<double>(config.warmup_steps);
  if (config.total_steps == 0) return config.lr;
  if (done >= config.total_steps) return 0.0;
  const double progress = static_cast<double>(done - config.warmup_steps) /
                          static_cast<double>(std::max<Index>(1, config.total_steps - config.warmup_steps));
  return config.lr * 0.5 * (1.0 + kernels::sin_cos(std::numbers::pi * progress).cosine);
}

Optimizer::Optimizer(const OptimizerConfig& config, const ParameterBlocks& blocks)
    : config_(config), blocks_(blocks), first_(Vector::Zero(blocks.size())), second_(Vector::Zero(blocks.size())) {
  require_at_least(0, config.warmup_steps, "warmupSteps");
  require_at_least(0, config.total_steps, "totalSteps");
}

void Optimizer::set_steps(double steps) {
  if (!(steps >= 0.0 && steps <= 0x1p53)) fail("value", {"step: expected a number of steps from 0 to 2⁵³"});
  steps_ = static_cast<std::int64_t>(steps);
}

double Optimizer::step(const float* gradient, double norm) {
  const double lr = learning_rate(config_, steps_);
  ++steps_;
  const double t = static_cast<double>(steps_);
  kernels::AdamWStep step;
  step.gradient_scale = static_cast<float>(std::min(1.0, config_.clip_norm / (norm + 1e-6)));
  step.decay = static_cast<float>(1.0 - lr * config_.weight_decay);
  step.beta1 = static_cast<float>(config_.beta1);
  step.beta2 = static_cast<float>(config_.beta2);
  step.rate = static_cast<float>(lr / (1.0 - kernels::power(config_.beta1, t)));
  step.bias_correction = static_cast<float>(std::sqrt(1.0 - kernels::power(config_.beta2, t)));
  step.eps = static_cast<float>(config_.eps);
  for (const ParameterBlocks::Block& block : blocks_.blocks())
    kernels::adam_w(step, gradient + block.offset, block.size, block.storage, first_.data() + block.offset,
                    second_.data() + block.offset);
  return lr;
}

}  // namespace attention_lab::train
