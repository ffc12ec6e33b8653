// The table of angles, made in double, and the turn.
#include "nn/rotary.h"

#include <numbers>

#include "kernels/scalar_math.h"

namespace attention_lab::nn {

namespace {

double scaled_frequency(const RotaryConfig& config, double frequency) {
  frequency /= config.linear_factor;
  if (config.llama3_factor == 1.0) return frequency;
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double turns = config.original_max_len / wavelength;  // within the original context
  if (turns < config.low_frequency) return frequency / config.llama3_factor;
  if (turns > config.high_frequency) return frequency;
  const double blend = (turns - config.low_frequency) / (config.high_frequency - config.low_frequency);
  return (1.0 - blend) * frequency / config.llama3_factor + blend * frequency;
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(const RotaryConfig& config) {
  if (config.d_head % 2 != 0) throw Error("config", {"dHead: rotary positions need an even size, got ", config.d_head});
  const Index half = config.d_head / 2;
  element_count({config.max_len, half});
  cosine_.resize(config.max_len, half);
  sine_.resize(config.max_len, half);
  for (Index i = 0; i < half; ++i) {
    const double frequency = scaled_frequency(
        config, kernels::power(config.theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.d_head)));
    for (Index position = 0; position < config.max_len; ++position) {
      const auto [sine, cosine] = kernels::turn(static_cast<double>(position) * frequency);
      cosine_(position, i) = static_cast<float>(cosine);
      sine_(position, i) = static_cast<float>(sine);
    }
  }
}

void RotaryEmbedding::turn(const TensorView& x, Index first, float direction) const {
  const Index half = cosine_.cols();
  for (Index b = 0; b < x.dims[0]; ++b)
    for (Index h = 0; h < x.dims[1]; ++h) {
      const MatrixView rows = x.matrix(b, h);
      for (Index t = 0; t < rows.rows; ++t) {
        const float* const cosine = cosine_.data() + (first + t) * half;
        const float* const sine = sine_.data() + (first + t) * half;
        float* const low = rows.row(t);
        float* const high = low + half;
        for (Index i = 0; i < half; ++i) {
          const float a = low[i], c = high[i];
          low[i] = a * cosine[i] - c * (direction * sine[i]);
          high[i] = c * cosine[i] + a * (direction * sine[i]);
        }
      }
    }
}

}  // namespace attention_lab::nn
