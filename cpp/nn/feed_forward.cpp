// Two linear layers; the activation and the residual ride in their epilogues unless somebody observes what is in between.
#include "nn/feed_forward.h"

#include "kernels/elementwise_backward.h"

namespace attention_lab::nn {

FeedForward::FeedForward(const FeedForwardConfig& config)
    : config_(config),
      fc1_(config.d_model, config.d_ff, config.weights),
      fc2_(config.d_ff, config.d_model, config.weights) {
  if (config.gated) gate_ = Linear(config.d_model, config.d_ff, config.weights);
}

void FeedForward::name_all(Parameters& parameters, const std::string& name) {
  if (config_.gated) gate_.name_all(parameters, name + ".gate", config_.mlp_bias);
  fc1_.name_all(parameters, name + ".fc1", config_.mlp_bias);
  fc2_.name_all(parameters, name + ".fc2", config_.mlp_bias);
}

void FeedForward::name_activations(ActivationNames& names, const std::string& name) {
  sites_.pre = names.add(name + ".pre", "bqi");
  if (config_.gated) sites_.pre_linear = names.add(name + ".pre_linear", "bqi");
  sites_.post = names.add(name + ".post", "bqi");
  sites_.out = names.add(name + ".out", "bqi");
}

void FeedForward::forward(const ConstMatrixView& x, Index batch, const SublayerOutput& output,
                          const Forward& forward) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Linear& first = config_.gated ? gate_ : fc1_;
  const MatrixView hidden = workspace.take(x.rows, first.out());  // [B·T, F]
  if (record.is_observed(sites_.pre)) {
    first.forward(x, hidden, workspace);
    record.produced(sites_.pre, by_token(hidden, batch));
    const std::size_t count = static_cast<std::size_t>(hidden.rows * hidden.cols);
    kernels::activate(config_.activation, {hidden.data, count}, {hidden.data, count});
  } else {
    first.forward(x, hidden, workspace, {config_.activation, {}});
    record.skipped(sites_.pre);
  }
  if (config_.gated) {
    const MatrixView linear = workspace.take(x.rows, fc1_.out());  // [B·T, F]
    fc1_.forward(x, linear, workspace);
    record.produced(sites_.pre_linear, by_token(linear, batch));
    map(hidden).array() *= map(linear).array();
  }
  record.produced(sites_.post, by_token(hidden, batch));
  forward_with_residual(fc2_, hidden, batch, output, sites_.out, forward);
}

void FeedForward::request_for_backward(Record& record) const {
  record.request(sites_.pre);
  if (config_.gated) record.request(sites_.pre_linear);
  record.request(sites_.post);
}

void FeedForward::backward(const ConstMatrixView& x, Index batch, const ConstMatrixView& dy, const GradientSum& dx,
                           const Backward& backward) const {
  const kernels::Workspace::Scope scope(backward.workspace);
  const Record& record = backward.record;
  const MatrixView hidden = backward.workspace.take(x.rows, fc2_.in());  // [B·T, F]: gradients
  fc2_.backward(record.rows(sites_.post), gradient_of_term(sites_.out, dy, batch, backward), {}, hidden, backward);
  backward.record_gradient(sites_.post, by_token(hidden, batch));

  const std::size_t count = static_cast<std::size_t>(hidden.rows * hidden.cols);
  const std::span<float> gradient(hidden.data, count);
  const std::span<const float> pre = record.values(sites_.pre);
  if (config_.gated) {  // post = activation(pre) ⊙ pre_linear
    const MatrixView linear = backward.workspace.take(hidden.rows, hidden.cols);
    const std::span<float> linear_gradient(linear.data, count);
    kernels::activate(config_.activation, pre, linear_gradient);
    kernels::multiply(linear_gradient, gradient, linear_gradient);
    backward.record_gradient(sites_.pre_linear, by_token(linear, batch));
    kernels::multiply(gradient, record.values(sites_.pre_linear), gradient);
    kernels::activation_backward(config_.activation, pre, gradient, gradient);
    backward.record_gradient(sites_.pre, by_token(hidden, batch));
    gate_.backward(x, hidden, dx.so_far, dx.dx, backward);
    fc1_.backward(x, linear, dx.dx, dx.dx, backward);
  } else {
    kernels::activation_backward(config_.activation, pre, gradient, gradient);
    backward.record_gradient(sites_.pre, by_token(hidden, batch));
    fc1_.backward(x, hidden, dx.so_far, dx.dx, backward);
  }
}

}  // namespace attention_lab::nn
