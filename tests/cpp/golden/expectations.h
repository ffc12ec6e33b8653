// What the golden tests share: comparing all that a case expects, and nothing where a position is padding.
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <span>

#include "compare.h"
#include "golden/golden.h"
#include "nn/record.h"

namespace attention_lab::testing {

/// Zeroes the positions that are not compared: rows of [B, T, …], queries of [B, H, T, S]; [B, D] has none.
inline std::vector<float> without_padding(std::span<const float> values, const Shape& dims, const Tensor* valid) {
  std::vector<float> kept(values.begin(), values.end());
  const std::size_t axis = dims.size() == 4 ? 2 : 1;
  if (!valid || dims.size() < 3 || dims[axis] != valid->dims[1]) return kept;
  const Index per_batch = static_cast<Index>(values.size()) / dims[0], length = dims[axis];
  Index width = 1;
  for (std::size_t d = axis + 1; d < dims.size(); ++d) width *= dims[d];
  for (Index i = 0; i < static_cast<Index>(kept.size()); ++i) {
    const Index position = i / per_batch * length + i / width % length;
    if (!valid->integers.at(static_cast<std::size_t>(position))) kept[static_cast<std::size_t>(i)] = 0.0f;
  }
  return kept;
}

/// Compares tensors with those that a case expects; at the end, each of them must have been compared.
class Expectations {
 public:
  explicit Expectations(const Case& test_case) : case_(test_case) {}
  ~Expectations() {
    for (const auto& [name, tensor] : case_.expected)
      CHECK_MESSAGE(compared_.contains(name), case_.name, ": ", name, ": never compared");
  }
  Expectations(const Expectations&) = delete;

  /// Compares the tensor if the case expects one of this name.
  void compare_if_expected(const std::string& name, std::span<const float> actual, const Shape& dims) {
    if (!case_.expected.contains(name)) return;
    const Tensor& expected = case_.expected.at(name);
    const std::string& mask = name.starts_with("encoder") ? case_.valid_encoder : case_.valid;
    const Tensor* const valid = mask.empty() ? nullptr : &case_.inputs.at(mask);
    const Comparison comparison =
        compare(without_padding(actual, dims, valid), dims, without_padding(expected.floats, expected.dims, valid),
                expected.dims, case_.absolute, case_.relative);
    CHECK_MESSAGE(comparison.ok, case_.name, ": ", name, ": ", comparison.message);
    compared_.insert(name);
  }
  void compare_if_expected(const std::string& name, ConstMatrixView rows, const Shape& dims) {
    if (!rows) return;
    REQUIRE(rows.stride == rows.cols);
    compare_if_expected(name, std::span(rows.data, static_cast<std::size_t>(rows.rows * rows.cols)), dims);
  }
  void compare_if_expected(const Record& record) {
    for (Site site = 0; site < record.names().size(); ++site)
      if (record.has(site)) compare_if_expected(record.names().name(site), record.values(site), record.shape(site));
  }

 private:
  const Case& case_;
  std::set<std::string> compared_;
};

/// The cases of a kind; there are some.
inline std::vector<const Case*> some_cases_of(const std::string& kind) {
  const auto cases = cases_of(kind);
  REQUIRE_FALSE(cases.empty());
  return cases;
}

inline ConstMatrixView rows_of(const Tensor& tensor) {
  const Index cols = tensor.dims.back();
  return {tensor.floats.data(), static_cast<Index>(tensor.floats.size()) / cols, cols, cols};
}

}  // namespace attention_lab::testing
