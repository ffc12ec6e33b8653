// One product for all three projections where they read the same rows; heads are strided slices of it.
#include "nn/qkv_projection.h"

namespace attention_lab::nn {

namespace {

/// Columns [first, first + count).
MatrixView columns(const MatrixView& all, Index first, Index count) {
  return {all.data + first, all.rows, count, all.stride};
}

}  // namespace

QkvProjection::QkvProjection(const MultiHeadAttentionConfig& config)
    : num_heads_(config.num_heads),
      num_kv_heads_(config.kv_heads()),
      d_head_(config.d_head),
      q_width_(config.shared_heads ? config.d_head : config.num_heads * config.d_head),
      kv_width_(config.shared_heads ? config.d_head : config.kv_heads() * config.d_head),
      bias_(config.bias),
      fused_(config.fused),
      shared_heads_(config.shared_heads) {
  linear_ = Linear(config.shared_heads ? config.d_head : config.d_model, q_width_ + 2 * kv_width_, config.weights);
}

void QkvProjection::name_all(Parameters& parameters, const std::string& prefix, const char* suffix) {
  if (fused_) return linear_.name_all(parameters, prefix + "qkv" + suffix, bias_);
  const auto name = [&](const char* what, Part part) {
    linear_.name_rows(parameters, prefix + what + suffix, part.first, part.count, bias_);
  };
  name("q", q_part());
  name("k", k_part());
  name("v", v_part());
}

MatrixView QkvProjection::project(ConstMatrixView x, Part part, kernels::Workspace& workspace) const {
  if (shared_heads_) {  // [B·T, H·K] is [B·T·H, K]: one row per token and head
    if (x.stride != x.cols) fail("shape", {"shared heads need rows without gaps"});
    x = {x.data, x.rows * num_heads_, d_head_, d_head_};
  }
  if (linear_.is_separable(part.first, part.count)) {
    const MatrixView y = workspace.take(x.rows, part.count);
    kernels::linear(x, linear_.rows(part.first, part.count), {}, y, workspace);
    return y;
  }
  // An odd width begins inside a panel: compute all three and use one.
  const MatrixView y = workspace.take(x.rows, linear_.out());
  linear_.forward(x, y, workspace);
  return columns(y, part.first, part.count);
}

/// Of project(). `gradients` has the columns of all three projections, zeros outside of `part`.
void QkvProjection::project_backward(ConstMatrixView x, Part part, const MatrixView& gradients, GradientSum& dx,
                                     const Backward& backward) const {
  const auto by_slice = [&](auto rows) {
    if (shared_heads_ && rows) rows = {rows.data, rows.rows * num_heads_, d_head_, d_head_};
    return rows;
  };
  if (!linear_.is_separable(part.first, part.count)) part = all();
  linear_.backward_rows(part.first, part.count, by_slice(x), columns(gradients, part.first, part.count),
                        by_slice(dx.so_far), by_slice(dx.dx), backward);
  dx.so_far = dx.dx;
}

TensorView QkvProjection::by_head(const MatrixView& projected, Part part, Index batch, Index heads) const {
  const Index rows_per_token = shared_heads_ ? heads : 1, tokens = projected.rows / rows_per_token / batch;
  const Index token_stride = rows_per_token * projected.stride;
  const Index head_stride = shared_heads_ ? projected.stride : d_head_;
  return {projected.data + part.first,
          4,
          {batch, heads, tokens, d_head_},
          {tokens * token_stride, head_stride, token_stride, 1}};
}

Heads QkvProjection::by_head(const MatrixView& of_query, const MatrixView& of_key_value, Index batch) const {
  return {by_head(of_query, q_part(), batch, num_heads_), by_head(of_key_value, k_part(), batch, num_kv_heads_),
          by_head(of_key_value, v_part(), batch, num_kv_heads_)};
}

Heads QkvProjection::forward(const AttentionInputs& inputs, kernels::Workspace& workspace) const {
  if (inputs.is_self_attention()) {
    const MatrixView rows = project(inputs.query, all(), workspace);
    return by_head(rows, rows, inputs.batch);
  }
  const auto heads_of = [&](const ConstMatrixView& x, Part part, Index heads) {
    return by_head(x ? project(x, part, workspace) : MatrixView{}, {}, inputs.batch, heads);
  };
  return {heads_of(inputs.query, q_part(), num_heads_), heads_of(inputs.key, k_part(), num_kv_heads_),
          heads_of(inputs.value, v_part(), num_kv_heads_)};
}

QkvProjection::Gradients QkvProjection::zero_gradients(const AttentionInputs& inputs,
                                                       kernels::Workspace& workspace) const {
  const auto zeros = [&](const ConstMatrixView& x) {
    return workspace.zeros(x.rows * (shared_heads_ ? num_heads_ : 1), linear_.out());
  };
  const MatrixView query = zeros(inputs.query);
  const MatrixView key_value = inputs.is_self_attention() ? query : zeros(inputs.key);
  return {query, key_value, by_head(query, key_value, inputs.batch)};
}

void QkvProjection::backward(const AttentionInputs& inputs, const Gradients& gradients,
                             AttentionInputGradients& d_inputs, const Backward& backward) const {
  if (inputs.is_self_attention())
    return project_backward(inputs.query, all(), gradients.query, d_inputs.query, backward);
  project_backward(inputs.query, q_part(), gradients.query, d_inputs.query, backward);
  GradientSum key_value{d_inputs.key_value, d_inputs.key_value};
  project_backward(inputs.key, kv_part(), gradients.key_value, key_value, backward);
}

}  // namespace attention_lab::nn
