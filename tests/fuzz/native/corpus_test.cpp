// Every case that a fuzzer once failed on, and a small corpus that reaches all of the core, run as tests.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "failing_memory.h"
#include "run_case.h"

TEST_CASE("the cases that the native fuzzers kept") {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const char* const folder : {"corpus", "found"})
    if (const fs::path path = fs::path(ATTENTION_LAB_FUZZ_DIR) / folder; fs::exists(path))
      for (const fs::directory_entry& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  CHECK(files.size() > 20);
  attention_lab::testing::limit_allocations(16u << 20);
  for (const fs::path& file : files) {
    CAPTURE(file.filename().string());
    std::ifstream stream(file, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(stream)), {});
    CHECK_NOTHROW(attention_lab::fuzz::run_case(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
  }
  attention_lab::testing::limit_allocations(0);
}
