// Puts messages together, out of line.
#include "nn/error.h"

#include "kernels/checked.h"

namespace attention_lab {

void Piece::append_to(std::string& message) const {
  if (kind_or_size_ == kNumber) {
    message += std::to_string(number_);
  } else if (kind_or_size_ == kShape) {
    message += '[';
    const char* separator = "";
    for (const Index size : *shape_) {
      message += separator;
      message += std::to_string(size);
      separator = ", ";
    }
    message += ']';
  } else {
    message.append(text_, static_cast<std::size_t>(kind_or_size_));
  }
}

Error::Error(const char* code, std::initializer_list<Piece> pieces) : code_(code) {
  for (const Piece& piece : pieces) piece.append_to(message_);
}

void fail(const char* code, std::initializer_list<Piece> pieces) { throw Error(code, pieces); }

void require_in_range(std::string_view name, Index value, Index end) {
  if (value < 0 || value >= end) fail("range", {name, ": expected 0 to ", end - 1, ", got ", value});
}

void require_at_least(Index least, Index value, const char* name) {
  if (value < least) fail("config", {name, ": expected at least ", least, ", got ", value});
}

void require_size(Index least, Index value, const char* name) {
  require_at_least(least, value, name);
  if (value > kernels::kMostFloats)
    fail("memory", {name, ": expected at most ", kernels::kMostFloats, ", got ", value});
}

void require_shape(std::string_view name, const Shape& expected, const Shape& actual) {
  if (expected != actual) fail("shape", {name, ": expected ", expected, ", got ", actual});
}

void require_count(std::string_view name, Index expected, std::size_t actual) {
  if (static_cast<Index>(actual) != expected)
    fail("shape", {name, ": expected ", expected, " values, got ", static_cast<Index>(actual)});
}

}  // namespace attention_lab
