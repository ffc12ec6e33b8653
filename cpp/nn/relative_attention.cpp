// The two products of a relative score, and the relative shift as a view of the second.
#include "nn/relative_attention.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace attention_lab::nn {

namespace {

using kernels::Workspace;

/// Queries whose position terms are computed at a time: enough that packing k and v for them again costs little.
constexpr Index kBlockQueries = 128;

/// rows + bias[h].
MatrixView plus(const ConstMatrixView& rows, const ConstMatrixView& bias, Index h, Workspace& workspace) {
  const MatrixView sum = workspace.take(rows.rows, rows.cols);
  kernels::add(rows, {bias.row(h), rows.rows, rows.cols, 0}, sum);
  return sum;
}

/// Keys after query t, that is so many or more, have no row of r: causality hides them.
Index known_keys(const RelativePositions& positions, const ConstMatrixView& scores, Index t) {
  return std::min(scores.cols, positions.r.dims[2] - (scores.rows - 1 - t));
}

class RelativeSteps final : public AttentionSteps {
 public:
  RelativeSteps(const TensorView& q, const TensorView& k, const TensorView& v, const RelativePositions& positions,
                const AttentionOptions& options, Workspace& workspace)
      : q_(q), k_(k), v_(v), positions_(positions), options_(options), workspace_(workspace) {}

  void make_scores(Index b, Index h, const MatrixView& scores) const override {
    const Workspace::Scope scope(workspace_);
    const MatrixView q = q_.matrix(b, h);
    kernels::matmul_transposed(options_.total_scale(), plus(q, positions_.content_bias, h, workspace_),
                               k_.matrix(b, group(h)), scores, workspace_);
    const ConstMatrixView terms = position_terms(q, h, 0, scores.cols);
    for (Index t = 0; t < scores.rows; ++t) {
      const Index known = known_keys(positions_, scores, t);
      for (Index s = 0; s < known; ++s) scores.row(t)[s] += terms.row(t)[s];
    }
  }
  void mask_scores(Index b, Index h, const ConstMatrixView& scores, const MatrixView& masked) const override {
    kernels::mask_scores(scores, options_.mask.at(b, h, scores.rows, scores.cols), masked);
  }
  void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& z) const override {
    kernels::matmul(pattern, v_.matrix(b, group(h)), z, workspace_);
  }

  /// All steps at once: the position terms are a bias of the fused kernel.
  void fused(Index b, Index h, const MatrixView& z) const {
    const Index T = q_.dims[2], S = k_.dims[2];
    for (Index first = 0; first < T; first += kBlockQueries) {
      const Workspace::Scope scope(workspace_);
      const auto block = [&](const MatrixView& m) {
        return MatrixView{m.row(first), std::min(kBlockQueries, T - first), m.cols, m.stride};
      };
      const MatrixView q = block(q_.matrix(b, h));
      kernels::AttentionMask mask = options_.mask.at(b, h, T, S);
      mask.first_query += first;
      if (mask.cells) mask.cells += first * mask.cells_stride;
      mask.bias = position_terms(q, h, first, S);
      kernels::attention({plus(q, positions_.content_bias, h, workspace_),
                          k_.matrix(b, group(h)),
                          v_.matrix(b, group(h)),
                          options_.total_scale(),
                          mask,
                          block(z),
                          {},
                          {},
                          {}},
                         workspace_);
    }
  }

 private:
  Index group(Index h) const { return h / (q_.dims[1] / k_.dims[1]); }

  /// scale · (q_t + v) · r_{p − s} as [queries, S], q being the queries from `first` on. The product has a column for each
  /// distance between them and a key; the distance 0 moves one column to the left from query to query: rows one float short
  /// of the product's are the relative shift.
  ConstMatrixView position_terms(const ConstMatrixView& q, Index h, Index first, Index S) const {
    const MatrixView r = positions_.r.matrix(0, h);
    // Query t of all T and key s meet at row T − 1 − t + s of r.
    const Index end = q_.dims[2] - first, begin = end - q.rows;
    const Index distances = std::min(r.rows, end - 1 + S) - begin;
    const MatrixView product = workspace_.take(q.rows, distances);
    kernels::matmul_transposed(options_.total_scale(), plus(q, positions_.position_bias, h, workspace_),
                               {r.row(begin), distances, r.cols, r.stride}, product, workspace_);
    return {product.data + (q.rows - 1), q.rows, S, product.stride - 1};
  }

  const TensorView &q_, &k_, &v_;
  const RelativePositions& positions_;
  const AttentionOptions& options_;
  Workspace& workspace_;
};

class RelativeStepsBackward final : public AttentionStepsBackward {
 public:
  RelativeStepsBackward(const AttentionOperands& of, const RelativePositions& positions,
                        const RelativeGradients& gradients, const Backward& backward)
      : AttentionStepsBackward(of, backward), positions_(positions), gradients_(gradients) {}

  void make_scores(Index b, Index h, const MatrixView& dscores) const override {
    Workspace& workspace = backward_.workspace;
    const Workspace::Scope scope(workspace);
    const MatrixView dq = of_.dq.matrix(b, h), r = positions_.r.matrix(0, h);
    // The relative shift back: a score's gradient in the column of its distance.
    const MatrixView shifted = workspace.zeros(dscores.rows, r.rows);
    for (Index t = 0; t < dscores.rows; ++t)
      std::copy_n(dscores.row(t), known_keys(positions_, dscores, t), shifted.row(t) + (dscores.rows - 1 - t));
    term(shifted, b, h, positions_.position_bias, r, dq, gradients_.r.matrix(0, h), gradients_.position_bias);

    const MatrixView from_content = workspace.take(dq.rows, dq.cols);
    term(dscores, b, h, positions_.content_bias, operand(of_.k, b, group(h)), from_content, of_.dk.matrix(b, group(h)),
         gradients_.content_bias);
    kernels::add(dq, from_content, dq);
  }

 private:
  /// Of (q + bias[h]) keysᵀ.
  void term(const MatrixView& dterm, Index b, Index h, const ConstMatrixView& bias, const ConstMatrixView& keys,
            const MatrixView& dq, const MatrixView& dkeys, const MatrixView& dbias) const {
    product_backward(dterm, plus(operand(of_.q, b, h), bias, h, backward_.workspace), keys, dq, dkeys,
                     backward_.workspace);
    const MatrixView sum{dbias.row(h), dq.rows, dq.cols, 0};  // every row of it the same
    kernels::add(sum, dq, sum);
  }

  const RelativePositions& positions_;
  const RelativeGradients& gradients_;
};

}  // namespace

void attend_relatively(const TensorView& q, const TensorView& k, const TensorView& v,
                       const RelativePositions& positions, const AttentionOptions& options, const AttentionSites& sites,
                       Record& record, Workspace& workspace, const TensorView& z) {
  const Index B = q.dims[0], H = q.dims[1];
  const RelativeSteps steps(q, k, v, positions, options, workspace);
  if (looks_inside(record, sites) || options.normalisation != Normalisation::softmax)
    return attend_in_steps(steps, {B, H, q.dims[2], k.dims[2]}, options.normalisation, sites, record, workspace, z);
  for (Index b = 0; b < B; ++b)
    for (Index h = 0; h < H; ++h) steps.fused(b, h, z.matrix(b, h));
  record.produced(sites.z, z);
}

void attend_relatively_backward(const AttentionOperands& of, const RelativePositions& positions,
                                const RelativeGradients& gradients, const AttentionOptions& options,
                                const AttentionSites& sites, const TensorView& dz, const Backward& backward) {
  attend_backward(RelativeStepsBackward(of, positions, gradients, backward), options, sites, dz, {}, backward);
}

}  // namespace attention_lab::nn
