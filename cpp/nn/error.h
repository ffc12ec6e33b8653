// The one exception of the library: a code for programs, a message for people. Knows nothing else.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "kernels/view.h"

namespace attention_lab {

/// `code` is one of: config, shape, range, name, value, memory. The message names the value, what was expected and
/// what came.
class Error : public std::exception {
 public:
  Error(std::string code, std::string message) : code_(std::move(code)), message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& code() const { return code_; }

 private:
  std::string code_;
  std::string message_;
};

/// Throws unless 0 ≤ value < end: `inputIds[3]: expected 0 to 29, got 30`.
inline void require_in_range(const std::string& name, Index value, Index end) {
  if (value >= 0 && value < end) return;
  throw Error("range", name + ": expected 0 to " + std::to_string(end - 1) + ", got " + std::to_string(value));
}

}  // namespace attention_lab
