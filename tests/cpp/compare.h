// Comparators of float tensors for the C++ tests: fail on NaN, on a wrong shape and just out of tolerance.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <sstream>
#include <string>

namespace attention_lab::testing {

/// The outcome of a comparison. `message` is empty where ok, else it names the worst element.
struct Comparison {
  bool ok = true;
  std::string message;
  explicit operator bool() const { return ok; }
};

namespace detail {

inline std::string describe(std::span<const std::ptrdiff_t> dims) {
  std::ostringstream text;
  text << '[';
  for (std::size_t d = 0; d < dims.size(); ++d) text << (d ? ", " : "") << dims[d];
  text << ']';
  return text.str();
}

/// The indices of row-major element `flat`, or the flat index itself where no dims are known.
inline std::string describe_index(std::size_t flat, std::span<const std::ptrdiff_t> dims) {
  if (dims.empty()) return "[" + std::to_string(flat) + "]";
  std::string text;
  for (std::size_t d = dims.size(); d-- > 0;) {
    const auto size = static_cast<std::size_t>(dims[d]);
    text = std::to_string(flat % size) + (text.empty() ? "" : ", ") + text;
    flat /= size;
  }
  return "[" + text + "]";
}

/// How far over its bound an element is: ≤ 1 passes. NaN on either side is infinitely far,
/// and so is an infinity that is not the same infinity on the other side.
inline double excess(double actual, double expected, double bound) {
  constexpr double kFailed = HUGE_VAL;
  if (std::isnan(actual) || std::isnan(expected) || !(bound >= 0.0)) return kFailed;
  if (std::isinf(actual) || std::isinf(expected)) return actual == expected ? 0.0 : kFailed;
  const double difference = std::abs(actual - expected);
  if (difference == 0.0) return 0.0;
  return bound == 0.0 ? kFailed : difference / bound;
}

template <class Expected, class Bound>
Comparison compare_each(std::span<const float> actual, std::span<const Expected> expected,
                        std::span<const std::ptrdiff_t> dims, Bound bound_of) {
  if (actual.size() != expected.size()) {
    return {false, "expected " + std::to_string(expected.size()) + " elements, got " + std::to_string(actual.size())};
  }
  std::size_t worst = 0, failed = 0;
  double worst_excess = -1.0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double e = excess(actual[i], static_cast<double>(expected[i]), bound_of(i));
    failed += !(e <= 1.0);
    if (e > worst_excess) worst_excess = e, worst = i;
  }
  if (failed == 0) return {};
  std::ostringstream text;
  text.precision(9);
  text << "worst at " << describe_index(worst, dims) << ": expected " << expected[worst] << ", got " << actual[worst]
       << " (tolerance " << bound_of(worst) << "); " << failed << " of " << actual.size()
       << " elements out of tolerance";
  return {false, text.str()};
}

}  // namespace detail

/// |actual − expected| ≤ absolute + relative · |expected|, everywhere. Equal infinities agree.
inline Comparison compare(std::span<const float> actual, std::span<const float> expected, double absolute,
                          double relative) {
  return detail::compare_each(actual, expected, {}, [&](std::size_t i) {
    const double size = std::abs(static_cast<double>(expected[i]));
    return std::isfinite(size) ? absolute + relative * size : absolute;
  });
}

/// The same for tensors with dims, which must agree and fit the data.
inline Comparison compare(std::span<const float> actual, std::span<const std::ptrdiff_t> actual_dims,
                          std::span<const float> expected, std::span<const std::ptrdiff_t> expected_dims,
                          double absolute, double relative) {
  if (!std::ranges::equal(actual_dims, expected_dims)) {
    return {false, "expected shape " + detail::describe(expected_dims) + ", got " + detail::describe(actual_dims)};
  }
  std::size_t size = 1;
  for (const std::ptrdiff_t dim : expected_dims) size *= static_cast<std::size_t>(dim);
  if (actual.size() != size || expected.size() != size) {
    return {false, "shape " + detail::describe(expected_dims) + " needs " + std::to_string(size) +
                       " elements, expected has " + std::to_string(expected.size()) + ", got has " +
                       std::to_string(actual.size())};
  }
  return detail::compare_each(actual, expected, expected_dims, [&](std::size_t i) {
    const double magnitude = std::abs(static_cast<double>(expected[i]));
    return std::isfinite(magnitude) ? absolute + relative * magnitude : absolute;
  });
}

/// |actual − expected| ≤ bound, element by element, against a double-precision reference: for kernels,
/// whose bounds are derived from eps and the norms of what was summed.
inline Comparison compare(std::span<const float> actual, std::span<const double> expected,
                          std::span<const double> bound) {
  if (bound.size() != expected.size()) {
    return {false, "expected " + std::to_string(expected.size()) + " bounds, got " + std::to_string(bound.size())};
  }
  return detail::compare_each(actual, expected, {}, [&](std::size_t i) { return bound[i]; });
}

}  // namespace attention_lab::testing
