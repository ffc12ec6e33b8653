// The bias by distance, and its view as a matrix of queries and keys.
#include "nn/position_bias.h"

#include <algorithm>
#include <cmath>

#include "kernels/scalar_math.h"

namespace attention_lab::nn {

namespace {

/// Buckets of one direction.
Index one_sided(const T5BiasConfig& config) {
  return config.bidirectional ? config.num_buckets / 2 : config.num_buckets;
}

/// Distances between T queries and S keys.
Index distances_of(Index T, Index S) { return T + S - 1; }

/// values [H, T + S − 1] as [1, H, T, S]: the row of query t begins T − 1 − t distances further right.
TensorView by_pair(float* values, Index H, Index T, Index S) {
  return {values + T - 1, 4, {1, H, T, S}, {0, distances_of(T, S), -1, 1}};
}

}  // namespace

Index t5_bucket(const T5BiasConfig& config, Index distance) {
  const Index buckets = one_sided(config), exact = buckets / 2;
  const Index after = config.bidirectional && distance > 0 ? buckets : 0;  // the first bucket of its direction
  const Index size = config.bidirectional ? std::abs(distance) : std::max<Index>(-distance, 0);
  if (size < exact) return after + size;
  // In float, step by step as Transformers: at a bucket's edge the rounding decides.
  const float ratio = static_cast<float>(size) / static_cast<float>(exact);
  const float largest =
      static_cast<float>(kernels::logarithm(static_cast<double>(config.max_distance) / static_cast<double>(exact)));
  const float part = static_cast<float>(kernels::logarithm(static_cast<double>(ratio))) / largest *
                     static_cast<float>(buckets - exact);
  const float last = static_cast<float>(buckets - 1 - exact);
  return after + exact + static_cast<Index>(std::min(part, last));
}

Matrix alibi_slopes(Index num_heads) {
  Matrix slopes(1, element_count({num_heads}));
  Index power = 1;
  while (2 * power <= num_heads) power *= 2;
  for (Index h = 0; h < num_heads; ++h) {
    const double numerator = h < power ? static_cast<double>(h + 1) : static_cast<double>(2 * (h - power) + 1) / 2.0;
    slopes.data()[h] = static_cast<float>(kernels::power(2.0, -8.0 * numerator / static_cast<double>(power)));
  }
  return slopes;
}

PositionBias::PositionBias(Positions positions, const T5BiasConfig& config, Index num_heads)
    : positions_(positions), config_(config) {
  switch (positions) {
    case Positions::t5_bias:
      require_at_least(config.bidirectional ? 4 : 2, config.num_buckets, "numBuckets");
      require_at_least(one_sided(config) / 2 + 1, config.max_distance, "maxDistance");
      element_count({config.num_buckets, num_heads});
      table_.setZero(config.num_buckets, num_heads);
      break;
    case Positions::alibi: table_ = alibi_slopes(num_heads); break;
    default: break;  // no bias
  }
}

Index PositionBias::row(Index distance) const {
  return positions_ == Positions::t5_bias ? t5_bucket(config_, distance) : 0;
}

float PositionBias::factor(Index distance) const {
  return positions_ == Positions::alibi ? -static_cast<float>(std::abs(distance)) : 1.0f;
}

void PositionBias::name_all(Parameters& parameters, const std::string& name) {
  if (!learned()) return;
  parameters.push_back({name + ".weight",
                        {table_.rows(), table_.cols()},
                        Parameter::Layout::dense,
                        table_.data(),
                        0,
                        0,
                        Parameter::Initialisation::embedding});
}

TensorView PositionBias::forward(Index first, Index T, Index S, kernels::Workspace& workspace) const {
  const Index H = table_.cols(), distances = distances_of(T, S);
  float* const values = workspace.take(element_count({H, distances}));
  for (Index i = 0; i < distances; ++i) {
    const Index distance = i - (T - 1) - first;  // key − query
    const float* const of_heads = table_.data() + row(distance) * H;
    const float times = factor(distance);
    for (Index h = 0; h < H; ++h) values[h * distances + i] = times * of_heads[h];
  }
  return by_pair(values, H, T, S);
}

TensorView PositionBias::zero_gradient(Index T, Index S, kernels::Workspace& workspace) const {
  return by_pair(workspace.zeros(table_.cols(), distances_of(T, S)).data, table_.cols(), T, S);
}

void PositionBias::backward(Index first, const TensorView& gradient, const Backward& backward) const {
  const Index H = table_.cols(), T = gradient.dims[2], S = gradient.dims[3];
  float* const d_table = backward.gradient_of(table_.data());
  for (Index i = 0; i < distances_of(T, S); ++i)
    for (Index h = 0; h < H; ++h)
      d_table[row(i - (T - 1) - first) * H + h] += gradient.data[h * gradient.strides[1] + i - (T - 1)];
}

}  // namespace attention_lab::nn
