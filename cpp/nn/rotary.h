// Rotary positions: queries and keys turned by angles that grow with their position.
#pragma once

#include <vector>

#include "nn/matrix.h"

namespace attention_lab::nn {

struct RotaryConfig {
  Index d_head = 0;
  Index max_len = 0;
  double theta = 10000.0;
  /// Positions are divided by this: linear interpolation (Chen et al. 2023, arXiv:2306.15595).
  double linear_factor = 1.0;
  /// Llama 3.1's scaling: wavelengths above original_max_len / low_frequency are stretched by `llama3_factor`, those
  /// below original_max_len / high_frequency kept, the ones between blended. A factor of 1 leaves all as they are.
  double llama3_factor = 1.0;
  double low_frequency = 1.0;
  double high_frequency = 4.0;
  double original_max_len = 8192.0;
};

/// Pairs (x_i, x_{i + K/2}) turned by position · θ^(−2i/K).  Su et al. 2021, arXiv:2104.09864, eq. 34, in the layout of
/// Llama: the halves of a vector, not its neighbours, are the pairs.
class RotaryEmbedding {
 public:
  RotaryEmbedding() = default;
  /// Throws on an odd d_head.
  explicit RotaryEmbedding(const RotaryConfig& config);

  explicit operator bool() const { return !frequencies_.empty(); }
  /// x [B, H, T, K] in place; row t stands at position first + t.
  void rotate(const TensorView& x, Index first) const { turn(x, first, 1.0f); }
  /// The inverse of rotate, which is also its way back for gradients.
  void rotate_back(const TensorView& x, Index first) const { turn(x, first, -1.0f); }

 private:
  void turn(const TensorView& x, Index first, float direction) const;
  /// Makes the table long enough. It grows with the longest input so far: for all 131,072 positions of a Llama 3 it would take
  /// 33 MB, whatever the size of the model.
  void reach(Index positions) const;

  std::vector<float> frequencies_;    // [K / 2]
  mutable std::vector<float> table_;  // [positions so far, K]: cosines, then sines
};

}  // namespace attention_lab::nn
