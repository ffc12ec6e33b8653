// Plain loops over the non-linearities.
#include "kernels/activation.h"

#include <algorithm>
#include <cmath>

namespace attention_lab::kernels {

namespace {
float gelu(float x) { return 0.5f * x * (1.0f + std::erf(x * 0.70710678118654752f)); }
float gelu_tanh(float x) {
  return 0.5f * x * (1.0f + std::tanh(0.79788456080286536f * (x + 0.044715f * x * x * x)));
}
float silu(float x) { return x / (1.0f + std::exp(-x)); }
}  // namespace

void activate(Activation activation, std::span<const float> x, std::span<float> y) {
  const auto apply = [&](auto f) { std::transform(x.begin(), x.end(), y.begin(), f); };
  switch (activation) {
    case Activation::none: return apply([](float v) { return v; });
    case Activation::relu: return apply([](float v) { return v > 0.0f ? v : v != v ? v : 0.0f; });
    case Activation::gelu: return apply(gelu);
    case Activation::gelu_tanh: return apply(gelu_tanh);
    case Activation::silu: return apply(silu);
    case Activation::tanh: return apply([](float v) { return std::tanh(v); });
  }
}

}  // namespace attention_lab::kernels
