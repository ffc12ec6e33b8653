// Fills the table of sinusoids, in double so that large positions keep their phase.
#include "nn/position.h"

#include <cmath>

namespace attention_lab::nn {

Matrix sinusoidal_positions(Index max_len, Index d_model) {
  Matrix table(max_len, d_model);
  for (Index i = 0; i < d_model; ++i) {
    const double wavelength = std::pow(10000.0, static_cast<double>(i / 2 * 2) / static_cast<double>(d_model));
    for (Index position = 0; position < max_len; ++position) {
      const double phase = static_cast<double>(position) / wavelength;
      table(position, i) = static_cast<float>(i % 2 == 0 ? std::sin(phase) : std::cos(phase));
    }
  }
  return table;
}

PositionEmbedding::PositionEmbedding(Kind kind, Index max_len, Index d_model) : kind_(kind) {
  if (kind == Kind::none) return;
  element_count({max_len, d_model});
  table_ = kind == Kind::sinusoidal ? sinusoidal_positions(max_len, d_model) : Matrix::Zero(max_len, d_model);
}

void PositionEmbedding::name_all(Parameters& parameters, const std::string& name) {
  if (kind_ != Kind::learned) return;
  parameters.push_back({name + ".weight",
                        {table_.rows(), table_.cols()},
                        Parameter::Layout::dense,
                        table_.data(),
                        0,
                        0,
                        Parameter::Fresh::embedding});
}

}  // namespace attention_lab::nn
