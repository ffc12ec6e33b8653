// Gathers rows out of packed panels.
#include "nn/embedding.h"

namespace attention_lab::nn {

void Embedding::name_all(Parameters& parameters, const std::string& name) {
  table_.name_all(parameters, name, false);
  parameters.back().initialisation = Parameter::Initialisation::embedding;
}

void Embedding::forward(std::span<const int> ids, const std::string& name, const MatrixView& y) const {
  for (std::size_t r = 0; r < ids.size(); ++r) {
    if (ids[r] < 0 || ids[r] >= vocab_size())
      require_in_range(name + "[" + std::to_string(r) + "]", ids[r], vocab_size());
    table_.read_rows(ids[r], {y.row(static_cast<Index>(r)), 1, table_.in(), table_.in()});
  }
}

void Embedding::backward(std::span<const int> ids, const ConstMatrixView& dy, const Backward& backward) const {
  float* const gradient = backward.gradient_of(table_.storage());
  for (std::size_t r = 0; r < ids.size(); ++r) {
    float* const first = gradient + kernels::PackedView::position(table_.in(), ids[r], 0);
    const float* const row = dy.row(static_cast<Index>(r));
    for (Index i = 0; i < table_.in(); ++i) first[i * kernels::kPanelWidth] += row[i];
  }
}

}  // namespace attention_lab::nn
