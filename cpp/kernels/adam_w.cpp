// One pass over weights, gradients and moments, four at a time.
#include "kernels/adam_w.h"

#include <algorithm>

#include "kernels/simd.h"

namespace attention_lab::kernels {

using namespace simd;

double sum_of_squares(const float* x, Index size) {
  constexpr Index kRun = 1024;  // summed in float before it is added in double
  double total = 0.0;
  for (Index run = 0; run < size; run += kRun) {
    F4 squares = splat(0.0f);
    const Index end = std::min(size, run + kRun);
    for (Index i = run; i < end; i += kWidth) {
      const F4 value = load_up_to(x + i, end - i);
      squares = multiply_add(value, value, squares);
    }
    total += static_cast<double>(sum(squares));
  }
  return total;
}

void adam_w(const AdamWStep& step, const float* gradient, Index size, float* weights, float* first_moment,
            float* second_moment) {
  const F4 scale = splat(step.gradient_scale), decay = splat(step.decay), eps = splat(step.eps),
           rate = splat(step.rate);
  const F4 gain1 = splat(1.0f - step.beta1), beta2 = splat(step.beta2), gain2 = splat(1.0f - step.beta2);
  const F4 correction = splat(step.bias_correction), least = splat(1e-30f);
  for (Index i = 0; i < size; i += kWidth) {
    const Index left = size - i;
    const F4 g = scale * load_up_to(gradient + i, left);
    const F4 old = load_up_to(first_moment + i, left);
    F4 m = multiply_add(gain1, g - old, old);
    m = and_not(m, magnitude(m) < least);
    const F4 v = multiply_add(beta2, load_up_to(second_moment + i, left), gain2 * g * g);
    const F4 change = rate * m / (square_root(v) / correction + eps);
    store_up_to(first_moment + i, left, m);
    store_up_to(second_moment + i, left, v);
    store_up_to(weights + i, left, decay * load_up_to(weights + i, left) - change);
  }
}

}  // namespace attention_lab::kernels
