// The comparators must be able to fail: a comparator that accepts NaN or a wrong shape proves nothing.
#include "compare.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using attention_lab::testing::compare;

namespace {
using Floats = std::vector<float>;
using Dims = std::vector<std::ptrdiff_t>;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
}  // namespace

TEST_CASE("compare accepts what is within absolute plus relative tolerance") {
  CHECK(compare(Floats{}, Floats{}, 0, 0).ok);
  CHECK(compare(Floats{1, -2, 0}, Floats{1, -2, 0}, 0, 0).ok);
  CHECK(compare(Floats{0.0f}, Floats{-0.0f}, 0, 0).ok);
  CHECK(compare(Floats{1.5f}, Floats{1.0f}, 0.5, 0).ok);
  CHECK(compare(Floats{-4.5f}, Floats{-4.0f}, 0.25, 0.0625).ok);
  CHECK(compare(Floats{-kInf, kInf}, Floats{-kInf, kInf}, 1e-5, 1e-5).ok);
}

TEST_CASE("compare fails just out of tolerance") {
  const float over = std::nextafter(1.5f, 2.0f);
  CHECK_FALSE(compare(Floats{over}, Floats{1.0f}, 0.5, 0).ok);
  CHECK_FALSE(compare(Floats{std::nextafter(-4.5f, -5.0f)}, Floats{-4.0f}, 0.25, 0.0625).ok);
  CHECK_FALSE(compare(Floats{std::nextafter(1.0f, 2.0f)}, Floats{1.0f}, 0, 0).ok);
}

TEST_CASE("compare fails on NaN on either side, and on both") {
  CHECK_FALSE(compare(Floats{kNan}, Floats{0}, 1e30, 1e30).ok);
  CHECK_FALSE(compare(Floats{0}, Floats{kNan}, 1e30, 1e30).ok);
  CHECK_FALSE(compare(Floats{kNan}, Floats{kNan}, 1e30, 1e30).ok);
  CHECK_FALSE(compare(Floats{0}, Floats{0}, kNan, 0).ok);
  CHECK_FALSE(compare(Floats{0}, Floats{0}, -1, 0).ok);
}

TEST_CASE("compare fails on an infinity that the other side does not have") {
  CHECK_FALSE(compare(Floats{kInf}, Floats{3e38f}, 1e30, 1).ok);
  CHECK_FALSE(compare(Floats{3e38f}, Floats{kInf}, 1e30, 1).ok);
  CHECK_FALSE(compare(Floats{kInf}, Floats{-kInf}, 1e30, 1).ok);
}

TEST_CASE("compare fails on a wrong length or shape") {
  CHECK_FALSE(compare(Floats{1}, Floats{1, 1}, 1, 1).ok);
  CHECK_FALSE(compare(Floats{}, Floats{1}, 1, 1).ok);
  const Floats six(6);
  CHECK(compare(six, Dims{2, 3}, six, Dims{2, 3}, 0, 0).ok);
  CHECK_FALSE(compare(six, Dims{3, 2}, six, Dims{2, 3}, 1, 1).ok);
  CHECK_FALSE(compare(six, Dims{6}, six, Dims{2, 3}, 1, 1).ok);
  CHECK_FALSE(compare(six, Dims{7}, six, Dims{7}, 1, 1).ok);
  CHECK_FALSE(compare(Floats(5), Dims{2, 3}, six, Dims{2, 3}, 1, 1).ok);
}

TEST_CASE("compare names the worst index, both values and the count") {
  const auto flat = compare(Floats{0, 1, 3, 0}, Floats{0, 0, 0, 0}, 0.5, 0);
  CHECK(flat.message == "worst at [2]: expected 0, got 3 (tolerance 0.5); 2 of 4 elements out of tolerance");
  const auto shaped = compare(Floats{0, 0, 0, 0, 7, 0}, Dims{2, 3}, Floats(6), Dims{2, 3}, 0.5, 0);
  CHECK(shaped.message.starts_with("worst at [1, 1]: expected 0, got 7"));
  CHECK(compare(Floats(6), Dims{3, 2}, Floats(6), Dims{2, 3}, 1, 1).message == "expected shape [2, 3], got [3, 2]");
}

TEST_CASE("compare against a double reference takes a bound for each element") {
  using Doubles = std::vector<double>;
  CHECK(compare(Floats{1, 2}, Doubles{1, 2.5}, Doubles{0, 0.5}).ok);
  CHECK_FALSE(compare(Floats{1, 2}, Doubles{1, 2.5}, Doubles{0, 0.49999}).ok);
  CHECK_FALSE(compare(Floats{1, kNan}, Doubles{1, 2.5}, Doubles{0, 1e300}).ok);
  CHECK_FALSE(compare(Floats{1, 2}, Doubles{1, 2}, Doubles{0}).ok);
  CHECK_FALSE(compare(Floats{1}, Doubles{1, 2}, Doubles{0, 0}).ok);
  CHECK_FALSE(compare(Floats{1}, Doubles{1}, Doubles{kNan}).ok);
}
