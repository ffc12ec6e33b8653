// Scalar exp, log, pow, sin and cos in double, for tables and single values. Compact rather than exact to the last bit:
// the C library's, which use tables, are 19 KB of wasm.
#pragma once

namespace attention_lab::kernels {

/// e^x; relative error below 1e-15 · (1 + |x|). 0 below −708, ∞ above 709; NaN stays NaN.
double exponential(double x);

/// ln x for x above 0; absolute error below 1e-15 · (1 + |ln x|). −∞ at 0.
double logarithm(double x);

/// base^exponent for a base above 0; relative error below 1e-15 · (1 + |exponent · ln base|).
double power(double base, double exponent);

struct SineCosine {
  double sine, cosine;
};
/// Sine and cosine of an angle in radians; absolute error below 1e-15 · (1 + |angle|), for angles up to 1e9.
SineCosine sin_cos(double angle);

}  // namespace attention_lab::kernels
