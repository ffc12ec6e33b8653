// Positions added to the embeddings: sinusoidal and learned.
#pragma once

#include <string>
#include <vector>

#include "kernels/elementwise.h"
#include "nn/backward.h"

namespace attention_lab::nn {

/// How a token's position enters: a vector added to its embedding, a rotation of queries and keys, a bias on the scores, or
/// terms of them.
enum class Positions {
#define POSITIONS(value, ...) value,
#include "nn/config_fields.def"
};
enum class PositionKind { none, added, rotated, bias };
constexpr PositionKind kind_of(Positions positions) {
  switch (positions) {
#define POSITIONS(value, kind, ...) \
  case Positions::value: return PositionKind::kind;
#include "nn/config_fields.def"
  }
  return PositionKind::none;
}

/// PE(pos, 2i) = sin(pos / 10000^(2i/D)), PE(pos, 2i+1) = cos(pos / 10000^(2i/D)).
/// Vaswani et al. 2017, arXiv:1706.03762, section 3.5.   table [rows, D], row r for the position first + r · step
/// `by_halves`: the same columns in another order, all sines, then all cosines; transformers
/// MarianSinusoidalPositionalEmbedding.
void sinusoids(Index first, Index step, const MatrixView& table, bool by_halves = false);

/// A table of position vectors [max_len, D]: fixed or learned (Gehring et al. 2017, arXiv:1705.03122).
/// A fixed one grows with the longest input so far: of the 2²⁴ positions that a config may name few inputs have a thousand.
class PositionEmbedding {
 public:
  enum class Kind { none, learned, sinusoidal, sinusoidal_halves };

  PositionEmbedding() = default;
  PositionEmbedding(Kind kind, Index max_len, Index d_model);

  explicit operator bool() const { return kind_ != Kind::none; }
  /// Names the table if it is learned.
  void name_all(Parameters& parameters, const std::string& name);
  /// Makes a fixed table long enough for positions below `end`, as far as there are such.
  void reach(Index end) const;
  /// The vector of a position, valid until the table grows.   [1, D].  Throws where the table has no such row.
  ConstMatrixView row(Index position) const;

  bool learned() const { return kind_ == Kind::learned; }
  /// Adds to the gradient of a position's vector, of a learned table.   gradient: [1, D]
  void backward(Index position, const ConstMatrixView& gradient, const Backward& backward) const;

 private:
  Kind kind_ = Kind::none;
  Index max_len_ = 0, d_model_ = 0;
  Matrix learned_;                    // [max_len, D]
  mutable std::vector<float> fixed_;  // [positions so far, D]
};

}  // namespace attention_lab::nn
