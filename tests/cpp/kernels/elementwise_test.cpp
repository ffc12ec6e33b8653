// Activations, softmax and LayerNorm against double precision, over their whole range and at its edges.
#include <doctest/doctest.h>

#include <span>

#include "kernels/layer_norm.h"
#include "matrix.h"

using namespace attention_lab;
using namespace attention_lab::testing;

namespace {
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr Activation kActivations[] = {Activation::none,      Activation::relu, Activation::gelu,
                                       Activation::gelu_tanh, Activation::silu, Activation::tanh};

Reference activation_reference(Activation activation, const std::vector<float>& x) {
  Reference y(1, static_cast<Index>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Approximate value = activated(activation, {static_cast<double>(x[i]), 0.0});
    y.value[i] = value.value;
    y.bound[i] = value.bound;
  }
  return y;
}

void check_activation(Activation activation, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  kernels::activate(activation, x, y);
  const Reference expected = activation_reference(activation, x);
  const Comparison result = compare(y, expected.value, expected.bound);
  CHECK_MESSAGE(result.ok, "activation " << static_cast<int>(activation) << ": " << result.message);
}
}  // namespace

TEST_CASE("activations keep their bounds from denormals to 1e30") {
  std::vector<float> x{0.0f, -0.0f};
  for (const float sign : {1.0f, -1.0f}) {
    for (double size = 1e-44; size < 1e30; size *= 1.037) x.push_back(sign * static_cast<float>(size));
    for (int i = 0; i <= 40000; ++i) x.push_back(sign * static_cast<float>(i) * 0x1p-11f);  // 0 … 19.5
    for (const float value : {87.3f, 87.4f, 88.0f, 88.1f, 103.0f, 1e4f, 3e38f}) x.push_back(sign * value);
  }
  for (const Activation activation : kActivations) check_activation(activation, x);
}

TEST_CASE("activations agree at every length, in place too, and touch nothing beyond") {
  Random random(1);
  for (const Activation activation : kActivations)
    for (const Index size : kSizes) {
      std::vector<float> x(static_cast<std::size_t>(size));
      for (float& value : x) value = random.uniform(-6.0f, 6.0f);
      check_activation(activation, x);
      std::vector<float> y(x.size() + 1, kNan), in_place = x;
      kernels::activate(activation, x, std::span(y).first(x.size()));
      kernels::activate(activation, in_place, in_place);
      CHECK(std::isnan(y.back()));
      CHECK(std::equal(in_place.begin(), in_place.end(), y.begin()));
    }
}

TEST_CASE("a large negative argument gives exactly zero, and NaN stays NaN in its own lane") {
  for (const Activation activation : {Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu}) {
    const std::vector<float> x{-1e4f, -3e38f, kNan, 1.0f, 1.0f, kNan, -1e10f};
    std::vector<float> y(x.size());
    kernels::activate(activation, x, y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      CHECK(std::isnan(y[i]) == std::isnan(x[i]));
      if (x[i] < 0.0f) CHECK(y[i] == 0.0f);
      if (x[i] == 1.0f) CHECK(y[i] > 0.7f);
    }
  }
  std::vector<float> x{kInfinity, -kInfinity, kNan, 1e5f, -1e5f};
  kernels::activate(Activation::tanh, x, x);
  CHECK(x[0] == 1.0f);
  CHECK(x[1] == -1.0f);
  CHECK(std::isnan(x[2]));
  CHECK(x[3] == 1.0f);
  CHECK(x[4] == -1.0f);
}

namespace {
void check_softmax(const Matrix& scores) {
  Matrix pattern(scores.view().rows, scores.view().cols);
  kernels::softmax(scores.view(), pattern.view());
  const Comparison result = pattern.compared(softmax(exactly(scores)));
  CHECK_MESSAGE(result.ok, scores.view().rows << " × " << scores.view().cols << ": " << result.message);
}
}  // namespace

TEST_CASE("softmax agrees with the reference at every size, for huge scores and long rows") {
  Random random(2);
  for (const Index rows : kSizes)
    for (const Index cols : kSizes) {
      check_softmax(Matrix(rows, cols, random, -3.0f, 3.0f));
      check_softmax(Matrix(rows, cols, random, -1e4f, 1e4f));
      check_softmax(Matrix(rows, cols, random, -1e-40f, 1e-40f));
    }
  check_softmax(Matrix(2, 100003, random, -20.0f, 0.0f));
  check_softmax(Matrix(1, 9, random, -1.5e38f, 1.5e38f));
}

TEST_CASE("softmax gives masked cells exactly zero, and a fully masked row zeros") {
  Random random(3);
  for (const Index cols : kSizes) {
    Matrix scores(5, cols, random, -50.0f, 50.0f);
    for (Index s = 0; s < cols; ++s) {
      if (s % 3 != 0) scores.at(1, s) = -kInfinity;
      if (s != cols - 1) scores.at(2, s) = -kInfinity;
      scores.at(3, s) = -kInfinity;
    }
    check_softmax(scores);
  }
}

TEST_CASE("softmax of a row with NaN or +inf is NaN, whatever else is masked, and other rows are untouched") {
  for (const float poison : {kNan, kInfinity})
    for (const float rest : {0.0f, -kInfinity})
      for (const Index at : {0, 5, 8}) {
        Matrix scores(2, 9), pattern(2, 9);
        for (Index s = 0; s < 9; ++s) scores.at(0, s) = rest, scores.at(1, s) = 1.0f;
        scores.at(0, at) = poison;
        kernels::softmax(scores.view(), pattern.view());
        CHECK(std::isnan(pattern.at(0, at)));
        for (Index s = 0; s < 9; ++s) CHECK(pattern.at(1, s) == doctest::Approx(1.0 / 9));
      }
}

namespace {
void check_layer_norm(const Matrix& x, Random& random) {
  const Index cols = x.view().cols;
  const Matrix gain(1, cols, random), shift(1, cols, random);
  for (const bool affine : {true, false}) {
    const float* const g = affine ? gain.view().data : nullptr;
    const float* const s = affine ? shift.view().data : nullptr;
    Matrix y(x.view().rows, cols), in_place = x;
    kernels::layer_norm(x.view(), g, s, 1e-5f, y.view());
    kernels::layer_norm(in_place.view(), g, s, 1e-5f, in_place.view());
    const Reference expected = layer_norm(x.view(), g, s, static_cast<double>(1e-5f));
    const Comparison result = y.compared(expected);
    CHECK_MESSAGE(result.ok, x.view().rows << " × " << cols << ": " << result.message);
    CHECK(in_place.compared(expected).ok);
  }
}
}  // namespace

TEST_CASE("layer_norm agrees with the reference at every size, and for long rows") {
  Random random(4);
  for (const Index rows : kSizes)
    for (const Index cols : kSizes) check_layer_norm(Matrix(rows, cols, random), random);
  check_layer_norm(Matrix(2, 50001, random), random);
}

TEST_CASE("layer_norm does not cancel when the mean is far larger than the deviation") {
  Random random(5);
  check_layer_norm(Matrix(3, 129, random, 999.0f, 1001.0f), random);
  check_layer_norm(Matrix(3, 384, random, 1e5f, 1e5f + 1.0f), random);
  check_layer_norm(Matrix(3, 129, random, -1e4f, 1e4f), random);
  check_layer_norm(Matrix(3, 129, random, -1e-39f, 1e-39f), random);
}
