// The transformer block's sublayers in the paper's order; forward, then backward.
#include "nn/block.h"

#include <algorithm>

#include "nn/linear_of_sum_block.h"

namespace attention_lab::nn {

namespace {

MultiHeadAttentionConfig cross_attention_config(MultiHeadAttentionConfig attention) {
  attention.causal = false;
  attention.window = -1;
  attention.global_tokens = false;
  attention.transformer_xl = false;
  attention.qk_norm = false;
  return attention;
}

/// Each sequence's rows of x [B·T, D] after its mems [B·M, D].   [B·(M + T), D]
MatrixView concatenate(const ConstMatrixView& mems, const ConstMatrixView& x, Index batch,
                       kernels::Workspace& workspace) {
  const MatrixView both = workspace.take(mems.rows + x.rows, x.cols);
  float* to = both.data;
  for (Index b = 0; b < batch; ++b)
    for (const ConstMatrixView& part : {mems, x}) {
      const Index size = part.rows / batch * part.cols;  // without gaps
      to = std::copy_n(part.data + b * size, size, to);
    }
  return both;
}

const SequenceContext kNoContext;  // positions are the decoder's own: none of cross-attention's

AttentionInputs cross_inputs(const ConstMatrixView& query, const BlockInputs& inputs) {
  const ConstMatrixView& states = inputs.cross.encoder_hidden_states;
  return {inputs.batch, query, states, states, inputs.cross.overrides, kNoContext, inputs.cross_cache};
}

}  // namespace

std::unique_ptr<Block> make_block(const BlockConfig& config) {
  const MultiHeadAttentionConfig& attention = config.attention;
  if (attention.d_out() != attention.d_model)
    fail("config", {"attention without an output projection: expected numHeads × dHead = ", attention.d_model, ", got ",
                    attention.d_out()});
  if (config.feed_forward == BlockConfig::FeedForwardKind::linear_of_sum)
    return std::make_unique<LinearOfSumBlock>(config);
  return std::make_unique<TransformerBlock>(config);
}

TransformerBlock::TransformerBlock(const BlockConfig& config) : config_(config), attention_(config.attention) {
  const Index D = config.attention.d_model;
  const auto norm = [&] { return Norm(config.norm_kind, D, config.norm_eps); };
  attention_norm_ = norm();
  if (config.cross_attention) {
    cross_attention_ = MultiHeadAttention(cross_attention_config(config.attention));
    cross_norm_ = norm();
  }
  FeedForwardConfig mlp = config.mlp;
  mlp.d_model = D;
  mlp.weights = config.attention.weights;
  feed_forward_ = FeedForward(mlp);
  mlp_norm_ = norm();
}

void TransformerBlock::name_all(Parameters& parameters, const std::string& prefix) {
  const bool cross = config_.cross_attention;
  attention_.name_all(parameters, prefix + (cross ? "self_attn." : "attn."));
  attention_norm_.name_all(parameters, prefix + "norm1");
  if (cross) {
    cross_attention_.name_all(parameters, prefix + "cross_attn.");
    cross_norm_.name_all(parameters, prefix + "norm2");
  }
  feed_forward_.name_all(parameters, prefix + "mlp");
  mlp_norm_.name_all(parameters, prefix + (cross ? "norm3" : "norm2"));
}

void TransformerBlock::name_activations(ActivationNames& names, const std::string& prefix) {
  const bool cross = config_.cross_attention;
  sites_.resid_pre = names.add(prefix + "resid_pre", "bqi");
  attention_.name_activations(names, prefix + (cross ? "self_attn." : "attn."));
  sites_.resid_mid = names.add(prefix + "resid_mid", "bqi");
  if (cross) {
    cross_attention_.name_activations(names, prefix + "cross_attn.");
    sites_.resid_cross = names.add(prefix + "resid_cross", "bqi");
  }
  feed_forward_.name_activations(names, prefix + "mlp");
  sites_.resid_post = names.add(prefix + "resid_post", "bqi");
}

/// What keys and values are made of, x being the block's input: the mems' rows and x's, through the norm where it stands
/// first.
MatrixView TransformerBlock::keys_with_mems(const ConstMatrixView& x, const BlockInputs& inputs,
                                            kernels::Workspace& workspace) const {
  const MatrixView keys = concatenate(inputs.mems, x, inputs.batch, workspace);
  if (is_pre()) attention_norm_.forward(keys, keys);
  return keys;
}

void TransformerBlock::forward(const MatrixView& x, const BlockInputs& inputs, const Forward& forward) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  record.produced(sites_.resid_pre, by_token(x, inputs.batch));

  // A sublayer f is x ← Norm(x + f(x)) or, with the norm before it, x ← x + f(Norm(x)).
  const MatrixView input = is_pre() ? workspace.take(x.rows, x.cols) : x;
  const auto enter = [&](const Norm& norm) {
    if (is_pre()) norm.forward(x, input);
  };
  const auto leave = [&](const Norm& norm, Site site) {
    if (!is_pre()) norm.forward(x, x);
    record.produced(site, by_token(x, inputs.batch));
  };

  const MatrixView mlp_input = is_parallel() ? workspace.take(x.rows, x.cols) : input;
  if (is_parallel()) mlp_norm_.forward(x, mlp_input);
  enter(attention_norm_);
  const MatrixView keys = inputs.mems ? keys_with_mems(x, inputs, workspace) : input;
  attention_.forward({inputs.batch, input, keys, keys, inputs.overrides, inputs.sequence, inputs.cache}, added_to(x),
                     forward);
  leave(attention_norm_, sites_.resid_mid);

  if (config_.cross_attention) {
    enter(cross_norm_);
    cross_attention_.forward(cross_inputs(input, inputs), added_to(x), forward);
    leave(cross_norm_, sites_.resid_cross);
  }

  if (!is_parallel()) enter(mlp_norm_);
  feed_forward_.forward(mlp_input, inputs.batch, added_to(x), forward);
  leave(mlp_norm_, sites_.resid_post);
}

void TransformerBlock::request_for_backward(Record& record) const {
  record.request(sites_.resid_pre);
  record.request(sites_.resid_mid);
  attention_.request_for_backward(record);
  feed_forward_.request_for_backward(record);
  if (config_.cross_attention) {
    record.request(sites_.resid_cross);
    cross_attention_.request_for_backward(record);
  }
  if (is_pre()) return;
  // The norm read the sum of the stream and a sublayer's output.
  record.request(attention_.out());
  record.request(feed_forward_.out());
  if (config_.cross_attention) record.request(cross_attention_.out());
}

/// Of the attention of x to itself and to the mems. The gradient stops at the mems: only the weights that read them get
/// their share. Dai et al. 2019, arXiv:1901.02860, section 3.2.
void TransformerBlock::attention_backward(const ConstMatrixView& x, const BlockInputs& inputs,
                                          const ConstMatrixView& dy, const GradientSum& dx,
                                          const BlockInputGradients& d_inputs, const Backward& backward) const {
  const Index B = inputs.batch;
  if (!inputs.mems)
    return attention_.backward({B, x, x, x, inputs.overrides, inputs.sequence}, dy, {dx, {}, d_inputs.position_bias},
                               backward);
  const ConstMatrixView keys = keys_with_mems(backward.record.rows(sites_.resid_pre), inputs, backward.workspace);
  const MatrixView d_keys = backward.workspace.zeros(keys.rows, keys.cols);
  attention_.backward({B, x, keys, keys, inputs.overrides, inputs.sequence}, dy, {dx, d_keys, d_inputs.position_bias},
                      backward);
  const Index M = inputs.mems.rows / B, T = x.rows / B, D = keys.cols;
  for (Index b = 0; b < B; ++b) {
    const MatrixView d_mems{d_keys.row(b * (M + T)), M, D, D}, d_own{dx.dx.row(b * T), T, D, D};
    kernels::add(d_own, {d_mems.row(M), T, D, D}, d_own);
    if (is_pre()) attention_norm_.backward({inputs.mems.row(b * M), M, D, D}, d_mems, {}, d_mems, backward);
  }
}

void TransformerBlock::backward(const MatrixView& gradient, const BlockInputs& inputs,
                                const BlockInputGradients& d_inputs, const Backward& backward) const {
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Record& record = backward.record;
  const MatrixView scratch = workspace.take(gradient.rows, gradient.cols);
  const MatrixView input = is_pre() ? workspace.take(gradient.rows, gradient.cols) : MatrixView{};
  const auto record_gradient = [&](Site site) { backward.record_gradient(site, by_token(gradient, inputs.batch)); };

  // Of a sublayer, x at `before` ← Norm(x + f(x)) or x + f(Norm(x)) at `after`; `out` names f's value, and
  // f_backward(input, dx) adds the gradient of f's input to dx, from `gradient`.
  const auto sublayer = [&](Site before, Site out, Site after, const Norm& norm, auto&& f_backward) {
    record_gradient(after);
    const ConstMatrixView x = record.rows(before);
    if (is_pre()) {
      norm.forward(x, input);
      f_backward(ConstMatrixView(input), GradientSum{{}, scratch});
      norm.backward(x, scratch, gradient, gradient, backward);
    } else {
      kernels::add(record.rows(out), x, scratch);
      norm.backward(scratch, gradient, {}, gradient, backward);
      f_backward(x, GradientSum{gradient, gradient});
    }
  };

  const MatrixView by_mlp = is_parallel() ? workspace.take(gradient.rows, gradient.cols) : MatrixView{};
  if (is_parallel()) {  // the MLP's share of the gradient of the block's input
    record_gradient(sites_.resid_post);
    const ConstMatrixView x = record.rows(sites_.resid_pre);
    mlp_norm_.forward(x, input);
    feed_forward_.backward(input, inputs.batch, gradient, {{}, scratch}, backward);
    mlp_norm_.backward(x, scratch, {}, by_mlp, backward);
  } else {
    sublayer(config_.cross_attention ? sites_.resid_cross : sites_.resid_mid, feed_forward_.out(), sites_.resid_post,
             mlp_norm_, [&](const ConstMatrixView& x, const GradientSum& dx) {
               feed_forward_.backward(x, inputs.batch, gradient, dx, backward);
             });
  }
  if (config_.cross_attention)
    sublayer(sites_.resid_mid, cross_attention_.out(), sites_.resid_cross, cross_norm_,
             [&](const ConstMatrixView& x, const GradientSum& dx) {
               cross_attention_.backward(cross_inputs(x, inputs), gradient, {dx, d_inputs.encoder_hidden_states},
                                         backward);
             });
  sublayer(sites_.resid_pre, attention_.out(), sites_.resid_mid, attention_norm_,
           [&](const ConstMatrixView& x, const GradientSum& dx) {
             attention_backward(x, inputs, gradient, dx, d_inputs, backward);
           });
  if (is_parallel()) kernels::add(gradient, by_mlp, gradient);
  record_gradient(sites_.resid_pre);
}

}  // namespace attention_lab::nn
