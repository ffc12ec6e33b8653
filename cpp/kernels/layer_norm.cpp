// Two passes over a row in cache: mean, then variance about it, so that a large mean does not cancel.
#include "kernels/layer_norm.h"

#include <cmath>

#include "kernels/simd.h"

namespace attention_lab::kernels {

namespace {

using namespace simd;

/// Σ (x − about) and Σ (x − about)². Four sums of each side by side hide the latency of the addition.
struct Moments {
  float first = 0.0f, second = 0.0f;
};

Moments moments(const float* x, Index size, float about) {
  const F4 centre = splat(about);
  F4 firsts[4] = {}, seconds[4] = {};
  const auto add = [&](Index u, F4 value) __attribute__((always_inline)) {
    const F4 deviation = value - centre;
    firsts[u] = firsts[u] + deviation;
    seconds[u] = multiply_add(deviation, deviation, seconds[u]);
  };
  Index i = 0;
  for (; i + 4 * kWidth <= size; i += 4 * kWidth)
    for (Index u = 0; u < 4; ++u) add(u, load(x + i + u * kWidth));
  for (; i + kWidth <= size; i += kWidth) add(0, load(x + i));
  if (i < size) add(1, load_part(x + i, size - i, about));
  return {sum((firsts[0] + firsts[1]) + (firsts[2] + firsts[3])),
          sum((seconds[0] + seconds[1]) + (seconds[2] + seconds[3]))};
}

}  // namespace

Standardisation standardise(const float* x, Index size, float eps) {
  const float count = static_cast<float>(size);
  const float mean = moments(x, size, 0.0f).first / count;
  // The mean is rounded (by 3e-5 at 1,000); what it lacks is the mean of the deviations, which are nearly exact.
  const Moments about_mean = moments(x, size, mean);
  const float rest = about_mean.first / count;
  return {mean, rest, 1.0f / std::sqrt(about_mean.second / count - rest * rest + eps)};
}

void layer_norm(const ConstMatrixView& x, const float* gain, const float* shift, float eps, const MatrixView& y) {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const in = x.row(r);
    float* const out = y.row(r);
    const Standardisation of = standardise(in, x.cols, eps);
    const auto normal = [=](F4 value, F4 gains, F4 shifts) {
      return multiply_add((value - splat(of.mean) - splat(of.rest)) * splat(of.inverse), gains, shifts);
    };
    Index i = 0;
    for (; i + kWidth <= x.cols; i += kWidth)
      store(out + i, normal(load(in + i), gain ? load(gain + i) : splat(1.0f), shift ? load(shift + i) : splat(0.0f)));
    if (const Index rest = x.cols - i; rest > 0)
      store_part(out + i, rest,
                 normal(load_part(in + i, rest, 0.0f), gain ? load_part(gain + i, rest, 0.0f) : splat(1.0f),
                        shift ? load_part(shift + i, rest, 0.0f) : splat(0.0f)));
  }
}

}  // namespace attention_lab::kernels
