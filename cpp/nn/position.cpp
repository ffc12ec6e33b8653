// Fills the table of sinusoids, in double so that large positions keep their phase.
#include "nn/position.h"

#include <algorithm>

#include "kernels/scalar_math.h"

namespace attention_lab::nn {

void sinusoids(Index first, Index step, const MatrixView& table, bool by_halves) {
  const Index D = table.cols, sines = (D + 1) / 2;
  for (Index pair = 0; pair < sines; ++pair) {
    const double wavelength = kernels::power(10000.0, static_cast<double>(2 * pair) / static_cast<double>(D));
    const Index sine_at = by_halves ? pair : 2 * pair, cosine_at = by_halves ? sines + pair : 2 * pair + 1;
    for (Index row = 0; row < table.rows; ++row) {
      const auto [sine, cosine] = kernels::sin_cos(static_cast<double>(first + row * step) / wavelength);
      table.row(row)[sine_at] = static_cast<float>(sine);
      if (2 * pair + 1 < D) table.row(row)[cosine_at] = static_cast<float>(cosine);
    }
  }
}

PositionEmbedding::PositionEmbedding(Kind kind, Index max_len, Index d_model)
    : kind_(kind), max_len_(max_len), d_model_(d_model) {
  if (kind == Kind::none) return;
  element_count({max_len, d_model});
  if (kind == Kind::learned) learned_.setZero(max_len, d_model);
}

void PositionEmbedding::name_all(Parameters& parameters, const std::string& name) {
  if (kind_ != Kind::learned) return;
  parameters.push_back({name + ".weight",
                        {max_len_, d_model_},
                        Parameter::Layout::dense,
                        learned_.data(),
                        0,
                        0,
                        Parameter::Initialisation::embedding});
}

void PositionEmbedding::reach(Index end) const {
  if (kind_ == Kind::learned) return;
  constexpr Index kStep = 64;  // a token more than before is the usual case while text is generated
  const Index known = static_cast<Index>(fixed_.size()) / d_model_;
  if (std::min(end, max_len_) <= known) return;
  const Index wanted = std::min((end + kStep - 1) / kStep * kStep, max_len_);
  fixed_.resize(static_cast<std::size_t>(wanted * d_model_));
  sinusoids(known, 1, {fixed_.data() + known * d_model_, wanted - known, d_model_, d_model_},
            kind_ == Kind::sinusoidal_halves);
}

ConstMatrixView PositionEmbedding::row(Index position) const {
  require_in_range("position", position, max_len_);
  reach(position + 1);
  const float* const table = kind_ == Kind::learned ? learned_.data() : fixed_.data();
  return {table + position * d_model_, 1, d_model_, d_model_};
}

void PositionEmbedding::backward(Index position, const ConstMatrixView& gradient, const Backward& backward) const {
  require_in_range("position", position, max_len_);
  const MatrixView sum{backward.gradient_of(learned_.data()) + position * d_model_, 1, d_model_, d_model_};
  kernels::add(sum, gradient, sum);
}

}  // namespace attention_lab::nn
