// Longformer's attention in three passes of the fused kernel, or step by step where somebody observes what is in between.
#include "nn/longformer_attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/scalar_math.h"

namespace attention_lab::nn {

namespace {

using kernels::AttentionMask;
using kernels::Workspace;
using Tokens = std::vector<int>;  // places within a sequence

/// Rows of `from`, in the order of `which`.
MatrixView gather(const ConstMatrixView& from, const Tokens& which, Workspace& workspace) {
  const MatrixView rows = workspace.take(static_cast<Index>(which.size()), from.cols);
  for (Index i = 0; i < rows.rows; ++i)
    std::copy_n(from.row(which[static_cast<std::size_t>(i)]), rows.cols, rows.row(i));
  return rows;
}

/// The inverse of gather: row i of `rows` becomes row which[i] of `to`.
void scatter(const ConstMatrixView& rows, const Tokens& which, const MatrixView& to) {
  for (Index i = 0; i < rows.rows; ++i) std::copy_n(rows.row(i), rows.cols, to.row(which[static_cast<std::size_t>(i)]));
}

bool is_global(const std::uint8_t* marks, const BatchMask& mask, Index T, Index b, Index t) {
  return marks[b * T + t] && (!mask.keys || mask.keys[b * mask.keys_batch_stride + t]);
}

/// A mask of the cells [rows, cols] for which allowed(row, col) holds, and of nothing else.
template <class Allowed>
AttentionMask mask_of_cells(Index rows, Index cols, Workspace& workspace, Allowed allowed) {
  constexpr Index kCellsOfFloat = sizeof(float);
  const Index floats = (kernels::checked_product(rows, cols) + kCellsOfFloat - 1) / kCellsOfFloat;
  auto* const cells = reinterpret_cast<std::uint8_t*>(workspace.take(floats));
  for (Index row = 0; row < rows; ++row)
    for (Index col = 0; col < cols; ++col) cells[row * cols + col] = allowed(row, col);
  AttentionMask mask;
  mask.cells = cells;
  mask.cells_stride = cols;
  return mask;
}

class LongformerSteps final : public AttentionSteps {
 public:
  LongformerSteps(const Heads& heads, const GlobalTokens& global, const AttentionOptions& options, Workspace& workspace)
      : heads_(heads), global_(global), options_(options), workspace_(workspace), T_(heads.q.dims[2]) {}

  void make_scores(Index b, Index h, const MatrixView& scores) const override {
    const Workspace::Scope scope(workspace_);
    const Tokens tokens = tokens_of(b);
    const float scale = options_.total_scale();
    kernels::matmul_transposed(scale, heads_.q.matrix(b, h), heads_.k.matrix(b, group(h)), scores, workspace_);
    if (tokens.empty()) return;
    const MatrixView rows = workspace_.take(static_cast<Index>(tokens.size()), T_);
    kernels::matmul_transposed(scale, gather(global_.heads.q.matrix(b, h), tokens, workspace_),
                               global_.heads.k.matrix(b, group(h)), rows, workspace_);
    scatter(rows, tokens, scores);
  }

  void mask_scores(Index b, Index h, const ConstMatrixView& scores, const MatrixView& masked) const override {
    const Workspace::Scope scope(workspace_);
    const AttentionMask anywhere = mask_without_window(b, h), near = options_.mask.at(b, h, T_, T_);
    const AttentionMask mask = mask_of_cells(T_, T_, workspace_, [&](Index t, Index s) {
      return is_global(b, t) || is_global(b, s) ? anywhere.allows(t, s) : near.allows(t, s);
    });
    kernels::mask_scores(scores, mask, masked);
  }

  void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& z) const override {
    const Workspace::Scope scope(workspace_);
    const Tokens tokens = tokens_of(b);
    kernels::matmul(pattern, heads_.v.matrix(b, group(h)), z, workspace_);
    if (tokens.empty()) return;
    const MatrixView rows = workspace_.take(static_cast<Index>(tokens.size()), z.cols);
    kernels::matmul(gather(pattern, tokens, workspace_), global_.heads.v.matrix(b, group(h)), rows, workspace_);
    scatter(rows, tokens, z);
  }

  /// All steps at once, without a matrix [T, S].
  void fused(Index b, Index h, const MatrixView& z) const {
    const Workspace::Scope scope(workspace_);
    const Tokens tokens = tokens_of(b);
    const Index count = static_cast<Index>(tokens.size());
    const float scale = options_.total_scale();
    const AttentionMask anywhere = mask_without_window(b, h);
    const MatrixView q = heads_.q.matrix(b, h), k = heads_.k.matrix(b, group(h)), v = heads_.v.matrix(b, group(h));

    // Each query's window, without the global keys …
    AttentionMask near = options_.mask.at(b, h, T_, T_);
    near.keys = mask_of_cells(1, T_, workspace_, [&](Index, Index s) {
                  return !is_global(b, s) && (!anywhere.keys || anywhere.keys[s]);
                }).cells;
    float* const near_log_sums = workspace_.take(T_);
    kernels::attention({q, k, v, scale, near, z, {}, {}, {}, near_log_sums}, workspace_);
    if (tokens.empty()) return;

    // … and the global keys: softmax over both is the mean of the two, weighted by their sums of exponentials.
    const AttentionMask far = mask_of_cells(T_, count, workspace_, [&](Index t, Index i) {
      return anywhere.allows(t, tokens[static_cast<std::size_t>(i)]);
    });
    const MatrixView far_z = workspace_.take(T_, z.cols);
    float* const far_log_sums = workspace_.take(T_);
    kernels::attention(
        {q, gather(k, tokens, workspace_), gather(v, tokens, workspace_), scale, far, far_z, {}, {}, {}, far_log_sums},
        workspace_);
    for (Index t = 0; t < T_; ++t) {
      if (far_log_sums[t] == -std::numeric_limits<float>::infinity()) continue;
      const float far_share = static_cast<float>(
          1.0 / (1.0 + kernels::exponential(static_cast<double>(near_log_sums[t] - far_log_sums[t]))));
      for (Index i = 0; i < z.cols; ++i) z.row(t)[i] += far_share * (far_z.row(t)[i] - z.row(t)[i]);
    }

    // Global queries over all keys, by their own projections.
    const AttentionMask all = mask_of_cells(count, T_, workspace_, [&](Index i, Index s) {
      return anywhere.allows(tokens[static_cast<std::size_t>(i)], s);
    });
    const MatrixView rows = workspace_.take(count, z.cols);
    kernels::AttentionArguments global_rows;
    global_rows.q = gather(global_.heads.q.matrix(b, h), tokens, workspace_);
    global_rows.k = global_.heads.k.matrix(b, group(h));
    global_rows.v = global_.heads.v.matrix(b, group(h));
    global_rows.scale = scale;
    global_rows.mask = all;
    global_rows.out = rows;
    kernels::attention(global_rows, workspace_);
    scatter(rows, tokens, z);
  }

 private:
  Index group(Index h) const { return heads_.group(h); }

  bool is_global(Index b, Index t) const { return nn::is_global(global_.marks, options_.mask, T_, b, t); }
  Tokens tokens_of(Index b) const {
    Tokens tokens;
    for (Index t = 0; t < T_; ++t)
      if (is_global(b, t)) tokens.push_back(static_cast<int>(t));
    return tokens;
  }

  AttentionMask mask_without_window(Index b, Index h) const {
    AttentionMask mask = options_.mask.at(b, h, T_, T_);
    mask.window = -1;
    return mask;
  }

  const Heads& heads_;
  const GlobalTokens& global_;
  const AttentionOptions& options_;
  Workspace& workspace_;
  Index T_;
};

/// The gradients of global queries go to their own projections, those of the others to the plain ones: for each of the two
/// the other's rows are zeros.
class LongformerStepsBackward final : public AttentionStepsBackward {
 public:
  LongformerStepsBackward(const HeadGradients& heads, const std::uint8_t* marks, const HeadGradients& global,
                          const AttentionOptions& options, const Backward& backward)
      : AttentionStepsBackward(heads, backward), marks_(marks), global_(global, backward), options_(options) {}

  void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& dz,
                  const MatrixView& dpattern) const override {
    const Workspace::Scope scope(backward_.workspace);
    const MatrixView apart = take_out(dz, b), dpattern_apart = backward_.workspace.take(pattern.rows, pattern.cols);
    AttentionStepsBackward::sum_values(b, h, pattern, dz, dpattern);
    global_.sum_values(b, h, pattern, apart, dpattern_apart);
    kernels::add(dpattern, dpattern_apart, dpattern);
  }
  void make_scores(Index b, Index h, const MatrixView& dscores) const override {
    const Workspace::Scope scope(backward_.workspace);
    const MatrixView apart = take_out(dscores, b);
    AttentionStepsBackward::make_scores(b, h, dscores);
    global_.make_scores(b, h, apart);
  }

 private:
  /// The rows of global queries, which are zeros in `from` afterwards, among zeros.
  MatrixView take_out(const MatrixView& from, Index b) const {
    const MatrixView apart = backward_.workspace.zeros(from.rows, from.cols);
    for (Index t = 0; t < from.rows; ++t)
      if (is_global(marks_, options_.mask, from.rows, b, t))
        std::swap_ranges(from.row(t), from.row(t) + from.cols, apart.row(t));
    return apart;
  }

  const std::uint8_t* marks_;
  AttentionStepsBackward global_;
  const AttentionOptions& options_;
};

}  // namespace

void attend_longformer(const Heads& heads, const GlobalTokens& global, const AttentionOptions& options,
                       const AttentionSites& sites, const Forward& forward, const TensorView& z) {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const Shape shape = heads.scores_shape();
  const LongformerSteps steps(heads, global, options, workspace);
  if (needs_intermediates(record, sites, FusedPath::hides_intermediates))
    return attend_in_steps(steps, shape, options.normalisation, sites, forward, z);
  for (Index b = 0; b < shape[0]; ++b)
    for (Index h = 0; h < shape[1]; ++h) steps.fused(b, h, z.matrix(b, h));
  skip_intermediates(record, sites);
  record.produced(sites.z, z);
}

LongformerAttention::LongformerAttention(const MultiHeadAttentionConfig& config) : global_qkv_(config) {
  if (config.causal || config.shared_heads || config.normalisation != Normalisation::softmax ||
      config.masked_value != -std::numeric_limits<float>::infinity())
    fail("config", {"globalTokens: expected neither causal nor sharedHeads, softmax, and maskedValue −∞"});
}

void LongformerAttention::name_parameters(Parameters& parameters, const std::string& prefix) {
  global_qkv_.name_all(parameters, prefix, "_global_proj");
}

void LongformerAttention::name_activations(ActivationNames& names, const std::string& prefix) {
  global_sites_.q = names.add(prefix + "q_global", "bhqi");
  global_sites_.k = names.add(prefix + "k_global", "bhki");
  global_sites_.v = names.add(prefix + "v_global", "bhki");
  PlainAttention::name_activations(names, prefix);
}

void LongformerAttention::forward(const Heads& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                                  const Forward& forward, const TensorView& z) const {
  if (!inputs.sequence.global_tokens) return PlainAttention::forward(heads, inputs, options, forward, z);
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const Workspace::Scope scope(workspace);
  const GlobalTokens global{inputs.sequence.global_tokens, global_qkv_.forward(inputs, workspace)};
  inputs.sequence.rotate(global.heads);
  global_sites_.produced(record, global.heads);
  attend_longformer(heads, global, options, sites_, forward, z);
}

void LongformerAttention::request_for_backward(const AttentionOptions& options, Record& record) const {
  PlainAttention::request_for_backward(options, record);
  global_sites_.request(record);
}

void LongformerAttention::backward(const HeadGradients& heads, const AttentionInputs& inputs,
                                   const AttentionOptions& options, const TensorView& dz,
                                   AttentionInputGradients& gradients, const Backward& backward) const {
  if (!inputs.sequence.global_tokens) return PlainAttention::backward(heads, inputs, options, dz, gradients, backward);
  const Workspace::Scope scope(backward.workspace);
  const QkvProjection::Gradients projected = global_qkv_.zero_gradients(inputs, backward.workspace);
  const HeadGradients global{global_sites_, projected.heads};
  attend_backward(LongformerStepsBackward(heads, inputs.sequence.global_tokens, global, options, backward), options,
                  sites_, dz, {}, backward);
  global.record(backward);
  inputs.sequence.rotate_back(projected.heads);
  global_qkv_.backward(inputs, projected, gradients, backward);
}

}  // namespace attention_lab::nn
