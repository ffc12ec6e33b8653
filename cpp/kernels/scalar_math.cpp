// An exponential of a logarithm; Taylor series on an eighth of the circle.
#include "kernels/scalar_math.h"

#include <cmath>

namespace attention_lab::kernels {

double power(double base, double exponent) { return std::exp(exponent * std::log(base)); }

Turn turn(double angle) {
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
