// Projections into heads, positions, the variant's attention, and the output projection; forward, then backward.
#include "nn/multi_head_attention.h"

#include <cmath>

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
}

float scale_of(const MultiHeadAttentionConfig& config) {
  switch (config.scale_by) {
    case MultiHeadAttentionConfig::ScaleBy::d_head: return 1.0f / std::sqrt(static_cast<float>(config.d_head));
    case MultiHeadAttentionConfig::ScaleBy::d_model: return 1.0f / std::sqrt(static_cast<float>(config.d_model));
    case MultiHeadAttentionConfig::ScaleBy::none: break;
  }
  return 1.0f;
}

/// Copies the rows of `rows` [B, G, new, K] to positions from `first` on of `cached` [B, G, S, K], and returns the latter.
TensorView append(const TensorView& rows, Index first, const TensorView& cached) {
  for (Index b = 0; b < rows.dims[0]; ++b)
    for (Index g = 0; g < rows.dims[1]; ++g)
      kernels::copy(rows.matrix(b, g),
                    {cached.matrix(b, g).row(first), cached.dims[2] - first, cached.dims[3], cached.strides[2]});
  return cached;
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(const MultiHeadAttentionConfig& config) : config_(config) {
  check(config);
  qkv_ = QkvProjection(config);
  if (config.qk_norm) q_norm_ = k_norm_ = Norm(Norm::Kind::rms, config.d_head, config.qk_norm_eps);
  variant_ = make_attention_variant(config);
  if (config.out_projection) out_ = Linear(config.num_heads * config.d_head, config.d_model, config.weights);
}

void MultiHeadAttention::name_all(Parameters& parameters, const std::string& prefix) {
  qkv_.name_all(parameters, prefix, "_proj");
  if (config_.qk_norm) {
    q_norm_.name_all(parameters, prefix + "q_norm");
    k_norm_.name_all(parameters, prefix + "k_norm");
  }
  variant_->name_parameters(parameters, prefix);
  if (config_.out_projection) out_.name_all(parameters, prefix + "out_proj", config_.out_bias);
}

void MultiHeadAttention::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.q = names.add(prefix + "q", "bhqi");
  sites_.k = names.add(prefix + "k", "bhki");
  sites_.v = names.add(prefix + "v", "bhki");
  variant_->name_activations(names, prefix);
  out_site_ = names.add(prefix + "out", "bqi");
}

AttentionOptions MultiHeadAttention::options_of(const AttentionInputs& inputs, Index keys) const {
  const AttentionOverrides& overrides = inputs.overrides;
  const TensorView& bias = inputs.sequence.position_bias;
  AttentionOptions options;
  options.scale = scale_of(config_);
  options.temperature = overrides.temperature;
  options.normalisation = config_.normalisation;
  options.mask.first_query = inputs.sequence.first_position;
  options.mask.causal = overrides.causal.value_or(config_.causal);
  options.mask.window = config_.window;
  options.mask.masked_value = config_.masked_value;
  options.mask.keys = overrides.key_mask;
  options.mask.keys_batch_stride = keys;
  options.mask.cells = overrides.cells;
  options.mask.cells_batch_stride = overrides.cells_batch_stride;
  options.mask.cells_head_stride = overrides.cells_head_stride;
  options.mask.cells_row_stride = keys;
  options.mask.bias = bias.data;
  options.mask.bias_head_stride = bias.strides[1];
  options.mask.bias_row_stride = bias.strides[2];
  return options;
}

/// q and k of every head through their norms, in place.
void MultiHeadAttention::normalise(const Heads& heads) const {
  const auto each = [](const Norm& norm, const TensorView& x) {
    for (Index b = 0; b < x.dims[0]; ++b)
      for (Index h = 0; h < x.dims[1]; ++h) norm.forward(x.matrix(b, h), x.matrix(b, h));
  };
  each(q_norm_, heads.q);
  each(k_norm_, heads.k);
}

/// `heads`: before the norms. Replaces the gradients with respect to what the norms gave.
void MultiHeadAttention::normalise_backward(const Heads& heads, const Heads& gradients,
                                            const Backward& backward) const {
  const auto each = [&](const Norm& norm, const TensorView& x, const TensorView& gradient) {
    for (Index b = 0; b < x.dims[0]; ++b)
      for (Index h = 0; h < x.dims[1]; ++h)
        norm.backward(x.matrix(b, h), gradient.matrix(b, h), {}, gradient.matrix(b, h), backward);
  };
  each(q_norm_, heads.q, gradients.q);
  each(k_norm_, heads.k, gradients.k);
}

void MultiHeadAttention::forward(const AttentionInputs& inputs, const SublayerOutput& output,
                                 const Forward& forward) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);

  Heads heads = qkv_.forward(inputs, workspace);
  if (config_.qk_norm) normalise(heads);
  inputs.sequence.rotate(heads);
  if (const LayerCache& cache = inputs.cache) {
    const Index seen = cache.length(), S = seen + heads.k.dims[2], K = config_.d_head;
    heads.k = append(heads.k, seen, cache.keys(S, K));
    heads.v = append(heads.v, seen, cache.values(S, K));
  }
  sites_.produced(record, heads);

  const MatrixView z = workspace.take(inputs.query.rows, config_.num_heads * config_.d_head);  // [B·T, H·K]
  variant_->forward(heads, inputs, options_of(inputs, heads.k.dims[2]), forward,
                    by_head(z, inputs.batch, config_.num_heads));

  if (config_.out_projection) {
    forward_with_residual(out_, z, inputs.batch, output, out_site_, forward);
  } else {
    record.produced(out_site_, by_token(z, inputs.batch));
    kernels::add(z, output.residual, output.y);
  }
}

void MultiHeadAttention::request_for_backward(Record& record) const {
  sites_.request(record);
  record.request(variant_->z());
  const AttentionOverrides no_overrides;
  const SequenceContext no_context;
  variant_->request_for_backward(options_of({0, {}, {}, {}, no_overrides, no_context}, 0), record);
}

void MultiHeadAttention::backward(const AttentionInputs& inputs, const ConstMatrixView& dy,
                                  AttentionInputGradients gradients, const Backward& backward) const {
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Index B = inputs.batch, H = config_.num_heads, K = config_.d_head;

  const MatrixView dz = workspace.take(inputs.query.rows, H * K);  // [B·T, H·K]
  if (config_.out_projection) {
    const MatrixView z = workspace.take(dz.rows, dz.cols);
    const TensorView z_by_head = by_head(z, B, H);
    for (Index b = 0; b < B; ++b)
      for (Index h = 0; h < H; ++h) kernels::copy(backward.record.matrix(variant_->z(), b, h), z_by_head.matrix(b, h));
    out_.backward(z, gradient_of_term(out_site_, dy, B, backward), {}, dz, backward);
  } else {
    kernels::copy(dy, dz);
    backward.record_gradient(out_site_, by_token(dz, B));
  }

  const QkvProjection::Gradients projected = qkv_.zero_gradients(inputs, workspace);
  const HeadGradients heads{sites_, projected.heads};
  variant_->backward(heads, inputs, options_of(inputs, projected.heads.k.dims[2]), by_head(dz, B, H), gradients,
                     backward);
  heads.record(backward);
  inputs.sequence.rotate_back(projected.heads);
  if (config_.qk_norm) normalise_backward(qkv_.forward(inputs, workspace), projected.heads, backward);
  qkv_.backward(inputs, projected, gradients, backward);
}

}  // namespace attention_lab::nn
