// Positions as a bias on the scores that depends on head and distance alone: T5's buckets and ALiBi.
#pragma once

#include <string>

#include "nn/backward.h"
#include "nn/position.h"

namespace attention_lab::nn {

struct T5BiasConfig {
#define T5_BIAS_FIELD(type, name, initial, ...) type name = initial;
#include "nn/config_fields.def"
};

/// The bucket of the distance key − query.  Raffel et al. 2020, arXiv:1910.10683, section 2.1: one bucket for each distance up
/// to half of the buckets, then logarithmically wider ones. As transformers' T5Attention._relative_position_bucket rounds.
Index t5_bucket(const T5BiasConfig& config, Index distance);

/// One slope for each head: 2^(−8h/H), h = 1 … H, where H is a power of two; else those of the power of two below, then every
/// other one of the power of two above: [1, H].  Press, Smith & Lewis 2022, arXiv:2108.12409, section 3;
/// transformers' build_alibi_tensor.
Matrix alibi_slopes(Index num_heads);

/// bias[h, t, s] = factor(d) · table[row(d), h], query t at position p, key s at position s, d = s − p:
///   t5_bias:  row(d) = bucket(d), factor 1, table [num_buckets, H] learned
///   alibi:    row 0, factor(d) = −|d|, table the slopes [1, H]
/// Added to the scores of every layer.
class PositionBias {
 public:
  PositionBias() = default;
  /// Empty (false) where positions are no bias. Throws on buckets and distances that leave no room for T5's logarithm.
  PositionBias(Positions positions, const T5BiasConfig& config, Index num_heads);

  explicit operator bool() const { return table_.size() > 0; }
  /// Names T5's table `name`.weight.
  void name_all(Parameters& parameters, const std::string& name);

  /// bias [1, H, T, S] for queries at positions `first` … first + T − 1. Each distance is computed and kept once: all rows
  /// are windows into the same T + S − 1 values, each one step further left than the row before.
  TensorView forward(Index first, Index T, Index S, kernels::Workspace& workspace) const;

  bool learned() const { return positions_ == Positions::t5_bias; }
  /// A gradient of the bias [1, H, T, S], zeros at first. Cells of one distance share their memory: adding sums over
  /// them.
  TensorView zero_gradient(Index T, Index S, kernels::Workspace& workspace) const;
  /// Adds the gradient of a learned table: by bucket, the sum over its pairs of query and key.
  void backward(Index first, const TensorView& gradient, const Backward& backward) const;

 private:
  Index row(Index distance) const;
  float factor(Index distance) const;

  Positions positions_ = Positions::none;
  T5BiasConfig config_;
  Matrix table_;  // [rows, H]
};

}  // namespace attention_lab::nn
