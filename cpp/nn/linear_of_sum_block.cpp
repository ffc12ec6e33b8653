// Forward and backward of the block of one linear layer.
#include "nn/linear_of_sum_block.h"

namespace attention_lab::nn {

LinearOfSumBlock::LinearOfSumBlock(const BlockConfig& config)
    : attention_(config.attention),
      linear_(config.attention.d_model, config.attention.d_model, config.attention.weights),
      norm_(config.norm_kind, config.attention.d_model, config.norm_eps) {
  if (config.cross_attention) fail("config", {"feedForward: linear_of_sum has no cross-attention"});
}

void LinearOfSumBlock::name_all(Parameters& parameters, const std::string& prefix) {
  attention_.name_all(parameters, prefix + "attn.");
  norm_.name_all(parameters, prefix + "norm1");
  linear_.name_all(parameters, prefix + "linear", true);
}

void LinearOfSumBlock::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.resid_pre = names.add(prefix + "resid_pre", "bqi");
  attention_.name_activations(names, prefix + "attn.");
  sites_.resid_mid = names.add(prefix + "resid_mid", "bqi");
  sites_.resid_post = names.add(prefix + "resid_post", "bqi");
}

void LinearOfSumBlock::forward(const MatrixView& x, const BlockInputs& inputs, const Forward& forward) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  record.produced(sites_.resid_pre, by_token(x, inputs.batch));
  attention_.forward({inputs.batch, x, x, x, inputs.overrides, inputs.sequence, inputs.cache}, added_to(x), forward);
  record.produced(sites_.resid_mid, by_token(x, inputs.batch));
  const MatrixView y = workspace.take(x.rows, x.cols);
  linear_.forward(x, y, workspace);
  norm_.forward(y, x);
  record.produced(sites_.resid_post, by_token(x, inputs.batch));
}

void LinearOfSumBlock::request_for_backward(Record& record) const {
  record.request(sites_.resid_pre);
  record.request(sites_.resid_mid);
  attention_.request_for_backward(record);
}

void LinearOfSumBlock::backward(const MatrixView& gradient, const BlockInputs& inputs,
                                const BlockInputGradients& d_inputs, const Backward& backward) const {
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const auto record_gradient = [&](Site site, const MatrixView& rows) {
    backward.record_gradient(site, by_token(rows, inputs.batch));
  };
  const ConstMatrixView x = backward.record.rows(sites_.resid_pre), sum = backward.record.rows(sites_.resid_mid);
  const MatrixView d_sum = workspace.take(gradient.rows, gradient.cols);

  record_gradient(sites_.resid_post, gradient);
  linear_.forward(sum, d_sum, workspace);  // once more: what the norm read
  norm_.backward(d_sum, gradient, {}, gradient, backward);
  linear_.backward(sum, gradient, {}, d_sum, backward);
  record_gradient(sites_.resid_mid, d_sum);
  attention_.backward({inputs.batch, x, x, x, inputs.overrides, inputs.sequence}, d_sum,
                      {{d_sum, gradient}, {}, d_inputs.position_bias}, backward);
  record_gradient(sites_.resid_pre, gradient);
}

}  // namespace attention_lab::nn
