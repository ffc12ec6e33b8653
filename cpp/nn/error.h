// The library's one exception: a code for programs, a message for people.
#pragma once

#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

#include "nn/shape.h"

namespace attention_lab {

/// A part of a message: text, a number or a shape. Holds references. Two words, since call sites abound.
class Piece {
 public:
  Piece(const char* text) : Piece(std::string_view(text)) {}
  Piece(const std::string& text) : Piece(std::string_view(text)) {}
  Piece(std::string_view text) : kind_or_size_(static_cast<Index>(text.size())), text_(text.data()) {}
  Piece(Index number) : kind_or_size_(kNumber), number_(number) {}
  Piece(const Shape& shape) : kind_or_size_(kShape), shape_(&shape) {}

  void append_to(std::string& message) const;

 private:
  static constexpr Index kNumber = -1, kShape = -2;
  Index kind_or_size_;  // the size of a text, or what else the piece is
  union {
    const char* text_;
    Index number_;
    const Shape* shape_;
  };
};

/// `code` is one of: config, shape, range, name, value, memory. The message names the value, what was expected and
/// what was given.
class Error : public std::exception {
 public:
  Error(const char* code, std::initializer_list<Piece> pieces);
  const char* what() const noexcept override { return message_.c_str(); }
  const std::string& code() const { return code_; }

 private:
  std::string code_;
  std::string message_;
};

/// Throws an Error. Takes the message in pieces and throws out of line, so that each of the many places that call it stays
/// a few instructions of wasm.
[[noreturn]] void fail(const char* code, std::initializer_list<Piece> pieces);

/// Throws unless 0 ≤ value < end: `inputIds[3]: expected 0 to 29, got 30`.
void require_in_range(std::string_view name, Index value, Index end);

/// Throws unless value ≥ least: `numLayers: expected at least 1, got 0`.
void require_at_least(Index least, Index value, const char* name);

/// Throws unless least ≤ value ≤ kernels::kMostFloats, beyond which no memory has so many rows or columns. Three such sizes
/// have a sum.
void require_size(Index least, Index value, const char* name);

/// Throws unless the shapes are equal: `q_proj.weight: expected [64, 64], got [64, 32]`.
void require_shape(std::string_view name, const Shape& expected, const Shape& actual);

/// Throws unless there are as many values as expected: `keyMask: expected 8 values, got 7`.
void require_count(std::string_view name, Index expected, std::size_t actual);

}  // namespace attention_lab
