// Sums and products of sizes: whatever a config, an input or a file says, none of them overflows on the way to an allocation.
#pragma once

#include "kernels/view.h"

namespace attention_lab::kernels {

/// The most floats of one piece of memory: 2 GiB, half of what wasm32 can address. Twice as many still fit an Index of 32 bits.
inline constexpr Index kMostFloats = (Index{1} << 29) - 1;

/// a + b and a · b of sizes. Throw std::bad_alloc where a size or the result is negative or above kMostFloats.
Index checked_sum(Index a, Index b);
Index checked_product(Index a, Index b);

}  // namespace attention_lab::kernels
