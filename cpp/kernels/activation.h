// Elementwise non-linearities of feed-forward layers.
#pragma once

#include <span>

#include "kernels/view.h"

namespace attention_lab::kernels {

enum class Activation {
  none,
  relu,       // max(x, 0)
  gelu,       // x Φ(x), exact, by erf                      Hendrycks & Gimpel 2016, arXiv:1606.08415
  gelu_tanh,  // ½ x (1 + tanh(√(2/π)(x + 0.044715 x³)))    ibid., the approximation of GPT-2
  silu,       // x σ(x)                                     Elfwing et al. 2017, arXiv:1702.03118
  tanh,       // BERT's pooler
};

/// y = activation(x), element by element; x and y may be the same memory. Same length, any alignment.
void activate(Activation activation, std::span<const float> x, std::span<float> y);

}  // namespace attention_lab::kernels
