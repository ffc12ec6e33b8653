// Projections, heads as strided slices of them, attention, and the output projection. The way back has a file of its own.
#include "nn/multi_head_attention.h"

#include <cmath>

#include "nn/sublayer.h"

namespace attention_lab::nn {

namespace {

void check(const MultiHeadAttentionConfig& config) {
  const Index H = config.num_heads, G = config.kv_heads(), K = config.d_head, D = config.d_model;
  require_size(1, D, "dModel");
  require_size(1, H, "numHeads");
  require_size(1, K, "dHead");
  require_size(1, G, "numKvHeads");
  element_count({H, K});  // the heads side by side; three times as many still have an Index
  if (H % G != 0) fail("config", {"numKvHeads: expected a divisor of numHeads ", H, ", got ", G});
  if (config.shared_heads && G != H) fail("config", {"numKvHeads: shared heads need numHeads ", H, ", got ", G});
  if (config.shared_heads && H * K != D)
    fail("config", {"sharedHeads: expected numHeads × dHead = dModel ", D, ", got ", H, " × ", K});
  if (config.global_tokens && (config.causal || config.shared_heads || config.normalisation != Normalisation::softmax ||
                               config.masked_value != -std::numeric_limits<float>::infinity()))
    fail("config", {"globalTokens: expected neither causal nor sharedHeads, softmax, and maskedValue −∞"});
  if (config.relative && (config.shared_heads || config.global_tokens))
    fail("config", {"positions relative: expected neither sharedHeads nor globalTokens"});
}

/// Copies the rows of `rows` [B, G, new, K] to positions from `first` on of `cached` [B, G, S, K].
void append(const TensorView& rows, Index first, const TensorView& cached) {
  for (Index b = 0; b < rows.dims[0]; ++b)
    for (Index g = 0; g < rows.dims[1]; ++g)
      kernels::copy(rows.matrix(b, g),
                    {cached.matrix(b, g).row(first), cached.dims[2] - first, cached.dims[3], cached.strides[2]});
}

bool same(const ConstMatrixView& a, const ConstMatrixView& b) {
  return a.data == b.data && a.rows == b.rows && a.stride == b.stride;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadAttentionConfig& config) : config_(config) {
  check(config);
  qkv_ = Linear(config.shared_heads ? config.d_head : config.d_model, q_width() + 2 * kv_width());
  if (config.global_tokens) global_qkv_ = Linear(qkv_.in(), qkv_.out());
  if (config.relative) {
    r_proj_ = Linear(config.d_model, q_width());
    content_bias_.setZero(config.num_heads, config.d_head);
    position_bias_.setZero(config.num_heads, config.d_head);
  }
  if (config.out_projection) out_ = Linear(config.num_heads * config.d_head, config.d_model);
}

void MultiHeadAttention::name_projections(Linear& qkv, const char* suffix, Parameters& parameters,
                                          const std::string& prefix) const {
  const Index q = q_width(), kv = kv_width();
  if (config_.fused) return qkv.name_all(parameters, prefix + "qkv" + suffix, config_.bias);
  qkv.name_rows(parameters, prefix + "q" + suffix, 0, q, config_.bias);
  qkv.name_rows(parameters, prefix + "k" + suffix, q, kv, config_.bias);
  qkv.name_rows(parameters, prefix + "v" + suffix, q + kv, kv, config_.bias);
}

void MultiHeadAttention::name_all(Parameters& parameters, const std::string& prefix) {
  name_projections(qkv_, "_proj", parameters, prefix);
  if (config_.global_tokens) name_projections(global_qkv_, "_global_proj", parameters, prefix);
  if (config_.relative) {
    r_proj_.name_all(parameters, prefix + "r_proj", false);
    const auto add = [&](const char* name, Matrix& bias) {
      parameters.push_back({prefix + name,
                            {bias.rows(), bias.cols()},
                            Parameter::Layout::dense,
                            bias.data(),
                            0,
                            0,
                            Parameter::Fresh::embedding});
    };
    add("content_bias", content_bias_);
    add("position_bias", position_bias_);
  }
  if (config_.out_projection) out_.name_all(parameters, prefix + "out_proj", config_.out_bias);
}

void MultiHeadAttention::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.q = names.add(prefix + "q", "bhqi");
  sites_.k = names.add(prefix + "k", "bhki");
  sites_.v = names.add(prefix + "v", "bhki");
  if (config_.global_tokens) {
    sites_.q_global = names.add(prefix + "q_global", "bhqi");
    sites_.k_global = names.add(prefix + "k_global", "bhki");
    sites_.v_global = names.add(prefix + "v_global", "bhki");
  }
  attention_sites_ = name_attention_activations(names, prefix);
  sites_.out = names.add(prefix + "out", "bqi");
}

MatrixView MultiHeadAttention::project(const Linear& qkv, ConstMatrixView x, Part part,
                                       kernels::Workspace& workspace) const {
  if (config_.shared_heads) {  // [B·T, H·K] is [B·T·H, K]: one row per token and head
    if (x.stride != x.cols) fail("shape", {"shared heads need rows without gaps"});
    x = {x.data, x.rows * config_.num_heads, config_.d_head, config_.d_head};
  }
  if (qkv.is_separable(part.first, part.count)) {
    const MatrixView y = workspace.take(x.rows, part.count);
    kernels::linear(x, qkv.rows(part.first, part.count), {}, y, workspace);
    return y;
  }
  // An odd width begins inside a panel: compute all three and use one.
  const MatrixView y = workspace.take(x.rows, qkv.out());
  qkv.forward(x, y, workspace);
  return {y.data + part.first, y.rows, part.count, y.stride};
}

TensorView MultiHeadAttention::by_head(const MatrixView& projected, Index batch, Index tokens, Index H) const {
  const Index K = config_.d_head;
  const Index token_stride = config_.shared_heads ? H * projected.stride : projected.stride;
  const Index head_stride = config_.shared_heads ? projected.stride : K;
  return {projected.data, 4, {batch, H, tokens, K}, {tokens * token_stride, head_stride, token_stride, 1}};
}

AttentionOptions MultiHeadAttention::options_of(const AttentionOverrides& overrides, const SequenceState& state,
                                                Index keys) const {
  AttentionOptions options;
  switch (config_.scale_by) {
    case MultiHeadAttentionConfig::ScaleBy::d_head:
      options.scale = 1.0f / std::sqrt(static_cast<float>(config_.d_head));
      break;
    case MultiHeadAttentionConfig::ScaleBy::d_model:
      options.scale = 1.0f / std::sqrt(static_cast<float>(config_.d_model));
      break;
    case MultiHeadAttentionConfig::ScaleBy::none: options.scale = 1.0f; break;
  }
  options.temperature = overrides.temperature;
  options.normalisation = config_.normalisation;
  options.mask.first_query = state.first_position();
  options.mask.causal = overrides.causal.value_or(config_.causal);
  options.mask.window = config_.window;
  options.mask.masked_value = config_.masked_value;
  options.mask.keys = overrides.key_mask;
  options.mask.keys_batch_stride = keys;
  options.mask.cells = overrides.cells;
  options.mask.cells_batch_stride = overrides.cells_batch_stride;
  options.mask.cells_head_stride = overrides.cells_head_stride;
  options.mask.cells_row_stride = keys;
  options.mask.bias = state.bias.data;
  options.mask.bias_head_stride = state.bias.strides[1];
  options.mask.bias_row_stride = state.bias.strides[2];
  return options;
}

void MultiHeadAttention::forward(const ConstMatrixView& query, const ConstMatrixView& key, const ConstMatrixView& value,
                                 Index batch, const AttentionOverrides& overrides, const SequenceState& state,
                                 const ConstMatrixView& residual, const MatrixView& y, Record& record,
                                 kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const Index T = query.rows / batch, new_keys = key.rows / batch;
  const Index first = state.first_position(), S = state.cached() + new_keys;
  const Index H = config_.num_heads, G = config_.kv_heads(), K = config_.d_head;
  const Part q_part{0, q_width()}, k_part{q_width(), kv_width()}, v_part{q_width() + kv_width(), kv_width()};

  const auto columns = [](const MatrixView& all, Part part) {
    return MatrixView{all.data + part.first, all.rows, part.count, all.stride};
  };
  MatrixView q_rows, k_rows, v_rows;
  if (same(query, key) && same(key, value)) {  // self-attention: one product for all three
    const MatrixView all = project(qkv_, query, {0, qkv_.out()}, workspace);
    q_rows = columns(all, q_part), k_rows = columns(all, k_part), v_rows = columns(all, v_part);
  } else {
    q_rows = project(qkv_, query, q_part, workspace);
    if (key) k_rows = project(qkv_, key, k_part, workspace);
    if (value) v_rows = project(qkv_, value, v_part, workspace);
  }
  const TensorView q = by_head(q_rows, batch, T, H);   // [B, H, T, K]
  TensorView k = by_head(k_rows, batch, new_keys, G);  // [B, G, S, K]
  TensorView v = by_head(v_rows, batch, new_keys, G);  // [B, G, S, K]
  if (state.rotary) {
    state.rotary->rotate(q, first);
    state.rotary->rotate(k, first);
  }
  if (state.cache) {
    const TensorView cached_k = state.cache->keys(state.layer, S, K), cached_v = state.cache->values(state.layer, S, K);
    append(k, first, cached_k);
    append(v, first, cached_v);
    k = cached_k, v = cached_v;
  }
  record.produced(sites_.q, q);
  record.produced(sites_.k, k);
  record.produced(sites_.v, v);

  GlobalTokens global;
  if (state.global) {
    const MatrixView all = project(global_qkv_, query, {0, global_qkv_.out()}, workspace);
    global = {state.global, by_head(columns(all, q_part), batch, T, H), by_head(columns(all, k_part), batch, T, G),
              by_head(columns(all, v_part), batch, T, G)};
    if (state.rotary) {
      state.rotary->rotate(global.q, first);
      state.rotary->rotate(global.k, first);
    }
    record.produced(sites_.q_global, global.q);
    record.produced(sites_.k_global, global.k);
    record.produced(sites_.v_global, global.v);
  }

  const AttentionOptions options = options_of(overrides, state, S);
  const MatrixView z_rows = workspace.take(query.rows, H * K);  // [B·T, H·K], heads side by side
  const TensorView z{z_rows.data, 4, {batch, H, T, K}, {T * H * K, K, H * K, 1}};
  if (config_.relative) {
    const MatrixView r = workspace.take(state.distances.rows, H * K);
    r_proj_.forward(state.distances, r, workspace);
    attend_relatively(q, k, v, {by_head(r, 1, r.rows, H), view(content_bias_), view(position_bias_)}, options,
                      attention_sites_, record, workspace, z);
  } else if (state.global) {
    attend_globally(q, k, v, global, options, attention_sites_, record, workspace, z);
  } else {
    attend(q, k, v, options, attention_sites_, record, workspace, z);
  }

  if (config_.out_projection) {
    forward_with_residual(out_, z_rows, batch, residual, y, sites_.out, record, workspace);
  } else {
    record.produced(sites_.out, by_token(z_rows, batch));
    kernels::add(z_rows, residual, y);
  }
}

}  // namespace attention_lab::nn
