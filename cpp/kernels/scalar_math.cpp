// Each argument is brought near 0, where a series is short.
#include "kernels/scalar_math.h"

#include <cmath>
#include <limits>

namespace attention_lab::kernels {

namespace {
// ln 2 in two parts: n · the first is exact for every exponent n of a double.
constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 0x1.a39ef35793c76p-33;
}  // namespace

double exponential(double x) {
  if (x < -708.0) return 0.0;
  if (x > 709.0) return std::numeric_limits<double>::infinity();
  // eˣ = 2ⁿ eʳ, |r| ≤ ½ ln 2
  const double n = std::nearbyint(x * 0x1.71547652b82fep+0), r = (x - n * kLn2High) - n * kLn2Low;
  double series = 1.0;
  for (int k = 14; k > 0; --k) series = 1.0 + r / k * series;
  return std::isnan(x) ? x : std::ldexp(series, static_cast<int>(n));
}

double logarithm(double x) {
  if (x == 0.0) return -std::numeric_limits<double>::infinity();
  // x = 2ⁿ m, √½ ≤ m < √2; ln m = 2 artanh s, s = (m − 1) / (m + 1)
  int n;
  double m = std::frexp(x, &n);
  if (m < 0x1.6a09e667f3bcdp-1) m *= 2.0, --n;
  const double s = (m - 1.0) / (m + 1.0), square = s * s;
  double series = 0.0;
  for (int k = 21; k > 0; k -= 2) series = series * square + 1.0 / k;
  return n * kLn2High + (n * kLn2Low + 2.0 * s * series);
}

double power(double base, double exponent) { return exponential(exponent * logarithm(base)); }

SineCosine sin_cos(double angle) {
  // angle = quarters · π/2 + x, |x| ≤ π/4; π/2 in two parts, of which quarters · the first is exact up to 2²⁰ quarters.
  constexpr double kQuarterHigh = 0x1.921fb544p+0, kQuarterLow = 0x1.0b4611a626331p-34;
  constexpr double kQuartersPerRadian = 0x1.45f306dc9c883p-1;
  const double quarters = std::nearbyint(angle * kQuartersPerRadian);
  const double x = (angle - quarters * kQuarterHigh) - quarters * kQuarterLow, square = x * x;
  double sine = 1.0, cosine = 1.0;  // sin x / x and cos x, by Horner's rule from the smallest term
  for (int n = 16; n > 0; n -= 2) {
    sine = 1.0 - square / (n * (n + 1)) * sine;
    cosine = 1.0 - square / (n * (n - 1)) * cosine;
  }
  sine *= x;
  switch (static_cast<long long>(quarters) & 3) {
    case 0: return {sine, cosine};
    case 1: return {cosine, -sine};
    case 2: return {-sine, -cosine};
    default: return {-cosine, sine};
  }
}

}  // namespace attention_lab::kernels
