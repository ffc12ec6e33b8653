// The arrangements of a block's sublayers, in the paper's order.
#include "nn/block.h"

#include <algorithm>

#include "nn/sublayer.h"

namespace attention_lab::nn {

namespace {

MultiHeadAttentionConfig over_memory(MultiHeadAttentionConfig attention) {
  attention.causal = false;
  attention.window = -1;
  attention.global_tokens = false;
  attention.relative = false;
  return attention;
}

/// Each sequence's rows of x [B·T, D] after those of the past [B·M, D].   [B·(M + T), D]
MatrixView after(const ConstMatrixView& past, const ConstMatrixView& x, Index batch, kernels::Workspace& workspace) {
  const MatrixView both = workspace.take(past.rows + x.rows, x.cols);
  float* to = both.data;
  for (Index b = 0; b < batch; ++b)
    for (const ConstMatrixView& part : {past, x}) {
      const Index size = part.rows / batch * part.cols;  // without gaps
      to = std::copy_n(part.data + b * size, size, to);
    }
  return both;
}

}  // namespace

Block::Block(const BlockConfig& config) : config_(config), attention_(config.attention) {
  const Index D = config.attention.d_model;
  if (config.attention.d_out() != D)
    fail("config", {"attention without an output projection: expected numHeads × dHead = ", D, ", got ",
                    config.attention.d_out()});
  const auto norm = [&] { return Norm(config.norm_kind, D, config.norm_eps); };
  attention_norm_ = norm();
  if (config.cross_attention) {
    cross_attention_ = MultiHeadAttention(over_memory(config.attention));
    cross_norm_ = norm();
  }
  if (config.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    if (config.cross_attention) fail("config", {"feedForward: linear_of_sum has no cross-attention"});
    linear_ = Linear(D, D);
  } else {
    FeedForwardConfig mlp = config.mlp;
    mlp.d_model = D;
    feed_forward_ = FeedForward(mlp);
    mlp_norm_ = norm();
  }
}

void Block::name_all(Parameters& parameters, const std::string& prefix) {
  attention_.name_all(parameters, prefix + (config_.cross_attention ? "self_attn." : "attn."));
  attention_norm_.name_all(parameters, prefix + "norm1");
  if (config_.cross_attention) {
    cross_attention_.name_all(parameters, prefix + "cross_attn.");
    cross_norm_.name_all(parameters, prefix + "norm2");
  }
  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    linear_.name_all(parameters, prefix + "linear", true);
  } else {
    feed_forward_.name_all(parameters, prefix + "mlp");
    mlp_norm_.name_all(parameters, prefix + (config_.cross_attention ? "norm3" : "norm2"));
  }
}

void Block::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.resid_pre = names.add(prefix + "resid_pre", "bqi");
  attention_.name_activations(names, prefix + (config_.cross_attention ? "self_attn." : "attn."));
  sites_.resid_mid = names.add(prefix + "resid_mid", "bqi");
  if (config_.cross_attention) {
    cross_attention_.name_activations(names, prefix + "cross_attn.");
    sites_.resid_cross = names.add(prefix + "resid_cross", "bqi");
  }
  if (config_.feed_forward == BlockConfig::FeedForwardKind::mlp) feed_forward_.name_activations(names, prefix + "mlp");
  sites_.resid_post = names.add(prefix + "resid_post", "bqi");
}

/// What keys and values are made of, x [B·T, D] being the block's input: the past's rows and x's, through the norm where
/// it stands first.
MatrixView Block::keys_after_past(const ConstMatrixView& x, Index batch, const ConstMatrixView& past,
                                  kernels::Workspace& workspace) const {
  const MatrixView keys = after(past, x, batch, workspace);
  if (config_.norm == BlockConfig::NormPlacement::pre) attention_norm_.forward(keys, keys);
  return keys;
}

void Block::forward(const MatrixView& x, Index batch, const AttentionOverrides& overrides, const SequenceState& state,
                    const Memory& memory, Record& record, kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  record.produced(sites_.resid_pre, by_token(x, batch));

  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    attention_.forward(x, x, x, batch, overrides, state, x, x, record, workspace);
    record.produced(sites_.resid_mid, by_token(x, batch));
    const MatrixView sum = workspace.take(x.rows, x.cols);
    linear_.forward(x, sum, workspace);
    attention_norm_.forward(sum, x);
    record.produced(sites_.resid_post, by_token(x, batch));
    return;
  }

  // A sublayer f is x ← Norm(x + f(x)) or, with the norm before it, x ← x + f(Norm(x)).
  const bool pre = config_.norm == BlockConfig::NormPlacement::pre;
  const MatrixView input = pre ? workspace.take(x.rows, x.cols) : x;
  const auto enter = [&](const Norm& norm) {
    if (pre) norm.forward(x, input);
  };
  const auto leave = [&](const Norm& norm, Site site) {
    if (!pre) norm.forward(x, x);
    record.produced(site, by_token(x, batch));
  };

  enter(attention_norm_);
  const MatrixView keys = state.past ? keys_after_past(x, batch, state.past, workspace) : input;
  attention_.forward(input, keys, keys, batch, overrides, state, x, x, record, workspace);
  leave(attention_norm_, sites_.resid_mid);

  if (config_.cross_attention) {
    enter(cross_norm_);
    cross_attention_.forward(input, memory.hidden, memory.hidden, batch, memory.overrides,
                             {.cache = memory.cache, .layer = state.layer}, x, x, record, workspace);
    leave(cross_norm_, sites_.resid_cross);
  }

  enter(mlp_norm_);
  feed_forward_.forward(input, batch, x, x, record, workspace);
  leave(mlp_norm_, sites_.resid_post);
}

void Block::request_for_backward(Record& record) const {
  record.request(sites_.resid_pre);
  record.request(sites_.resid_mid);
  attention_.request_for_backward(record);
  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) return;
  feed_forward_.request_for_backward(record);
  if (config_.cross_attention) {
    record.request(sites_.resid_cross);
    cross_attention_.request_for_backward(record);
  }
  if (config_.norm == BlockConfig::NormPlacement::pre) return;
  // Norm read the sum of the stream and a sublayer's output.
  record.request(attention_.out());
  record.request(feed_forward_.out());
  if (config_.cross_attention) record.request(cross_attention_.out());
}

/// The way back through the attention of `input` to itself and to the past. The gradient goes no further into the past
/// than to the weights that read it: Dai et al. 2019, arXiv:1901.02860, section 3.2.
void Block::attention_backward(const ConstMatrixView& input, Index batch, const AttentionOverrides& overrides,
                               const SequenceState& state, const ConstMatrixView& gradient,
                               const ConstMatrixView& residual, const MatrixView& d_input,
                               const Backward& backward) const {
  const ConstMatrixView past = state.past;
  if (!past) return attention_.backward(input, {}, batch, overrides, state, gradient, residual, d_input, {}, backward);
  const ConstMatrixView keys = keys_after_past(backward.record.rows(sites_.resid_pre), batch, past, backward.workspace);
  const MatrixView d_keys = backward.workspace.zeros(keys.rows, keys.cols);
  attention_.backward(input, keys, batch, overrides, state, gradient, residual, d_input, d_keys, backward);
  const Index M = past.rows / batch, T = input.rows / batch, D = keys.cols;
  for (Index b = 0; b < batch; ++b) {
    const MatrixView d_past{d_keys.row(b * (M + T)), M, D, D}, d_own{d_input.row(b * T), T, D, D};
    kernels::add(d_own, {d_past.row(M), T, D, D}, d_own);
    if (config_.norm == BlockConfig::NormPlacement::pre)
      attention_norm_.backward({past.row(b * M), M, D, D}, d_past, {}, d_past, backward);
  }
}

void Block::backward(const MatrixView& gradient, Index batch, const AttentionOverrides& overrides,
                     const SequenceState& state, const Memory& memory, const MatrixView& d_memory,
                     const Backward& backward) const {
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Record& record = backward.record;
  const MatrixView scratch = workspace.take(gradient.rows, gradient.cols);
  const auto reached = [&](Site site, const MatrixView& rows) { backward.reached(site, by_token(rows, batch)); };

  if (config_.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum) {
    reached(sites_.resid_post, gradient);
    const ConstMatrixView sum = record.rows(sites_.resid_mid);
    linear_.forward(sum, scratch, workspace);
    attention_norm_.backward(scratch, gradient, {}, gradient, backward);
    linear_.backward(sum, gradient, {}, scratch, backward);
    reached(sites_.resid_mid, scratch);
    attention_.backward(record.rows(sites_.resid_pre), {}, batch, overrides, state, scratch, scratch, gradient, {},
                        backward);
    return reached(sites_.resid_pre, gradient);
  }

  // The way back through a sublayer, x at `before` ← Norm(x + f(x)) or x + f(Norm(x)) at `after`; `out` names f's value,
  // and f_backward(input, residual, dx) goes from `gradient` back through f.
  const bool pre = config_.norm == BlockConfig::NormPlacement::pre;
  const MatrixView input = pre ? workspace.take(gradient.rows, gradient.cols) : MatrixView{};
  const auto leave = [&](Site before, Site out, Site after, const Norm& norm, auto&& f_backward) {
    reached(after, gradient);
    const ConstMatrixView x = record.rows(before);
    if (pre) {
      norm.forward(x, input);
      f_backward(ConstMatrixView(input), ConstMatrixView{}, scratch);
      norm.backward(x, scratch, gradient, gradient, backward);
    } else {
      kernels::add(record.rows(out), x, scratch);
      norm.backward(scratch, gradient, {}, gradient, backward);
      f_backward(x, ConstMatrixView(gradient), gradient);
    }
  };

  const Site before_mlp = config_.cross_attention ? sites_.resid_cross : sites_.resid_mid;
  leave(before_mlp, feed_forward_.out(), sites_.resid_post, mlp_norm_,
        [&](const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& dx) {
          feed_forward_.backward(x, batch, gradient, residual, dx, backward);
        });
  if (config_.cross_attention)
    leave(sites_.resid_mid, cross_attention_.out(), sites_.resid_cross, cross_norm_,
          [&](const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& dx) {
            cross_attention_.backward(x, memory.hidden, batch, memory.overrides, {}, gradient, residual, dx, d_memory,
                                      backward);
          });
  leave(sites_.resid_pre, attention_.out(), sites_.resid_mid, attention_norm_,
        [&](const ConstMatrixView& x, const ConstMatrixView& residual, const MatrixView& dx) {
          attention_backward(x, batch, overrides, state, gradient, residual, dx, backward);
        });
  reached(sites_.resid_pre, gradient);
}

}  // namespace attention_lab::nn
