// The two products of a relative score, and the relative shift as a view of the second.
#include "nn/transformer_xl_attention.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "nn/sublayer.h"

namespace attention_lab::nn {

namespace {

using kernels::Workspace;

/// Queries whose position terms are computed at a time: enough that packing k and v for them again costs little.
constexpr Index kBlockQueries = 128;

/// The operands of a score that do not come from the tokens.
struct RelativePositions {
  TensorView r;  // [1, H, distances, K]; row j for the distance S − 1 − j of query and key
  ConstMatrixView content_bias, position_bias;  // u, v [H, K]
};
/// Their gradients, which are added to.
struct RelativeGradients {
  TensorView r;
  MatrixView content_bias, position_bias;
};

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
  RelativeSteps(const Heads& heads, const RelativePositions& positions, const AttentionOptions& options,
                Workspace& workspace)
      : heads_(heads), positions_(positions), options_(options), workspace_(workspace) {}

  void make_scores(Index b, Index h, const MatrixView& scores) const override {
    const Workspace::Scope scope(workspace_);
    const MatrixView q = heads_.q.matrix(b, h);
    kernels::matmul_transposed(options_.total_scale(), plus(q, positions_.content_bias, h, workspace_),
                               heads_.k.matrix(b, heads_.group(h)), scores, workspace_);
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
    kernels::matmul(pattern, heads_.v.matrix(b, heads_.group(h)), z, workspace_);
  }

  /// All steps at once: the position terms are a bias of the fused kernel.
  void fused(Index b, Index h, const MatrixView& z) const {
    const Index T = heads_.q.dims[2], S = heads_.k.dims[2];
    for (Index first = 0; first < T; first += kBlockQueries) {
      const Workspace::Scope scope(workspace_);
      const auto block = [&](const MatrixView& m) {
        return MatrixView{m.row(first), std::min(kBlockQueries, T - first), m.cols, m.stride};
      };
      const MatrixView q = block(heads_.q.matrix(b, h));
      kernels::AttentionMask mask = options_.mask.at(b, h, T, S);
      mask.first_query += first;
      if (mask.cells) mask.cells += first * mask.cells_stride;
      mask.bias = position_terms(q, h, first, S);
      kernels::AttentionArguments arguments;
      arguments.q = plus(q, positions_.content_bias, h, workspace_);
      arguments.k = heads_.k.matrix(b, heads_.group(h));
      arguments.v = heads_.v.matrix(b, heads_.group(h));
      arguments.scale = options_.total_scale();
      arguments.mask = mask;
      arguments.out = block(z);
      kernels::attention(arguments, workspace_);
    }
  }

 private:
  /// scale · (q_t + v) · r_{p − s} as [queries, S], q being the queries from `first` on. The product has a column for each
  /// distance between them and a key; the distance 0 moves one column to the left from query to query: rows one float short
  /// of the product's are the relative shift.
  ConstMatrixView position_terms(const ConstMatrixView& q, Index h, Index first, Index S) const {
    const MatrixView r = positions_.r.matrix(0, h);
    // Query t of all T and key s meet at row T − 1 − t + s of r.
    const Index end = heads_.q.dims[2] - first, begin = end - q.rows;
    const Index distances = std::min(r.rows, end - 1 + S) - begin;
    const MatrixView product = workspace_.take(q.rows, distances);
    kernels::matmul_transposed(options_.total_scale(), plus(q, positions_.position_bias, h, workspace_),
                               {r.row(begin), distances, r.cols, r.stride}, product, workspace_);
    return {product.data + (q.rows - 1), q.rows, S, product.stride - 1};
  }

  const Heads& heads_;
  const RelativePositions& positions_;
  const AttentionOptions& options_;
  Workspace& workspace_;
};

class RelativeStepsBackward final : public AttentionStepsBackward {
 public:
  RelativeStepsBackward(const HeadGradients& heads, const RelativePositions& positions,
                        const RelativeGradients& gradients, const Backward& backward)
      : AttentionStepsBackward(heads, backward), positions_(positions), gradients_(gradients) {}

  void make_scores(Index b, Index h, const MatrixView& dscores) const override {
    Workspace& workspace = backward_.workspace;
    const Workspace::Scope scope(workspace);
    const MatrixView r = positions_.r.matrix(0, h);
    // The relative shift, inverted: a score's gradient in the column of its distance.
    const MatrixView shifted = workspace.zeros(dscores.rows, r.rows);
    for (Index t = 0; t < dscores.rows; ++t)
      std::copy_n(dscores.row(t), known_keys(positions_, dscores, t), shifted.row(t) + (dscores.rows - 1 - t));
    const MatrixView from_position = dq(b, h), from_content = workspace.take(from_position.rows, from_position.cols);
    term(shifted, b, h, positions_.position_bias, r, from_position, gradients_.r.matrix(0, h),
         gradients_.position_bias);
    term(dscores, b, h, positions_.content_bias, k(b, h), from_content, dk(b, h), gradients_.content_bias);
    kernels::add(from_position, from_content, from_position);
  }

 private:
  /// Of (q + bias[h]) keysᵀ.
  void term(const MatrixView& dterm, Index b, Index h, const ConstMatrixView& bias, const ConstMatrixView& keys,
            const MatrixView& dq_term, const MatrixView& dkeys, const MatrixView& dbias) const {
    product_backward(dterm, plus(q(b, h), bias, h, backward_.workspace), keys, dq_term, dkeys, backward_.workspace);
    const MatrixView sum{dbias.row(h), dq_term.rows, dq_term.cols, 0};  // every row of it the same
    kernels::add(sum, dq_term, sum);
  }

  const RelativePositions& positions_;
  const RelativeGradients& gradients_;
};

}  // namespace

TransformerXlAttention::TransformerXlAttention(const MultiHeadAttentionConfig& config)
    : r_proj_(config.d_model, config.num_heads * config.d_head, config.weights),
      content_bias_(Matrix::Zero(config.num_heads, config.d_head)),
      position_bias_(Matrix::Zero(config.num_heads, config.d_head)) {
  if (config.shared_heads || config.global_tokens)
    fail("config", {"positions transformer_xl: expected neither sharedHeads nor globalTokens"});
}

void TransformerXlAttention::name_parameters(Parameters& parameters, const std::string& prefix) {
  r_proj_.name_all(parameters, prefix + "r_proj", false);
  const auto add = [&](const char* name, Matrix& bias) {
    parameters.push_back({prefix + name,
                          {bias.rows(), bias.cols()},
                          Parameter::Layout::dense,
                          bias.data(),
                          0,
                          0,
                          Parameter::Initialisation::embedding});
  };
  add("content_bias", content_bias_);
  add("position_bias", position_bias_);
}

MatrixView TransformerXlAttention::project(const ConstMatrixView& distances, Workspace& workspace) const {
  const MatrixView r = workspace.take(distances.rows, r_proj_.out());
  r_proj_.forward(distances, r, workspace);
  return r;
}

void TransformerXlAttention::forward(const Heads& heads, const AttentionInputs& inputs, const AttentionOptions& options,
                                     const Forward& forward, const TensorView& z) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const Workspace::Scope scope(workspace);
  const Index H = heads.q.dims[1];
  const RelativePositions positions{by_head(project(inputs.sequence.distances, workspace), 1, H), view(content_bias_),
                                    view(position_bias_)};
  const RelativeSteps steps(heads, positions, options, workspace);
  if (options.normalisation != Normalisation::softmax ||
      needs_intermediates(record, sites_, FusedPath::hides_intermediates))
    return attend_in_steps(steps, heads.scores_shape(), options.normalisation, sites_, forward, z);
  for (Index b = 0; b < inputs.batch; ++b)
    for (Index h = 0; h < H; ++h) steps.fused(b, h, z.matrix(b, h));
  skip_intermediates(record, sites_);
  record.produced(sites_.z, z);
}

void TransformerXlAttention::backward(const HeadGradients& heads, const AttentionInputs& inputs,
                                      const AttentionOptions& options, const TensorView& dz, AttentionInputGradients&,
                                      const Backward& backward) const {
  Workspace& workspace = backward.workspace;
  const Workspace::Scope scope(workspace);
  const Index H = content_bias_.rows(), K = content_bias_.cols();
  const MatrixView r = project(inputs.sequence.distances, workspace), dr = workspace.zeros(r.rows, r.cols);
  const auto gradient_of = [&](const Matrix& bias) { return MatrixView{backward.gradient_of(bias.data()), H, K, K}; };
  const RelativePositions positions{by_head(r, 1, H), view(content_bias_), view(position_bias_)};
  const RelativeGradients gradients{by_head(dr, 1, H), gradient_of(content_bias_), gradient_of(position_bias_)};
  attend_backward(RelativeStepsBackward(heads, positions, gradients, backward), options, sites_, dz, {}, backward);
  r_proj_.backward(inputs.sequence.distances, dr, {}, {}, backward);
}

}  // namespace attention_lab::nn
