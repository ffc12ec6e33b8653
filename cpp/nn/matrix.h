// Eigen matrices and strided tensor views, row-major, and the one legend of shapes.
//
//   B batch   T queries   S keys (S = T in self-attention)   H heads   D d_model   K d_head
//   F d_ff    V vocabulary   N layers
//
// A batch of sequences is a matrix [B·T, D]: one row per token.
#pragma once

#include <Eigen/Core>
#include <array>
#include <limits>
#include <vector>

#include "kernels/view.h"
#include "nn/error.h"

namespace attention_lab {

using kernels::ConstMatrixView;
using kernels::MatrixView;

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;
using MatrixMap = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
using ConstMatrixMap = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

inline MatrixMap map(const MatrixView& m) { return {m.data, m.rows, m.cols, Eigen::OuterStride<>(m.stride)}; }
inline ConstMatrixMap map(const ConstMatrixView& m) { return {m.data, m.rows, m.cols, Eigen::OuterStride<>(m.stride)}; }
inline MatrixView view(Matrix& m) { return {m.data(), m.rows(), m.cols(), m.cols()}; }
inline ConstMatrixView view(const Matrix& m) { return {m.data(), m.rows(), m.cols(), m.cols()}; }

/// Gives a matrix that has a past another size; its values are lost. Eigen's own resize() frees the old memory first and
/// still points to it where there is no new memory.
inline void resize(Matrix& m, Index rows, Index cols) {
  if (m.rows() == rows && m.cols() == cols) return;
  m.resize(0, 0);
  m.resize(rows, cols);
}

/// A tensor of up to four axes as it lies in memory; strides in floats.
struct TensorView {
  float* data = nullptr;
  int rank = 0;
  std::array<Index, 4> dims{};
  std::array<Index, 4> strides{};

  explicit operator bool() const { return data != nullptr; }
  Shape shape() const { return {dims.data(), dims.data() + rank}; }

  /// The matrix at (b, h) of a tensor [B, H, rows, cols].
  MatrixView matrix(Index b, Index h) const {
    return {data + b * strides[0] + h * strides[1], dims[2], dims[3], strides[2]};
  }

  /// A row-major tensor without gaps.
  static TensorView dense(float* data, const Shape& shape) {
    TensorView tensor{data, static_cast<int>(shape.size()), {}, {}};
    Index stride = 1;
    for (int axis = tensor.rank - 1; axis >= 0; --axis) {
      tensor.dims[static_cast<std::size_t>(axis)] = shape[static_cast<std::size_t>(axis)];
      tensor.strides[static_cast<std::size_t>(axis)] = stride;
      stride *= shape[static_cast<std::size_t>(axis)];
    }
    return tensor;
  }
};

}  // namespace attention_lab
