// Row-major views of float matrices, the only data type the kernels know.
#pragma once

#include <cstddef>

namespace attention_lab {

using Index = std::ptrdiff_t;

namespace kernels {

/// A read-only [rows, cols] matrix whose rows lie `stride` floats apart.
struct ConstMatrixView {
  const float* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  explicit operator bool() const { return data != nullptr; }
  const float* row(Index r) const { return data + r * stride; }
};

/// A writable [rows, cols] matrix whose rows lie `stride` floats apart.
struct MatrixView {
  float* data = nullptr;
  Index rows = 0;
  Index cols = 0;
  Index stride = 0;

  explicit operator bool() const { return data != nullptr; }
  float* row(Index r) const { return data + r * stride; }
  operator ConstMatrixView() const { return {data, rows, cols, stride}; }
};

}  // namespace kernels
}  // namespace attention_lab
