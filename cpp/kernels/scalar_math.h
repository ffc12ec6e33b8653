// Powers and turns of single numbers in double, for tables made once. Short where the C library is exact for every argument
// there is: its pow, sin and cos with their tables are 12 KB of wasm.
#pragma once

namespace attention_lab::kernels {

/// base^exponent for a base above 0; relative error below 1e-15 · (1 + |exponent · ln base|).
double power(double base, double exponent);

struct Turn {
  double sine, cosine;
};
/// Sine and cosine of an angle in radians; absolute error below 1e-15 · (1 + |angle|), for angles up to 1e9.
Turn turn(double angle);

}  // namespace attention_lab::kernels
