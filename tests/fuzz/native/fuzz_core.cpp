// libFuzzer's entry. A case of which an allocation is larger than the rest of the machine would like is refused as where
// memory has ended.
#include <cstdint>

#include "failing_memory.h"
#include "run_case.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attention_lab::testing::limit_allocations(16u << 20);
  attention_lab::fuzz::run_case(data, size);
  return 0;
}
