// Attention over batches and heads, without learned projections: scores → masked scores → pattern → z.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/attention.h"
#include "nn/backward.h"

namespace attention_lab::nn {

/// How a query and a key make a score, before scale and temperature.
struct ScoreFunction {
  enum class Kind {
    scaled_dot,  // q · k, by default divided by √K          Vaswani et al. 2017, arXiv:1706.03762, eq. 1
    dot,         // q · k                                    Luong et al. 2015, arXiv:1508.04025, eq. 7 (dot)
    general,     // q W k                                    ibid. (general); W [K, Kk]
    additive,  // v · tanh(Wq q + Wk k)                    Bahdanau et al. 2015, arXiv:1409.0473, A.1.2; [A, K], [A, Kk], [A]
  };
  Kind kind = Kind::scaled_dot;
  ConstMatrixView w;       // general
  ConstMatrixView wq, wk;  // additive
  ConstMatrixView v;       // additive, [1, A]
};

enum class Normalisation { softmax, none };

/// Who may attend to whom, over [B, H, T, S]; an axis of stride 0 is broadcast.
struct BatchMask {
  bool causal = false;
  Index window = -1;                   // |t − s| ≤ window; negative: no limit
  Index first_query = 0;               // position of query 0, keys starting at 0: the number of tokens cached
  const std::uint8_t* keys = nullptr;  // [B, S], 1 = may be attended to
  Index keys_batch_stride = 0;
  const std::uint8_t* cells = nullptr;  // [.., .., T, S], 1 = may attend
  Index cells_batch_stride = 0, cells_head_stride = 0, cells_row_stride = 0;
  const float* bias = nullptr;  // [.., .., T, S], added to the scores
  Index bias_batch_stride = 0, bias_head_stride = 0, bias_row_stride = 0;
  float masked_value = -std::numeric_limits<float>::infinity();

  kernels::AttentionMask at(Index b, Index h, Index queries, Index keys_count) const;
};

struct AttentionOptions {
  ScoreFunction score;
  float scale = 1.0f;        // multiplies the scores
  float temperature = 1.0f;  // divides them
  Normalisation normalisation = Normalisation::softmax;
  BatchMask mask;

  float total_scale() const { return scale / temperature; }
};

/// Where attention's values stand in a record.
struct AttentionSites {
  Site scores, masked_scores, pattern, z;
};
AttentionSites name_attention_activations(ActivationNames& names, const std::string& prefix);

/// What the steps of an attention do for one head of one sequence, where they are taken one at a time.
class AttentionSteps {
 public:
  virtual void make_scores(Index b, Index h, const MatrixView& scores) const = 0;  // [T, S]
  virtual void mask_scores(Index b, Index h, const ConstMatrixView& scores,
                           const MatrixView& masked) const = 0;  // [T, S]
  virtual void sum_values(Index b, Index h, const ConstMatrixView& pattern,
                          const MatrixView& z) const = 0;  // [T, S], [T, Kv]

 protected:
  ~AttentionSteps() = default;
};

/// True where the record keeps or edits scores, masked scores or pattern.
bool looks_inside(const Record& record, const AttentionSites& sites);

/// All heads one step after the other, each step recorded and edited before the next.
/// shape: [B, H, T, S]; z: [B, H, T, Kv].
void attend_in_steps(const AttentionSteps& steps, const Shape& shape, Normalisation normalisation,
                     const AttentionSites& sites, Record& record, kernels::Workspace& workspace, const TensorView& z);

/// For each batch entry and head:
///   scores = scale / temperature · score(q, k)      [B, H, T, S]
///   masked_scores = scores + bias, masked
///   pattern = softmax(masked_scores) by row; with Normalisation::none the scores themselves, 0 where masked by −∞
///   z = pattern · v                                 [B, H, T, Kv]
/// q [B, H, T, K], k [B, G, S, Kk], v [B, G, S, Kv]; shapes are the caller's to check. G divides H: with G < H, H / G
/// heads share a key–value head (Ainslie et al. 2023, arXiv:2305.13245).
/// No [T, S] matrix is made unless the record or the score function needs one.
void attend(const TensorView& q, const TensorView& k, const TensorView& v, const AttentionOptions& options,
            const AttentionSites& sites, Record& record, kernels::Workspace& workspace, const TensorView& z);

void request_for_backward(const AttentionOptions& options, const AttentionSites& sites, Record& record);

/// Where attention's operands stand in the record, and where their gradients go. dk and dv are added to.
struct AttentionOperands {
  Site q, k, v;
  TensorView dq, dk, dv;  // [B, H, T, K], [B, G, S, K], [B, G, S, K]
};

/// The way back through the two products of attend(), for the score functions q · k, for one head of one sequence.
/// Other attentions have other products.
class AttentionStepsBackward {
 public:
  AttentionStepsBackward(const AttentionOperands& of, const Backward& backward) : of_(of), backward_(backward) {}

  /// z = pattern · v:  dpattern = dz vᵀ, dv += patternᵀ dz. May change dz, which nobody reads afterwards.
  virtual void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& dz,
                          const MatrixView& dpattern) const;
  /// scores = q kᵀ, the scale being in dscores:  dq = dscores k, dk += dscoresᵀ q. May change dscores.
  virtual void make_scores(Index b, Index h, const MatrixView& dscores) const;

 protected:
  Index group(Index h) const { return h / (of_.dq.dims[1] / of_.dk.dims[1]); }
  ConstMatrixView operand(Site site, Index b, Index h) const { return backward_.record.matrix(site, b, h); }

  const AttentionOperands& of_;
  const Backward& backward_;
};

/// Of scores = a bᵀ:  da = dscores b, db += dscoresᵀ a.
void product_backward(const ConstMatrixView& dscores, const ConstMatrixView& a, const ConstMatrixView& b,
                      const MatrixView& da, const MatrixView& db, kernels::Workspace& workspace);

/// The way back through an attention, from dz (turned back through z's edits in place) and the record. The gradient of
/// the bias is added to d_bias [1, H, T, S] unless that is empty.
void attend_backward(const AttentionStepsBackward& steps, const AttentionOptions& options, const AttentionSites& sites,
                     const TensorView& dz, const TensorView& d_bias, const Backward& backward);

}  // namespace attention_lab::nn
