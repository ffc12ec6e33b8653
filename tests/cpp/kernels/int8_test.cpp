// Weights kept as f16 and int8: what is stored, and their products to the last bit against plain integers.
#include "kernels/int8.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "matrix.h"

namespace attention_lab::testing {
namespace {

using kernels::PackedView;
using kernels::WeightType;

constexpr WeightType kNarrow[] = {WeightType::f16, WeightType::int8};

struct Packed {
  std::vector<float> storage;
  PackedView view;

  Packed(const Matrix& weight, const std::vector<float>& bias, WeightType type, bool fine_inputs = false)
      : storage(static_cast<std::size_t>(PackedView::storage_size(weight.view().cols, weight.view().rows, type))),
        view{storage.data(), weight.view().cols, weight.view().rows, type, fine_inputs} {
    kernels::pack_weight(weight.view(), 0, storage.data(), type);
    for (Index o = 0; o < view.out; ++o)
      storage[static_cast<std::size_t>(PackedView::bias_position(view.in, o, type))] =
          bias[static_cast<std::size_t>(o)];
  }
  Matrix widened() const {
    Matrix weight(view.out, view.in);
    kernels::unpack_weight(storage.data(), 0, weight.view(), view.type);
    return weight;
  }
};

std::vector<float> numbers(Index count, Random& random) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.uniform(-1.0f, 1.0f);
  return values;
}

/// Bytes, since some are NaN as floats.
bool same_bytes(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// x ≈ minimum + step · u, as int8.h says.
struct QuantisedInputs {
  float step, minimum;
  std::vector<int> u;

  QuantisedInputs(const float* x, Index count, int largest) {
    minimum = *std::min_element(x, x + count);
    step = (*std::max_element(x, x + count) - minimum) / static_cast<float>(largest);
    const float per_step = step > 0x1p-100f ? 1.0f / step : 0.0f;
    for (Index i = 0; i < count; ++i) u.push_back(static_cast<int>(std::nearbyint((x[i] - minimum) * per_step)));
    for (const int value : u) REQUIRE((value >= 0 && value <= largest));
  }
};

constexpr Index kGroup = kernels::kInt8Group;

/// Of int8 weights in 64 bits; the float steps in the order that int8.h gives.
Reference exact_product(const Matrix& x, const Matrix& widened, const std::vector<float>& bias, bool fine) {
  const kernels::ConstMatrixView in = x.view(), weight = widened.view();
  std::vector<float> y(static_cast<std::size_t>(in.rows * weight.rows));
  for (Index r = 0; r < in.rows; ++r) std::copy(bias.begin(), bias.end(), y.begin() + r * weight.rows);
  for (Index first = 0; first < in.cols; first += kGroup) {
    const Index count = std::min(kGroup, in.cols - first);
    for (Index r = 0; r < in.rows; ++r) {
      const QuantisedInputs inputs(in.row(r) + first, count, fine ? 16383 : 127);
      for (Index o = 0; o < weight.rows; ++o) {
        const float* const weights = weight.row(o) + first;
        const float scale = kernels::int8_scale(weights, count);
        std::int64_t total = 0, sum = 0;
        for (Index i = 0; i < count; ++i) {
          const auto q = static_cast<std::int64_t>(scale == 0.0f ? 0.0f : weights[i] / scale);
          total += q * inputs.u[static_cast<std::size_t>(i)];
          sum += q;
        }
        float& result = y[static_cast<std::size_t>(r * weight.rows + o)];
        const float product = static_cast<float>(total) * scale * inputs.step;
        result = result + (product + static_cast<float>(sum) * scale * inputs.minimum);
      }
    }
  }
  Reference reference(in.rows, weight.rows);
  for (std::size_t i = 0; i < y.size(); ++i) reference.value[i] = static_cast<double>(y[i]);
  return reference;
}

TEST_CASE("f16 and int8 weights come back rounded, and what comes back is stored as it was") {
  Random random(1);
  for (const WeightType type : kNarrow)
    for (const Index in : kSizes) {
      const Matrix weight(17, in, random, -3.0f, 3.0f);
      const std::vector<float> bias = numbers(17, random);
      const Packed packed(weight, bias, type);
      const Matrix widened = packed.widened();
      for (Index o = 0; o < 17; ++o) {
        for (Index i = 0; i < in; ++i) {
          const Index first = i / kGroup * kGroup;
          const float scale = kernels::int8_scale(weight.view().row(o) + first, std::min(kGroup, in - first));
          const float before = weight.view().row(o)[i], after = widened.view().row(o)[i];
          const float step = type == WeightType::int8 ? scale : std::max(std::abs(before) * 0x1p-10f, 0x1p-24f);
          CHECK(std::abs(before - after) <= 0.5f * step * 1.0001f);
        }
      }
      CHECK(same_bytes(Packed(widened, bias, type).storage, packed.storage));
    }
}

TEST_CASE("rows packed by themselves, from inside a panel on, are those of the whole matrix") {
  Random random(2);
  for (const WeightType type : kNarrow) {
    const Matrix weight(17, 33, random);
    const Packed whole(weight, std::vector<float>(17), type);
    std::vector<float> parts(whole.storage.size());
    const kernels::ConstMatrixView all = weight.view();
    for (const Index first : {Index{5}, Index{0}})
      kernels::pack_weight({all.row(first), first == 0 ? 5 : 12, all.cols, all.stride}, first, parts.data(), type);
    CHECK(same_bytes(parts, whole.storage));
  }
}

TEST_CASE("f16 rounds to the nearest, ties to even, subnormals too") {
  const float cases[][2] = {{1.0f, 1.0f},
                            {-65504.0f, -65504.0f},
                            {65519.0f, 65504.0f},
                            {1.0f + 0x1p-11f, 1.0f},
                            {1.0f + 3 * 0x1p-11f, 1.0f + 0x1p-9f},
                            {0x1p-14f, 0x1p-14f},
                            {0x1p-14f - 0x1p-26f, 0x1p-14f},
                            {0x1p-24f, 0x1p-24f},
                            {0x1p-25f, 0.0f},
                            {-3 * 0x1p-25f, -0x1p-23f},
                            {0x1p-140f, 0.0f},
                            {2047.0f * 0x1p-25f, 1024.0f * 0x1p-24f}};
  for (const auto& [value, expected] : cases) {
    float storage[2 * kernels::kPanelWidth] = {}, again = 0.0f;
    kernels::pack_weight({&value, 1, 1, 1}, 0, storage, WeightType::f16);
    kernels::unpack_weight(storage, 0, {&again, 1, 1, 1}, WeightType::f16);
    CHECK(again == expected);
    CHECK(std::signbit(again) == std::signbit(value));
  }
}

TEST_CASE("a product with f16 weights is that with their values in f32, bit for bit") {
  Random random(3);
  kernels::Workspace workspace;
  for (const Index rows : kSizes)
    for (const Index in : kSizes)
      for (const Index out : kSizes) {
        const Matrix x(rows, in, random), weight(out, in, random), residual(rows, out, random);
        const std::vector<float> bias = numbers(out, random);
        const Packed half(weight, bias, WeightType::f16), wide(half.widened(), bias, WeightType::f32);
        Matrix y(rows, out), expected(rows, out);
        const kernels::Epilogue epilogue{Activation::gelu, residual.view()};
        kernels::linear(x.view(), half.view, epilogue, y.view(), workspace);
        kernels::linear(x.view(), wide.view, epilogue, expected.view(), workspace);
        const Comparison same = y.compared(exactly(expected));
        CHECK_MESSAGE(same.ok, rows << " × " << in << " × " << out << ": " << same.message);
      }
}

TEST_CASE("a product with f16 weights too many to widen at once is the same") {
  Random random(4);
  kernels::Workspace workspace;
  const Matrix x(3, 3000, random), weight(67, 3000, random);
  const std::vector<float> bias = numbers(67, random);
  const Packed half(weight, bias, WeightType::f16), wide(half.widened(), bias, WeightType::f32);
  Matrix y(3, 67), expected(3, 67);
  kernels::linear(x.view(), half.view, {}, y.view(), workspace);
  kernels::linear(x.view(), wide.view, {}, expected.view(), workspace);
  CHECK(y.compared(exactly(expected)).ok);
}

TEST_CASE("a product with int8 weights is that of the integers, at every size, to the last bit") {
  Random random(5);
  kernels::Workspace workspace;
  for (const bool fine : {false, true})
    for (const Index rows : kSizes)
      for (const Index in : kSizes)
        for (const Index out : kSizes) {
          const Matrix x(rows, in, random, -0.3f, 1.0f), weight(out, in, random);
          const std::vector<float> bias = numbers(out, random);
          const Packed packed(weight, bias, WeightType::int8, fine);
          Matrix y(rows, out);
          kernels::linear(x.view(), packed.view, {}, y.view(), workspace);
          const Comparison same = y.compared(exact_product(x, packed.widened(), bias, fine));
          CHECK_MESSAGE(same.ok, rows << " × " << in << " × " << out << (fine ? " fine: " : ": ") << same.message);
        }
}

TEST_CASE("int8 products take an activation and a residual that is y's own memory") {
  Random random(6);
  kernels::Workspace workspace;
  for (const Index rows : {1, 2, 5, 13})
    for (const Index out : {8, 17, 64}) {
      const Matrix x(rows, 33, random), weight(out, 33, random);
      const std::vector<float> bias = numbers(out, random);
      const Packed packed(weight, bias, WeightType::int8);
      Matrix plain(rows, out), y(rows, out, random);
      const Matrix residual = y;
      kernels::linear(x.view(), packed.view, {}, plain.view(), workspace);
      kernels::linear(x.view(), packed.view, {Activation::relu, y.view()}, y.view(), workspace);
      Reference expected(rows, out);
      for (Index r = 0; r < rows; ++r)
        for (Index o = 0; o < out; ++o)
          expected.at(r, o) = static_cast<double>(std::max(plain.at(r, o), 0.0f) + residual.view().row(r)[o]);
      CHECK(y.compared(expected).ok);
    }
}

TEST_CASE("rows that take several blocks are as rows of one") {
  Random random(7);
  kernels::Workspace workspace;
  const Matrix x(700, 1536, random), weight(9, 1536, random);
  const std::vector<float> bias = numbers(9, random);
  const Packed packed(weight, bias, WeightType::int8);
  Matrix y(700, 9);
  kernels::linear(x.view(), packed.view, {}, y.view(), workspace);
  CHECK(y.compared(exact_product(x, packed.widened(), bias, false)).ok);
}

TEST_CASE("the largest integers of a group neither saturate nor overflow") {
  static_assert(2 * 127 * 127 < 1 << 15);
  static_assert(std::int64_t{kGroup} * 16383 * 127 < std::int64_t{1} << 31);
  kernels::Workspace workspace;
  const Index in = 3 * kGroup;
  Matrix x(6, in), weight(9, in);
  for (Index r = 0; r < 6; ++r)  // u is the largest but in one place of each group
    for (Index i = 0; i < in; ++i) x.at(r, i) = i % kGroup == r ? 0.0f : 127.0f;
  for (Index o = 0; o < 9; ++o)
    for (Index i = 0; i < in; ++i) weight.at(o, i) = o % 2 == 0 ? 1.0f : -1.0f;
  const std::vector<float> bias(9);
  for (const bool fine : {false, true}) {
    const Packed packed(weight, bias, WeightType::int8, fine);
    Matrix y(6, 9);
    kernels::linear(x.view(), packed.view, {}, y.view(), workspace);
    const Comparison same = y.compared(exact_product(x, packed.widened(), bias, fine));
    CHECK_MESSAGE(same.ok, same.message);
    for (Index o = 0; o < 9; ++o)
      CHECK(std::abs(y.at(0, o) / (127.0f * 3.0f * (kGroup - 1)) - (o % 2 == 0 ? 1.0f : -1.0f)) < 0x1.1p-16f);
  }
}

TEST_CASE("int8 products are within half a step of every factor of the exact ones") {
  Random random(8);
  kernels::Workspace workspace;
  for (const bool fine : {false, true}) {
    const Matrix x(7, 129, random, -2.0f, 5.0f), weight(33, 129, random);
    const std::vector<float> bias = numbers(33, random);
    const Packed packed(weight, bias, WeightType::int8, fine);
    const Matrix widened = packed.widened();
    Matrix y(7, 33);
    kernels::linear(x.view(), packed.view, {}, y.view(), workspace);
    for (Index r = 0; r < 7; ++r) {
      for (Index o = 0; o < 33; ++o) {
        double exact = static_cast<double>(bias[static_cast<std::size_t>(o)]), bound = 1e-5;
        for (Index i = 0; i < 129; ++i) {
          const Index first = i / kGroup * kGroup, count = std::min(kGroup, 129 - first);
          const QuantisedInputs inputs(x.view().row(r) + first, count, fine ? 16383 : 127);
          const double half_scale = 0.5 * static_cast<double>(kernels::int8_scale(weight.view().row(o) + first, count));
          const double xi = static_cast<double>(x.view().row(r)[i]);
          exact += xi * static_cast<double>(weight.view().row(o)[i]);
          bound += std::abs(xi) * half_scale +
                   0.5 * static_cast<double>(inputs.step) * std::abs(static_cast<double>(widened.view().row(o)[i]));
        }
        CHECK(std::abs(static_cast<double>(y.at(r, o)) - exact) <= bound);
      }
    }
  }
}

TEST_CASE("extreme rows of an int8 product: constants are kept, what is not finite stays in its row") {
  kernels::Workspace workspace;
  Random random(9);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  Matrix x(7, 33, random);
  const Matrix weight(9, 33, random);
  for (Index i = 0; i < 33; ++i) x.at(1, i) = -7.25f, x.at(2, i) = 0.0f, x.at(3, i) *= 1e-42f, x.at(5, i) *= 1e30f;
  x.at(4, 32) = kInfinity;
  x.at(6, 3) = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> bias = numbers(9, random);
  const Packed packed(weight, bias, WeightType::int8);
  const Matrix widened = packed.widened();
  Matrix y(7, 9);
  kernels::linear(x.view(), packed.view, {}, y.view(), workspace);
  for (Index o = 0; o < 9; ++o) {
    const float* const row = widened.view().row(o);
    const float b = bias[static_cast<std::size_t>(o)];
    CHECK(y.at(1, o) == doctest::Approx(-7.25f * std::accumulate(row, row + 33, 0.0f) + b).epsilon(1e-5));
    CHECK(y.at(2, o) == b);
    CHECK(y.at(3, o) == b);
    CHECK(std::isfinite(y.at(5, o)));
    CHECK(std::isnan(y.at(4, o)));
    CHECK(std::isnan(y.at(6, o)));
    CHECK(std::isfinite(y.at(0, o)));
  }
}

TEST_CASE("zeros have the scale 0, and so has one that is next to nothing") {
  const float weights[2][3] = {{0.0f, 0.0f, 0.0f}, {1e-38f, -1e-40f, 0.0f}};
  for (const auto& row : weights) CHECK(kernels::int8_scale(row, 3) == 0.0f);
  const float huge[2] = {0x1p127f, -1.0f};
  float storage[4 * kernels::kPanelWidth] = {}, again[2];
  kernels::pack_weight({huge, 1, 2, 2}, 0, storage, WeightType::int8);
  kernels::unpack_weight(storage, 0, {again, 1, 2, 2}, WeightType::int8);
  CHECK(again[0] == doctest::Approx(0x1p127f).epsilon(0x1p-8));
}

}  // namespace
}  // namespace attention_lab::testing
