// Memory that ends on demand, so that a test can ask what follows when the n-th allocation fails.
#pragma once

#include <cstddef>

namespace attention_lab::testing {

/// The n-th allocation from now on, counted from 0, fails, and no other: C++'s and, where the linker can wrap malloc, Eigen's.
void fail_allocation(long n);
/// Ends that. True where the allocation was reached.
bool restore_memory();
/// From now on every allocation of more bytes fails; 0: none.
void limit_allocations(std::size_t bytes);

}  // namespace attention_lab::testing
