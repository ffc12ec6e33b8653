// Attention over batches and heads, without learned projections: scores → masked scores → pattern → z.
#pragma once

#include <cstdint>

#include "kernels/attention.h"
#include "nn/backward.h"
#include "nn/forward.h"

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

enum class Normalisation {
#define NORMALISATION(value, ...) value,
#include "nn/config_fields.def"
};

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

/// The sites of an attention's intermediates and of its output.
struct AttentionSites {
  Site scores, masked_scores, pattern, z;
};
AttentionSites name_attention_activations(ActivationNames& names, const std::string& prefix);

/// Queries, keys and values by head, or their gradients. G divides H: with G < H, H / G heads share a key–value head
/// (Ainslie et al. 2023, arXiv:2305.13245).
struct Heads {
  TensorView q;  // [B, H, T, K]
  TensorView k;  // [B, G, S, Kk]
  TensorView v;  // [B, G, S, Kv]

  /// The key–value head that query head h attends to.
  Index group(Index h) const { return h / (q.dims[1] / k.dims[1]); }
  Shape scores_shape() const { return {q.dims[0], q.dims[1], q.dims[2], k.dims[2]}; }  // [B, H, T, S]
};

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

/// Whether scores, masked scores and pattern must come into being one after the other, because somebody observes one of
/// them. A fused path that can store them itself, unedited, needs that only for edits.
enum class FusedPath { stores_intermediates, hides_intermediates };
bool needs_intermediates(const Record& record, const AttentionSites& sites, FusedPath path);
/// To be called by a fused path that made none of them.
void skip_intermediates(const Record& record, const AttentionSites& sites);

/// All heads one step after the other, each step recorded and edited before the next.
/// shape: [B, H, T, S]; z: [B, H, T, Kv].
void attend_in_steps(const AttentionSteps& steps, const Shape& shape, Normalisation normalisation,
                     const AttentionSites& sites, const Forward& forward, const TensorView& z);

/// For each batch entry and head:
///   scores = scale / temperature · score(q, k)      [B, H, T, S]
///   masked_scores = scores + bias, masked
///   pattern = softmax(masked_scores) by row; with Normalisation::none the scores themselves, 0 where masked by −∞
///   z = pattern · v                                 [B, H, T, Kv]
/// Shapes are the caller's to check. No [T, S] matrix is made unless the record or the score function needs one.
void attend(const Heads& heads, const AttentionOptions& options, const AttentionSites& sites, const Forward& forward,
            const TensorView& z);

/// Requests what attend_backward() reads of the intermediates; q, k and v are their maker's to request.
void request_for_backward(const AttentionOptions& options, const AttentionSites& sites, Record& record);

/// The sites of q, k and v.
struct HeadSites {
  Site q, k, v;

  void produced(Record& record, const Heads& heads) const {
    record.produced(q, heads.q);
    record.produced(k, heads.k);
    record.produced(v, heads.v);
  }
  void request(Record& record) const {
    for (const Site site : {q, k, v}) record.request(site);
  }
};

/// The gradients of q, k and v, and the sites of what they are the gradients of: dq is written, dk and dv are added to.
struct HeadGradients {
  HeadSites sites;
  Heads gradients;

  void record(const Backward& backward) const {
    backward.record_gradient(sites.q, gradients.q);
    backward.record_gradient(sites.k, gradients.k);
    backward.record_gradient(sites.v, gradients.v);
  }
};

/// The backward of the two products of attend(), for the score functions q · k, for one head of one sequence. Variants
/// of attention with other products override them.
class AttentionStepsBackward {
 public:
  AttentionStepsBackward(const HeadGradients& heads, const Backward& backward) : heads_(heads), backward_(backward) {}

  /// z = pattern · v:  dpattern = dz vᵀ, dv += patternᵀ dz. May change dz, which nobody reads afterwards.
  virtual void sum_values(Index b, Index h, const ConstMatrixView& pattern, const MatrixView& dz,
                          const MatrixView& dpattern) const;
  /// scores = q kᵀ, the scale being in dscores:  dq = dscores k, dk += dscoresᵀ q. May change dscores.
  virtual void make_scores(Index b, Index h, const MatrixView& dscores) const;

 protected:
  Index group(Index h) const { return heads_.gradients.group(h); }
  ConstMatrixView q(Index b, Index h) const { return backward_.record.matrix(heads_.sites.q, b, h); }
  ConstMatrixView k(Index b, Index h) const { return backward_.record.matrix(heads_.sites.k, b, group(h)); }
  ConstMatrixView v(Index b, Index h) const { return backward_.record.matrix(heads_.sites.v, b, group(h)); }
  MatrixView dq(Index b, Index h) const { return heads_.gradients.q.matrix(b, h); }
  MatrixView dk(Index b, Index h) const { return heads_.gradients.k.matrix(b, group(h)); }
  MatrixView dv(Index b, Index h) const { return heads_.gradients.v.matrix(b, group(h)); }

  const HeadGradients& heads_;
  const Backward& backward_;
};

/// Of scores = a bᵀ:  da = dscores b, db += dscoresᵀ a.
void product_backward(const ConstMatrixView& dscores, const ConstMatrixView& a, const ConstMatrixView& b,
                      const MatrixView& da, const MatrixView& db, kernels::Workspace& workspace);

/// The backward of attend() and of its variants, from dz, which is changed, and the record. The gradient of the bias is
/// added to d_bias [1, H, T, S] unless that is empty.
void attend_backward(const AttentionStepsBackward& steps, const AttentionOptions& options, const AttentionSites& sites,
                     const TensorView& dz, const TensorView& d_bias, const Backward& backward);

}  // namespace attention_lab::nn
