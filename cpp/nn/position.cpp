// Fills the table of sinusoids, in double so that large positions keep their phase.
#include "nn/position.h"

#include "kernels/scalar_math.h"

namespace attention_lab::nn {

void sinusoids(Index first, Index step, const MatrixView& table) {
  for (Index i = 0; i < table.cols; ++i) {
    const double wavelength = kernels::power(10000.0, static_cast<double>(i / 2 * 2) / static_cast<double>(table.cols));
    for (Index row = 0; row < table.rows; ++row) {
      const auto [sine, cosine] = kernels::turn(static_cast<double>(first + row * step) / wavelength);
      table.row(row)[i] = static_cast<float>(i % 2 == 0 ? sine : cosine);
    }
  }
}

Matrix sinusoidal_positions(Index max_len, Index d_model) {
  Matrix table(max_len, d_model);
  sinusoids(0, 1, view(table));
  return table;
}

Matrix sinusoidal_positions_by_halves(Index max_len, Index d_model) {
  const Matrix interleaved = sinusoidal_positions(max_len, d_model);
  Matrix table(max_len, d_model);
  const Index sines = (d_model + 1) / 2;
  for (Index i = 0; i < d_model; ++i) table.col(i / 2 + (i % 2 == 0 ? 0 : sines)) = interleaved.col(i);
  return table;
}

PositionEmbedding::PositionEmbedding(Kind kind, Index max_len, Index d_model) : kind_(kind) {
  if (kind == Kind::none) return;
  element_count({max_len, d_model});
  if (kind == Kind::learned)
    table_.setZero(max_len, d_model);
  else
    table_ = kind == Kind::sinusoidal ? sinusoidal_positions(max_len, d_model)
                                      : sinusoidal_positions_by_halves(max_len, d_model);
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
