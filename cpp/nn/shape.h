// The sizes of a tensor's axes, stored inline: a vector would cost an allocation and its clean-up at every use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include "kernels/view.h"

namespace attention_lab {

/// Up to kMostAxes sizes, used like a std::vector of them. Growing beyond throws Error.
class Shape {
 public:
  static constexpr std::size_t kMostAxes = 8;

  Shape() = default;
  Shape(std::initializer_list<Index> sizes) : Shape(sizes.begin(), sizes.end()) {}
  Shape(const Index* first, const Index* last) { insert(begin(), first, last); }
  Shape(std::size_t rank, Index size) {
    for (std::size_t axis = 0; axis < rank; ++axis) push_back(size);
  }

  std::size_t size() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  const Index* begin() const { return sizes_; }
  const Index* end() const { return sizes_ + rank_; }
  Index operator[](std::size_t axis) const { return sizes_[axis]; }
  Index& operator[](std::size_t axis) { return sizes_[axis]; }
  Index at(std::size_t axis) const;  // throws Error where there is no such axis
  Index back() const { return sizes_[rank_ - 1]; }

  void push_back(Index size) { insert(end(), {size}); }
  void pop_back() { --rank_; }
  void insert(const Index* at, std::initializer_list<Index> sizes) { insert(at, sizes.begin(), sizes.end()); }
  /// Inserts before `at`; [first, last) lies outside this shape.
  void insert(const Index* at, const Index* first, const Index* last);

  friend bool operator==(const Shape& a, const Shape& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

 private:
  Index sizes_[kMostAxes] = {};
  std::size_t rank_ = 0;
};

/// Number of elements; throws Error of code `memory` where it is more than kernels::kMostFloats, `shape` where a size is
/// negative.
Index element_count(const Shape& shape);

}  // namespace attention_lab
