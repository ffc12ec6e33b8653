// Global attention in three passes of the fused kernel, or step by step where a record looks inside.
#include "nn/global_attention.h"

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

class GlobalSteps final : public AttentionSteps {
 public:
  GlobalSteps(const TensorView& q, const TensorView& k, const TensorView& v, const GlobalTokens& global,
              const AttentionOptions& options, Workspace& workspace)
      : q_(q), k_(k), v_(v), global_(global), options_(options), workspace_(workspace), T_(q.dims[2]) {}

  void make_scores(Index b, Index h, const MatrixView& scores) const override {
    const Workspace::Scope scope(workspace_);
    const Tokens tokens = tokens_of(b);
    const float scale = options_.total_scale();
    kernels::matmul_transposed(scale, q_.matrix(b, h), k_.matrix(b, group(h)), scores, workspace_);
    if (tokens.empty()) return;
    const MatrixView rows = workspace_.take(static_cast<Index>(tokens.size()), T_);
    kernels::matmul_transposed(scale, gather(global_.q.matrix(b, h), tokens, workspace_), global_.k.matrix(b, group(h)),
                               rows, workspace_);
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
    kernels::matmul(pattern, v_.matrix(b, group(h)), z, workspace_);
    if (tokens.empty()) return;
    const MatrixView rows = workspace_.take(static_cast<Index>(tokens.size()), z.cols);
    kernels::matmul(gather(pattern, tokens, workspace_), global_.v.matrix(b, group(h)), rows, workspace_);
    scatter(rows, tokens, z);
  }

  /// All steps at once, without a matrix [T, S].
  void fused(Index b, Index h, const MatrixView& z) const {
    const Workspace::Scope scope(workspace_);
    const Tokens tokens = tokens_of(b);
    const Index count = static_cast<Index>(tokens.size());
    const float scale = options_.total_scale();
    const AttentionMask anywhere = mask_without_window(b, h);
    const MatrixView q = q_.matrix(b, h), k = k_.matrix(b, group(h)), v = v_.matrix(b, group(h));

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
    kernels::attention({gather(global_.q.matrix(b, h), tokens, workspace_),
                        global_.k.matrix(b, group(h)),
                        global_.v.matrix(b, group(h)),
                        scale,
                        all,
                        rows,
                        {},
                        {},
                        {}},
                       workspace_);
    scatter(rows, tokens, z);
  }

 private:
  Index group(Index h) const { return h / (q_.dims[1] / k_.dims[1]); }

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

  const TensorView &q_, &k_, &v_;
  const GlobalTokens& global_;
  const AttentionOptions& options_;
  Workspace& workspace_;
  Index T_;
};

/// Queries that are global go back to their own projections, the others to theirs: for each the others' rows are zeros.
class GlobalStepsBackward final : public AttentionStepsBackward {
 public:
  GlobalStepsBackward(const AttentionOperands& of, const std::uint8_t* marks, const AttentionOperands& global,
                      const AttentionOptions& options, const Backward& backward)
      : AttentionStepsBackward(of, backward), marks_(marks), global_(global, backward), options_(options) {}

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

void attend_globally(const TensorView& q, const TensorView& k, const TensorView& v, const GlobalTokens& global,
                     const AttentionOptions& options, const AttentionSites& sites, Record& record, Workspace& workspace,
                     const TensorView& z) {
  const Index B = q.dims[0], H = q.dims[1], T = q.dims[2];
  const GlobalSteps steps(q, k, v, global, options, workspace);
  if (looks_inside(record, sites))
    return attend_in_steps(steps, {B, H, T, T}, options.normalisation, sites, record, workspace, z);
  for (Index b = 0; b < B; ++b)
    for (Index h = 0; h < H; ++h) steps.fused(b, h, z.matrix(b, h));
  record.produced(sites.z, z);
}

void attend_globally_backward(const AttentionOperands& of, const std::uint8_t* marks, const AttentionOperands& global,
                              const AttentionOptions& options, const AttentionSites& sites, const TensorView& dz,
                              const Backward& backward) {
  attend_backward(GlobalStepsBackward(of, marks, global, options, backward), options, sites, dz, {}, backward);
}

}  // namespace attention_lab::nn
