// What of Shape is not worth a copy at every use.
#include "nn/shape.h"

#include "kernels/checked.h"
#include "nn/error.h"

namespace attention_lab {

Index Shape::at(std::size_t axis) const {
  if (axis >= rank_) fail("shape", {"dims: expected more than ", static_cast<Index>(axis), " axes, got ", *this});
  return sizes_[axis];
}

void Shape::insert(const Index* at, const Index* first, const Index* last) {
  const std::size_t more = static_cast<std::size_t>(last - first);
  if (rank_ + more > kMostAxes)
    fail("shape", {"dims: expected at most ", Index{kMostAxes}, " axes, got ", static_cast<Index>(rank_ + more)});
  Index* const gap = sizes_ + (at - sizes_);
  std::copy_backward(gap, sizes_ + rank_, sizes_ + rank_ + more);
  std::copy(first, last, gap);
  rank_ += more;
}

Index element_count(const Shape& shape) {
  double count = 1;  // of eight sizes the product fits, roughly where it is far too large
  for (const Index size : shape) {
    if (size < 0) fail("shape", {"dims: expected sizes of at least 0, got ", shape});
    count *= static_cast<double>(size);
  }
  if (count > static_cast<double>(kernels::kMostFloats))
    fail("memory", {"a tensor of shape ", shape, " is larger than 2 GiB"});
  return static_cast<Index>(count);
}

}  // namespace attention_lab
