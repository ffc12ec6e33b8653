// The table of angles, and the rotation. Frequencies and angles are rounded to float where Transformers rounds them, with which models
// were trained: at position 2000 an angle differs by up to 1e-4 from the exact one, and a model's output by more than its tolerance.
#include "nn/rotary.h"

#include <cmath>
#include <numbers>

#include "kernels/scalar_math.h"

namespace attention_lab::nn {

namespace {

constexpr float kLargestAngle =
    1e9f;  // that kernels::sin_cos takes; with θ ≥ 1 every length that fits in memory stays below

float scaled_frequency(const RotaryConfig& config, float frequency) {
  frequency /= static_cast<float>(config.linear_factor);
  if (config.llama3_factor == 1.0) return frequency;
  const float factor = static_cast<float>(config.llama3_factor), low = static_cast<float>(config.low_frequency);
  const float wavelength = static_cast<float>(2.0 * std::numbers::pi) / frequency;
  const float rotations = static_cast<float>(config.original_max_len) / wavelength;  // within the original context
  if (rotations < low) return frequency / factor;
  if (rotations > config.high_frequency) return frequency;
  const float blend = (rotations - low) / static_cast<float>(config.high_frequency - config.low_frequency);
  return (1.0f - blend) * frequency / factor + blend * frequency;
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(const RotaryConfig& config) {
  const Index K = config.d_rotary > 0 ? config.d_rotary : config.d_head;
  if (K % 2 != 0) fail("config", {"dHead: rotary positions need an even size, got ", K});
  element_count({config.max_len, K / 2});
  for (Index i = 0; i < K; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(K);
    const float frequency = 1.0f / static_cast<float>(kernels::power(config.theta, exponent));
    frequencies_.push_back(scaled_frequency(config, frequency));
    if (const float angle = static_cast<float>(config.max_len) * frequencies_.back();
        !(std::abs(angle) <= kLargestAngle))
      fail("config", {"rotary: expected a theta and factors whose angles stay within 1e9 radians up to maxLen ",
                      config.max_len, ", got more for pair ", i / 2, " of the head's dimensions"});
  }
}

void RotaryEmbedding::reach(Index positions) const {
  const std::size_t half = frequencies_.size();
  std::size_t position = table_.size() / (2 * half);
  if (positions <= static_cast<Index>(position)) return;
  table_.resize(static_cast<std::size_t>(element_count({positions, static_cast<Index>(2 * half)})));
  for (float* row = &table_[position * 2 * half]; row != table_.data() + table_.size(); row += 2 * half, ++position)
    for (std::size_t i = 0; i < half; ++i) {
      const auto [sine, cosine] = kernels::sin_cos(static_cast<float>(position) * frequencies_[i]);
      row[i] = static_cast<float>(cosine);
      row[half + i] = static_cast<float>(sine);
    }
}

void RotaryEmbedding::rotate(const TensorView& x, Index first, float direction) const {
  const Index half = static_cast<Index>(frequencies_.size());
  reach(first + x.dims[2]);
  for (Index b = 0; b < x.dims[0]; ++b)
    for (Index h = 0; h < x.dims[1]; ++h) {
      const MatrixView rows = x.matrix(b, h);
      for (Index t = 0; t < rows.rows; ++t) {
        const float* const cosine = table_.data() + (first + t) * 2 * half;
        const float* const sine = cosine + half;
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
