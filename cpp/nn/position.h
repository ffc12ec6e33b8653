// Positions added to the embeddings: sinusoidal and learned.
#pragma once

#include <string>

#include "kernels/elementwise.h"
#include "nn/backward.h"

namespace attention_lab::nn {

/// PE(pos, 2i) = sin(pos / 10000^(2i/D)), PE(pos, 2i+1) = cos(pos / 10000^(2i/D)).
/// Vaswani et al. 2017, arXiv:1706.03762, section 3.5.   table [rows, D], row r for the position first + r · step
void sinusoids(Index first, Index step, const MatrixView& table);
/// The same of the positions 0 … max_len − 1.   [max_len, D]
Matrix sinusoidal_positions(Index max_len, Index d_model);

/// The same columns in another order: all sines, then all cosines.  transformers MarianSinusoidalPositionalEmbedding.
Matrix sinusoidal_positions_by_halves(Index max_len, Index d_model);

/// A table of position vectors [max_len, D]: fixed or learned (Gehring et al. 2017, arXiv:1705.03122).
class PositionEmbedding {
 public:
  enum class Kind { none, learned, sinusoidal, sinusoidal_halves };

  PositionEmbedding() = default;
  PositionEmbedding(Kind kind, Index max_len, Index d_model);

  explicit operator bool() const { return kind_ != Kind::none; }
  /// Names the table where it is learned.
  void name_all(Parameters& parameters, const std::string& name);
  /// The vector of a position.   [1, D]
  ConstMatrixView row(Index position) const {
    return {table_.data() + position * table_.cols(), 1, table_.cols(), table_.cols()};
  }

  bool learned() const { return kind_ == Kind::learned; }
  /// Adds to the gradient of a position's vector, of a learned table.   gradient: [1, D]
  void backward(Index position, const ConstMatrixView& gradient, const Backward& backward) const {
    const MatrixView sum{backward.gradient_of(table_.data()) + position * table_.cols(), 1, table_.cols(),
                         table_.cols()};
    kernels::add(sum, gradient, sum);
  }

 private:
  Kind kind_ = Kind::none;
  Matrix table_;  // [max_len, D]
};

}  // namespace attention_lab::nn
