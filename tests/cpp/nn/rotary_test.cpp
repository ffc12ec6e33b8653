// Rotary positions and RMSNorm against double-precision references of their papers' equations.
#include "nn/rotary.h"

#include <doctest/doctest.h>

#include <cmath>
#include <complex>

#include "compare.h"
#include "kernels/rms_norm.h"
#include "nn/error.h"
#include "nn/random.h"

using namespace attention_lab;
using attention_lab::testing::compare;

namespace {

std::vector<float> numbers(std::size_t count, std::uint64_t seed, float bound = 2.0f) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = random.uniform(bound);
  return values;
}

}  // namespace

TEST_CASE("rotary positions rotate the pair (x_i, x_{i + K/2}) by position · θ^(−2i/K)") {
  constexpr Index T = 20, K = 10;
  const std::vector<float> x = numbers(T * K, 1);
  std::vector<float> y = x;
  nn::RotaryEmbedding({.d_head = K, .max_len = 100, .theta = 300.0})
      .rotate(TensorView::dense(y.data(), {1, 1, T, K}), 70);
  std::vector<double> expected(x.size()), bound(x.size());
  for (Index t = 0; t < T; ++t)
    for (Index i = 0; i < K / 2; ++i) {
      const auto low = static_cast<std::size_t>(t * K + i), high = low + K / 2;
      // Frequency and angle are rounded to float, as in Transformers.
      const float frequency =
          1.0f /
          static_cast<float>(std::pow(300.0, static_cast<double>(static_cast<float>(2 * i) / static_cast<float>(K))));
      const double angle = static_cast<float>(70 + t) * frequency;
      const std::complex<double> rotated = std::complex<double>(x[low], x[high]) * std::polar(1.0, angle);
      expected[low] = rotated.real(), expected[high] = rotated.imag();
      bound[low] = bound[high] = 4e-7 * (std::abs(x[low]) + std::abs(x[high]));
    }
  CHECK(compare(y, expected, bound));
}

TEST_CASE("scores of rotated queries and keys depend on the distance alone") {
  constexpr Index K = 8;
  const nn::RotaryEmbedding rotary({.d_head = K, .max_len = 64});
  const std::vector<float> q = numbers(K, 2), k = numbers(K, 3);
  const auto score = [&](Index t, Index s) {
    std::vector<float> a = q, b = k;
    rotary.rotate(TensorView::dense(a.data(), {1, 1, 1, K}), t);
    rotary.rotate(TensorView::dense(b.data(), {1, 1, 1, K}), s);
    float sum = 0.0f;
    for (std::size_t i = 0; i < K; ++i) sum += a[i] * b[i];
    return sum;
  };
  const std::vector<float> found = {score(13, 9), score(63, 59)};
  CHECK(compare(found, std::vector<float>(2, score(4, 0)), 1e-5, 0));
}

TEST_CASE("an odd head size is refused") {
  std::string message;
  try {
    nn::RotaryEmbedding rotary({.d_head = 7, .max_len = 4});
  } catch (const Error& error) {
    message = error.code() + ": " + error.what();
  }
  CHECK(message == "config: dHead: rotary positions need an even size, got 7");
}

TEST_CASE("RMSNorm divides each row by its root mean square, in place as well") {
  for (const Index D : {1, 3, 4, 67, 768}) {
    constexpr Index rows = 5;
    const std::vector<float> x = numbers(static_cast<std::size_t>(rows * D), 4, 30.0f);
    const std::vector<float> gain = numbers(static_cast<std::size_t>(D), 5);
    constexpr float eps = 1e-5f;
    std::vector<double> expected(x.size()), bound(x.size());
    for (Index r = 0; r < rows; ++r) {
      double sum = 0.0;
      for (Index i = 0; i < D; ++i) sum += std::pow(static_cast<double>(x[static_cast<std::size_t>(r * D + i)]), 2);
      const double root = std::sqrt(sum / static_cast<double>(D) + eps);
      for (Index i = 0; i < D; ++i) {
        const auto at = static_cast<std::size_t>(r * D + i);
        expected[at] = x[at] / root * gain[static_cast<std::size_t>(i)];
        // One rounding for each of D additions over four lanes, halved by the root, and a few for the quotient.
        bound[at] = std::abs(expected[at]) * 6e-8 * (static_cast<double>(D) / 8 + 8);
      }
    }
    std::vector<float> y(x.size()), in_place = x;
    kernels::rms_norm({x.data(), rows, D, D}, gain.data(), eps, {y.data(), rows, D, D});
    kernels::rms_norm({in_place.data(), rows, D, D}, gain.data(), eps, {in_place.data(), rows, D, D});
    CHECK(compare(y, expected, bound));
    CHECK(compare(in_place, y, 0, 0));
  }
}
