// The way back through multi-head attention: output projection, attention, heads, projections.
#include "nn/multi_head_attention.h"
#include "nn/sublayer.h"

namespace attention_lab::nn {

void MultiHeadAttention::request_for_backward(Record& record) const {
  for (const Site site : {sites_.q, sites_.k, sites_.v, attention_sites_.z}) record.request(site);
  if (config_.global_tokens)
    for (const Site site : {sites_.q_global, sites_.k_global, sites_.v_global}) record.request(site);
  nn::request_for_backward(options_of({}, {}, 0), attention_sites_, record);
}

/// The way back through project(). `gradients` has the columns of all three projections, zeros outside of `part`.
void MultiHeadAttention::project_backward(const Linear& qkv, ConstMatrixView x, Part part, const MatrixView& gradients,
                                          ConstMatrixView residual, MatrixView dx, const Backward& backward) const {
  if (config_.shared_heads) {
    const auto by_slice = [&](auto rows) {
      return decltype(rows){rows.data, rows.rows * config_.num_heads, config_.d_head, config_.d_head};
    };
    x = by_slice(x), dx = by_slice(dx);
    if (residual) residual = by_slice(residual);
  }
  if (!qkv.is_separable(part.first, part.count)) part = {0, qkv.out()};
  const ConstMatrixView dy{gradients.data + part.first, gradients.rows, part.count, gradients.stride};
  qkv.backward_rows(part.first, part.count, x, dy, residual, dx, backward);
}

void MultiHeadAttention::backward(const ConstMatrixView& query, const ConstMatrixView& memory, Index batch,
                                  const AttentionOverrides& overrides, const SequenceState& state,
                                  const ConstMatrixView& dy, const ConstMatrixView& residual, const MatrixView& d_query,
                                  const MatrixView& d_memory, const Backward& backward) const {
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const bool self = !memory;
  const Index T = query.rows / batch, S = self ? T : memory.rows / batch;
  const Index H = config_.num_heads, G = config_.kv_heads(), K = config_.d_head;

  const MatrixView dz_rows = workspace.take(query.rows, H * K);  // [B·T, H·K], heads side by side
  const TensorView dz{dz_rows.data, 4, {batch, H, T, K}, {T * H * K, K, H * K, 1}};
  if (config_.out_projection) {
    const MatrixView z_rows = workspace.take(query.rows, H * K);
    for (Index b = 0; b < batch; ++b)
      for (Index h = 0; h < H; ++h)
        kernels::copy(backward.record.matrix(attention_sites_.z, b, h), {z_rows.row(b * T) + h * K, T, K, H * K});
    out_.backward(z_rows, gradient_of_term(sites_.out, dy, batch, backward), {}, dz_rows, backward);
  } else {
    kernels::copy(dy, dz_rows);
    backward.reached(sites_.out, by_token(dz_rows, batch));
  }

  const Index per_token = config_.shared_heads ? H : 1;
  const auto zeros = [&](Index tokens) {  // one row as project() makes them, for all three projections
    return workspace.zeros(tokens * per_token, qkv_.out());
  };
  const Part q_part{0, q_width()}, kv_part{q_width(), 2 * kv_width()}, all{0, qkv_.out()};
  const MatrixView of_query = zeros(query.rows), of_memory = self ? of_query : zeros(memory.rows);
  const auto operands = [&](Site q, Site k, Site v, const MatrixView& dq, const MatrixView& dkv) {
    const auto columns = [](const MatrixView& rows, Index first, Index count) {
      return MatrixView{rows.data + first, rows.rows, count, rows.stride};
    };
    return AttentionOperands{q,
                             k,
                             v,
                             by_head(columns(dq, 0, q_width()), batch, T, H),
                             by_head(columns(dkv, q_width(), kv_width()), batch, S, G),
                             by_head(columns(dkv, q_width() + kv_width(), kv_width()), batch, S, G)};
  };
  const auto reached = [&](const AttentionOperands& of) {
    backward.reached(of.q, of.dq);
    backward.reached(of.k, of.dk);
    backward.reached(of.v, of.dv);
    if (state.rotary) {
      state.rotary->rotate_back(of.dq, 0);
      state.rotary->rotate_back(of.dk, 0);
    }
  };

  const AttentionOptions options = options_of(overrides, state, S);
  const AttentionOperands of = operands(sites_.q, sites_.k, sites_.v, of_query, of_memory);
  ConstMatrixView rest = residual;
  if (config_.relative) {
    const MatrixView r = workspace.take(state.distances.rows, H * K), dr = workspace.zeros(r.rows, r.cols);
    r_proj_.forward(state.distances, r, workspace);
    const auto gradient_of = [&](const Matrix& bias) { return MatrixView{backward.gradient_of(bias.data()), H, K, K}; };
    attend_relatively_backward(of, {by_head(r, 1, r.rows, H), view(content_bias_), view(position_bias_)},
                               {by_head(dr, 1, r.rows, H), gradient_of(content_bias_), gradient_of(position_bias_)},
                               options, attention_sites_, dz, backward);
    r_proj_.backward(state.distances, dr, {}, {}, backward);
  } else if (state.global) {
    const MatrixView rows = zeros(query.rows);
    const AttentionOperands global = operands(sites_.q_global, sites_.k_global, sites_.v_global, rows, rows);
    attend_globally_backward(of, state.global, global, options, attention_sites_, dz, backward);
    reached(global);
    project_backward(global_qkv_, query, all, rows, rest, d_query, backward);
    rest = d_query;
  } else {
    attend_backward(AttentionStepsBackward(of, backward), options, attention_sites_, dz, state.d_bias, backward);
  }
  reached(of);
  project_backward(qkv_, query, self ? all : q_part, of_query, rest, d_query, backward);
  if (!self) project_backward(qkv_, memory, kv_part, of_memory, d_memory, d_memory, backward);
}

}  // namespace attention_lab::nn
