// Matrices for the kernel tests: seeded values, unaligned rows, and NaN between them that nobody may read or overwrite.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "../compare.h"
#include "kernels/view.h"
#include "reference.h"

namespace attention_lab::testing {

inline constexpr Index kSizes[] = {0, 1, 3, 7, 8, 9, 31, 33, 127, 129};

/// SplitMix64 (Steele, Lea & Flood 2014): the same numbers on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(static_cast<double>(bits() >> 11) * 0x1p-53);
  }

 private:
  std::uint64_t state_;
};

/// Rows begin one float off any alignment and lie an odd number of floats apart.
class Matrix {
 public:
  Matrix(Index rows, Index cols) : rows_(rows), cols_(cols), storage_(1 + static_cast<std::size_t>(rows * stride())) {
    for (float& value : storage_) value = std::numeric_limits<float>::quiet_NaN();
  }
  Matrix(Index rows, Index cols, Random& random, float low = -1.0f, float high = 1.0f) : Matrix(rows, cols) {
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c) view().row(r)[c] = random.uniform(low, high);
  }

  kernels::MatrixView view() { return {storage_.data() + 1, rows_, cols_, stride()}; }
  kernels::ConstMatrixView view() const { return {storage_.data() + 1, rows_, cols_, stride()}; }
  float& at(Index r, Index c) { return view().row(r)[c]; }

  /// Against a reference; and nothing between the rows was written.
  Comparison compared(const Reference& reference) const {
    if (reference.rows != rows_ || reference.cols != cols_) return {false, "the reference has another shape"};
    std::vector<float> dense;
    for (Index r = 0; r < rows_; ++r) {
      dense.insert(dense.end(), view().row(r), view().row(r) + cols_);
      for (Index c = cols_; c < stride(); ++c)
        if (!std::isnan(view().row(r)[c])) return {false, "written past the end of row " + std::to_string(r)};
    }
    if (!std::isnan(storage_[0])) return {false, "written before row 0"};
    return compare(dense, reference.value, reference.bound);
  }

 private:
  Index stride() const { return cols_ + 3 - cols_ % 2; }  // odd, and at least 2 more than cols
  Index rows_, cols_;
  std::vector<float> storage_;
};

/// A reference that is exactly this matrix.
inline Reference exactly(const Matrix& matrix) {
  const kernels::ConstMatrixView view = matrix.view();
  Reference reference(view.rows, view.cols);
  for (Index r = 0; r < view.rows; ++r)
    for (Index c = 0; c < view.cols; ++c) reference.at(r, c) = static_cast<double>(view.row(r)[c]);
  return reference;
}

}  // namespace attention_lab::testing
