// One case of the native fuzzers: libFuzzer makes them (fuzz_core.cpp), the C++ tests repeat those that were kept.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attention_lab::fuzz {

/// Builds what the bytes say and runs it. Returns where everything was right or was refused with an Error or std::bad_alloc;
/// throws std::logic_error where a sound model's bits have changed, or where an error is of no known code.
void run_case(const std::uint8_t* data, std::size_t size);

}  // namespace attention_lab::fuzz
