// The three arrangements of a block, each as its equation.
#include "nn/block.h"

#include "nn/sublayer.h"

namespace attention_lab::nn {

Block::Block(const BlockConfig& config)
    : config_(config),
      attention_(config.attention),
      norm1_(config.norm_kind, config.attention.d_model, config.norm_eps) {
  const Index D = config.attention.d_model;
  if (config.attention.d_out() != D)
    throw Error("config", {"attention without an output projection: expected numHeads × dHead = ", D, ", got ",
                           config.attention.d_out()});
  if (config.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    linear_ = Linear(D, D);
  } else {
    FeedForwardConfig mlp = config.mlp;
    mlp.d_model = D;
    feed_forward_ = FeedForward(mlp);
    norm2_ = Norm(config.norm_kind, D, config.norm_eps);
  }
}

void Block::name_all(Parameters& parameters, const std::string& prefix) {
  attention_.name_all(parameters, prefix + "attn.");
  norm1_.name_all(parameters, prefix + "norm1");
  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    linear_.name_all(parameters, prefix + "linear", true);
  } else {
    feed_forward_.name_all(parameters, prefix + "mlp");
    norm2_.name_all(parameters, prefix + "norm2");
  }
}

void Block::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.resid_pre = names.add(prefix + "resid_pre", "bqi");
  attention_.name_activations(names, prefix + "attn.");
  sites_.resid_mid = names.add(prefix + "resid_mid", "bqi");
  if (config_.feed_forward == BlockConfig::FeedForwardKind::mlp) feed_forward_.name_activations(names, prefix + "mlp");
  sites_.resid_post = names.add(prefix + "resid_post", "bqi");
}

void Block::forward(MatrixView x, Index batch, const AttentionOverrides& overrides, const SequenceState& state,
                    Record& record, kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  record.produced(sites_.resid_pre, by_token(x, batch));

  // x ← sublayer input + Attention(sublayer input or its norm)
  const auto add_attention = [&](ConstMatrixView input) {
    attention_.forward(input, input, input, batch, overrides, state, x, x, record, workspace);
  };

  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    add_attention(x);
    record.produced(sites_.resid_mid, by_token(x, batch));
    const MatrixView sum = workspace.take(x.rows, x.cols);
    linear_.forward(x, sum, workspace);
    norm1_.forward(sum, x);
  } else if (config_.norm == BlockConfig::NormPlacement::post) {
    add_attention(x);
    norm1_.forward(x, x);
    record.produced(sites_.resid_mid, by_token(x, batch));
    feed_forward_.forward(x, batch, x, x, record, workspace);
    norm2_.forward(x, x);
  } else {
    const MatrixView normed = workspace.take(x.rows, x.cols);
    norm1_.forward(x, normed);
    add_attention(normed);
    record.produced(sites_.resid_mid, by_token(x, batch));
    norm2_.forward(x, normed);
    feed_forward_.forward(normed, batch, x, x, record, workspace);
  }
  record.produced(sites_.resid_post, by_token(x, batch));
}

}  // namespace attention_lab::nn
