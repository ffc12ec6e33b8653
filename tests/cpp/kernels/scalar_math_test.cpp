// Powers, sines and cosines against the C library's, within the bounds that the header states.
#include "kernels/scalar_math.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace attention_lab::kernels;

TEST_CASE("exponentials and logarithms agree with the C library's") {
  double worst = 0.0;  // in units of the stated bound
  for (double x = -707.9; x < 709.0; x += 0.371)
    worst = std::max(worst, std::abs(exponential(x) / std::exp(x) - 1.0) / (1e-15 * (1.0 + std::abs(x))));
  for (double x = 1e-300; x < 1e300; x *= 3.7)
    worst = std::max(worst, std::abs(logarithm(x) - std::log(x)) / (1e-15 * (1.0 + std::abs(std::log(x)))));
  for (double x = 0.5; x < 2.0; x += 0.00137)
    worst = std::max(worst, std::abs(logarithm(x) - std::log(x)) / (1e-15 * (1.0 + std::abs(std::log(x)))));
  CHECK(worst <= 1.0);
  CHECK(exponential(0.0) == 1.0);
  CHECK(logarithm(1.0) == 0.0);
  CHECK(exponential(-1e4) == 0.0);
  CHECK(std::isinf(exponential(1e4)));
  CHECK(std::isnan(exponential(std::nan(""))));
  CHECK(logarithm(0.0) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("powers agree with the C library's") {
  double worst = 0.0;  // in units of the stated bound
  for (const double base : {1e-3, 0.9, 0.999, 1.0, 2.0, 10000.0, 500000.0, 1e6})
    for (const double exponent : {-8.0, -1.0, -0.37, 0.0, 1e-6, 0.5, 1.0, 3.0, 17.0}) {
      const double expected = std::pow(base, exponent);
      const double bound = 1e-15 * (1.0 + std::abs(exponent * std::log(base)));
      worst = std::max(worst, std::abs(power(base, exponent) / expected - 1.0) / bound);
    }
  CHECK(worst <= 1.0);
}

TEST_CASE("sin_cos agrees with the C library's sine and cosine, in every quarter and far out") {
  double worst = 0.0;
  const auto compare = [&](double angle) {
    const auto [sine, cosine] = sin_cos(angle);
    const double bound = 1e-15 * (1.0 + std::abs(angle));
    worst = std::max({worst, std::abs(sine - std::sin(angle)) / bound, std::abs(cosine - std::cos(angle)) / bound});
  };
  for (double angle = -20.0; angle <= 20.0; angle += 0.0173) compare(angle);
  for (double angle = 1.0; angle < 1e9; angle *= 1.37) compare(angle), compare(-angle);
  CHECK(worst <= 1.0);
  CHECK(sin_cos(0.0).sine == 0.0);
  CHECK(sin_cos(0.0).cosine == 1.0);
}
