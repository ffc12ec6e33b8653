// Puts messages together, out of line.
#include "nn/error.h"

namespace attention_lab {

void Piece::append_to(std::string& message) const {
  switch (kind_) {
    case Kind::text: message += text_; return;
    case Kind::number: message += std::to_string(number_); return;
    case Kind::shape:
      message += '[';
      for (std::size_t i = 0; i < shape_->size(); ++i) {
        if (i > 0) message += ", ";
        message += std::to_string((*shape_)[i]);
      }
      message += ']';
      return;
  }
}

Error::Error(const char* code, std::initializer_list<Piece> pieces) : code_(code) {
  for (const Piece& piece : pieces) piece.append_to(message_);
}

void require_in_range(std::string_view name, Index value, Index end) {
  if (value < 0 || value >= end) throw Error("range", {name, ": expected 0 to ", end - 1, ", got ", value});
}

void require_at_least(Index least, Index value, const char* name) {
  if (value < least) throw Error("config", {name, ": expected at least ", least, ", got ", value});
}

void require_shape(std::string_view name, const Shape& expected, const Shape& actual) {
  if (expected != actual) throw Error("shape", {name, ": expected ", expected, ", got ", actual});
}

void require_count(std::string_view name, Index expected, std::size_t actual) {
  if (static_cast<Index>(actual) != expected)
    throw Error("shape", {name, ": expected ", expected, " values, got ", static_cast<Index>(actual)});
}

}  // namespace attention_lab
