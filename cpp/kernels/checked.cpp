// Out of line: one call at each of the many places that take memory.
#include "kernels/checked.h"

#include <cstdint>
#include <new>

namespace attention_lab::kernels {

namespace {

void require_size(std::int64_t size) {
  if (size < 0 || size > kMostFloats) throw std::bad_alloc();
}

}  // namespace

Index checked_sum(Index a, Index b) {
  require_size(a);
  require_size(b);
  require_size(static_cast<std::int64_t>(a) + b);
  return a + b;
}

Index checked_product(Index a, Index b) {
  require_size(a);
  require_size(b);
  require_size(static_cast<std::int64_t>(a) * b);
  return a * b;
}

}  // namespace attention_lab::kernels
