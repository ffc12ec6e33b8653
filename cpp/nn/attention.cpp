// Attention in one pass by the fused kernel, or step by step where a step is edited or is not a plain softmax(q kᵀ) v.
#include "nn/attention.h"

#include <cmath>

#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/elementwise_backward.h"
#include "kernels/gemm_backward.h"
#include "kernels/softmax.h"

namespace attention_lab::nn {

kernels::AttentionMask BatchMask::at(Index b, Index h, Index queries, Index keys_count) const {
  kernels::AttentionMask mask;
  mask.causal = causal;
  mask.window = window <= kernels::kMostFloats ? window : -1;  // wider than any sequence
  mask.first_query = first_query;
  mask.masked_value = masked_value;
  if (keys) mask.keys = keys + b * keys_batch_stride;
  if (cells) {
    mask.cells = cells + b * cells_batch_stride + h * cells_head_stride;
    mask.cells_stride = cells_row_stride;
  }
  if (bias) mask.bias = {bias + b * bias_batch_stride + h * bias_head_stride, queries, keys_count, bias_row_stride};
  return mask;
}

AttentionSites name_attention_activations(ActivationNames& names, const std::string& prefix) {
  return {names.add(prefix + "scores", "bhqk"), names.add(prefix + "masked_scores", "bhqk"),
          names.add(prefix + "pattern", "bhqk"), names.add(prefix + "z", "bhqi")};
}

namespace {

/// What tanh, or one element of a mask and a softmax, takes: in multiply-adds of a product, for Workspace::count_work().
constexpr Index kFunctionWork = 16;

/// scores[t, s] = v · tanh(Wq q_t + Wk k_s), times scale.
void additive_scores(float scale, const ConstMatrixView& q, const ConstMatrixView& k, const ScoreFunction& f,
                     const MatrixView& scores, kernels::Workspace& workspace) {
  const kernels::Workspace::Scope scope(workspace);
  const Index A = f.v.cols;
  const MatrixView from_query = workspace.take(q.rows, A);  // q Wqᵀ
  const MatrixView from_key = workspace.take(k.rows, A);    // k Wkᵀ
  const MatrixView hidden = workspace.take(1, A);
  kernels::matmul_transposed(1.0f, q, f.wq, from_query, workspace);
  kernels::matmul_transposed(1.0f, k, f.wk, from_key, workspace);
  const std::span<float> row(hidden.data, static_cast<std::size_t>(A));
  for (Index t = 0; t < scores.rows; ++t) {
    for (Index s = 0; s < scores.cols; ++s) {
      map(hidden) = map(from_query).row(t) + map(from_key).row(s);
      kernels::activate(kernels::Activation::tanh, row, row);
      scores.row(t)[s] = scale * map(hidden).row(0).dot(map(f.v).row(0));
    }
    workspace.count_work(scores.cols, A, kFunctionWork);
  }
}

void make_scores(float scale, const ConstMatrixView& q, const ConstMatrixView& k, const ScoreFunction& f,
                 const MatrixView& scores, kernels::Workspace& workspace) {
  switch (f.kind) {
    case ScoreFunction::Kind::scaled_dot:
    case ScoreFunction::Kind::dot: return kernels::matmul_transposed(scale, q, k, scores, workspace);
    case ScoreFunction::Kind::general: {
      const kernels::Workspace::Scope scope(workspace);
      const MatrixView projected = workspace.take(q.rows, f.w.cols);  // q W
      kernels::matmul(q, f.w, projected, workspace);
      return kernels::matmul_transposed(scale, projected, k, scores, workspace);
    }
    case ScoreFunction::Kind::additive: return additive_scores(scale, q, k, f, scores, workspace);
  }
}

void copy_unless_masked(const ConstMatrixView& masked_scores, const MatrixView& pattern) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  map(pattern) = (map(masked_scores).array() == kMasked).select(0.0f, map(masked_scores));
}

/// Where the tensor [B, H, T, S] called `site` is computed: in the record if it is requested, else in scratch memory.
TensorView place_for(Site site, const Shape& shape, const Forward& forward) {
  return forward.record.is_requested(site) ? forward.record.reserve(site, shape)
                                           : TensorView::dense(forward.workspace.take(element_count(shape)), shape);
}

/// softmax(score(q, k)) v.
class PlainSteps final : public AttentionSteps {
 public:
  PlainSteps(const Heads& heads, const AttentionOptions& options, kernels::Workspace& workspace)
      : heads_(heads), options_(options), workspace_(workspace) {}

  void make_scores(Index b, Index h, const MatrixView& scores) const override {
    nn::make_scores(options_.total_scale(), heads_.q.matrix(b, h), heads_.k.matrix(b, heads_.group(h)), options_.score,
                    scores, workspace_);
  }
  void mask_scores(Index b, Index h, const ConstMatrixView& scores, const MatrixView& masked) const override {
    kernels::mask_scores(scores, options_.mask.at(b, h, scores.rows, scores.cols), masked);
  }
  void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& z) const override {
    kernels::matmul(pattern, heads_.v.matrix(b, heads_.group(h)), z, workspace_);
  }

 private:
  const Heads& heads_;
  const AttentionOptions& options_;
  kernels::Workspace& workspace_;
};

/// Calls step(b, h) for every head of every sequence.
template <class Step>
void each_head(Index B, Index H, Step step) {
  for (Index b = 0; b < B; ++b)
    for (Index h = 0; h < H; ++h) step(b, h);
}

}  // namespace

bool needs_intermediates(const Record& record, const AttentionSites& sites, FusedPath path) {
  for (const Site site : {sites.scores, sites.masked_scores, sites.pattern})
    if (path == FusedPath::stores_intermediates ? record.is_edited(site) : record.is_observed(site)) return true;
  return false;
}

void skip_intermediates(const Record& record, const AttentionSites& sites) {
  for (const Site site : {sites.scores, sites.masked_scores, sites.pattern}) record.skipped(site);
}

void attend_in_steps(const AttentionSteps& steps, const Shape& shape, Normalisation normalisation,
                     const AttentionSites& sites, const Forward& forward, const TensorView& z) {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Index B = shape[0], H = shape[1];
  const TensorView scores = place_for(sites.scores, shape, forward);
  each_head(B, H, [&](Index b, Index h) { steps.make_scores(b, h, scores.matrix(b, h)); });
  record.produced(sites.scores, scores);

  const TensorView masked_scores = place_for(sites.masked_scores, shape, forward);
  each_head(B, H, [&](Index b, Index h) { steps.mask_scores(b, h, scores.matrix(b, h), masked_scores.matrix(b, h)); });
  record.produced(sites.masked_scores, masked_scores);

  const TensorView pattern = place_for(sites.pattern, shape, forward);
  each_head(B, H, [&](Index b, Index h) {
    workspace.count_work(shape[2], shape[3], kFunctionWork);
    if (normalisation == Normalisation::softmax)
      kernels::softmax(masked_scores.matrix(b, h), pattern.matrix(b, h));
    else
      copy_unless_masked(masked_scores.matrix(b, h), pattern.matrix(b, h));
  });
  record.produced(sites.pattern, pattern);

  each_head(B, H, [&](Index b, Index h) { steps.sum_values(b, h, pattern.matrix(b, h), z.matrix(b, h)); });
  record.produced(sites.z, z);
}

void attend(const Heads& heads, const AttentionOptions& options, const AttentionSites& sites, const Forward& forward,
            const TensorView& z) {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const Shape shape = heads.scores_shape();
  const bool is_dot =
      options.score.kind == ScoreFunction::Kind::scaled_dot || options.score.kind == ScoreFunction::Kind::dot;
  if (!is_dot || options.normalisation != Normalisation::softmax ||
      needs_intermediates(record, sites, FusedPath::stores_intermediates))
    return attend_in_steps(PlainSteps(heads, options, workspace), shape, options.normalisation, sites, forward, z);

  const auto stored = [&](Site site) { return record.is_requested(site) ? record.reserve(site, shape) : TensorView{}; };
  const TensorView scores = stored(sites.scores), masked_scores = stored(sites.masked_scores),
                   pattern = stored(sites.pattern);
  each_head(shape[0], shape[1], [&](Index b, Index h) {
    const auto of_head = [&](const TensorView& tensor) { return tensor ? tensor.matrix(b, h) : MatrixView{}; };
    kernels::attention({heads.q.matrix(b, h), heads.k.matrix(b, heads.group(h)), heads.v.matrix(b, heads.group(h)),
                        options.total_scale(), options.mask.at(b, h, shape[2], shape[3]), z.matrix(b, h),
                        of_head(scores), of_head(masked_scores), of_head(pattern)},
                       workspace);
  });
  record.stored(sites.scores);
  record.stored(sites.masked_scores);
  record.stored(sites.pattern);
  record.produced(sites.z, z);
}

void request_for_backward(const AttentionOptions& options, const AttentionSites& sites, Record& record) {
  record.request(sites.pattern);
  // What softmax gave is the pattern, unless it was edited afterwards: then it is computed again.
  if (record.is_edited(sites.pattern) || options.normalisation == Normalisation::none)
    record.request(sites.masked_scores);
}

void product_backward(const ConstMatrixView& dscores, const ConstMatrixView& a, const ConstMatrixView& b,
                      const MatrixView& da, const MatrixView& db, kernels::Workspace& workspace) {
  kernels::matmul(dscores, b, da, workspace);
  kernels::add_transposed_matmul(1.0f, dscores, a, db, workspace);
}

void AttentionStepsBackward::sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& dz,
                                        const MatrixView& dpattern) const {
  kernels::matmul_transposed(1.0f, dz, v(b, h), dpattern, backward_.workspace);
  kernels::add_transposed_matmul(1.0f, pattern, dz, dv(b, h), backward_.workspace);
}

void AttentionStepsBackward::make_scores(Index b, Index h, const MatrixView& dscores) const {
  product_backward(dscores, q(b, h), k(b, h), dq(b, h), dk(b, h), backward_.workspace);
}

void attend_backward(const AttentionStepsBackward& steps, const AttentionOptions& options, const AttentionSites& sites,
                     const TensorView& dz, const TensorView& d_bias, const Backward& backward) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  const Record& record = backward.record;
  kernels::Workspace& workspace = backward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const Shape& shape = record.shape(sites.pattern);  // [B, H, T, S]
  const Index B = shape[0], H = shape[1], T = shape[2], S = shape[3];

  backward.record_gradient(sites.z, dz);
  const Index count = element_count(shape);
  const TensorView gradients = TensorView::dense(workspace.take(count), shape);
  each_head(B, H, [&](Index b, Index h) {  // z = pattern · v
    steps.sum_values(b, h, record.matrix(sites.pattern, b, h), dz.matrix(b, h), gradients.matrix(b, h));
  });
  backward.record_gradient(sites.pattern, gradients);

  const MatrixView rows{gradients.data, count / S, S, S};
  if (options.normalisation == Normalisation::none) {  // pattern = masked_scores, or 0 where masked
    for (Index i = 0; i < count; ++i)
      if (record.values(sites.masked_scores)[static_cast<std::size_t>(i)] == kMasked) rows.data[i] = 0.0f;
  } else {  // pattern = softmax(masked_scores)
    ConstMatrixView pattern = record.rows(sites.pattern);
    if (record.is_edited(sites.pattern)) {
      const MatrixView unedited = workspace.take(rows.rows, S);
      kernels::softmax(record.rows(sites.masked_scores), unedited);
      pattern = unedited;
    }
    kernels::softmax_backward(pattern, rows, rows);
  }
  backward.record_gradient(sites.masked_scores, gradients);

  each_head(B, H, [&](Index b, Index h) {  // masked_scores = scores + bias, or a constant
    workspace.count_work(T, S, kFunctionWork);
    const MatrixView gradient = gradients.matrix(b, h);
    if (options.mask.masked_value != kMasked) {  // what −∞ masked has no gradient any more
      kernels::AttentionMask mask = options.mask.at(b, h, T, S);
      mask.bias = {};
      mask.masked_value = 0.0f;
      kernels::mask_scores(gradient, mask, gradient);
    }
    if (d_bias) kernels::add(d_bias.matrix(0, h), gradient, d_bias.matrix(0, h));
  });
  backward.record_gradient(sites.scores, gradients);

  each_head(B, H, [&](Index b, Index h) {  // scores = scale · q kᵀ
    const MatrixView gradient = gradients.matrix(b, h);
    kernels::scale_row(gradient.data, T * S, options.total_scale(), gradient.data);
    steps.make_scores(b, h, gradient);
  });
}

}  // namespace attention_lab::nn
