// Rotary positions: queries and keys rotated by angles that grow with their position.
#pragma once

#include <vector>

#include "nn/matrix.h"

namespace attention_lab::nn {

struct RotaryConfig {
  Index d_head = 0;   // the attention's
  Index max_len = 0;  // the stack's
#define ROTARY_FIELD(type, name, initial, ...) type name = initial;
#include "nn/config_fields.def"
};

/// Pairs (x_i, x_{i + K/2}), K being d_head or, where that is given, d_rotary, rotated by position · θ^(−2i/K).  Su et al. 2021, arXiv:2104.09864, eq. 34, in the layout of
/// Llama: the halves of a vector, not its neighbours, are the pairs.
class RotaryEmbedding {
 public:
  RotaryEmbedding() = default;
  /// Throws on an odd d_head.
  explicit RotaryEmbedding(const RotaryConfig& config);

  explicit operator bool() const { return !frequencies_.empty(); }
  /// x [B, H, T, K] in place; row t stands at position first + t.
  void rotate(const TensorView& x, Index first) const { rotate(x, first, 1.0f); }
  /// The inverse of rotate, which is also its backward.
  void rotate_back(const TensorView& x, Index first) const { rotate(x, first, -1.0f); }

 private:
  void rotate(const TensorView& x, Index first, float direction) const;
  /// Makes the table long enough. It grows with the longest input so far: for all 131,072 positions of a Llama 3 it would take
  /// 33 MB, whatever the size of the model.
  void reach(Index positions) const;

  std::vector<float> frequencies_;    // [K / 2]
  mutable std::vector<float> table_;  // [positions so far, K]: cosines, then sines
};

}  // namespace attention_lab::nn
