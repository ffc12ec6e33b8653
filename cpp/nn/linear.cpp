// Allocates the packed storage and names its rows.
#include "nn/linear.h"

#include "kernels/gemm_backward.h"

namespace attention_lab::nn {

Linear::Linear(Index in, Index out, kernels::WeightFormat format) : in_(in), out_(out), format_(format) {
  element_count({in, out});  // names the shape; with its padding the storage may still be too large
  storage_ = Vector::Zero(kernels::PackedView::storage_size(in, out, format.type));
}

void Linear::name_rows(Parameters& parameters, const std::string& name, Index first, Index count, bool bias) {
  parameters.push_back({name + ".weight",
                        {count, in_},
                        Parameter::Layout::packed_weight,
                        storage_.data(),
                        first,
                        in_,
                        Parameter::Initialisation::uniform,
                        format_.type});
  if (bias) name_bias(parameters, name, first, count, Parameter::Initialisation::uniform);
}

void Linear::name_bias(Parameters& parameters, const std::string& name, Index first, Index count,
                       Parameter::Initialisation initialisation) {
  parameters.push_back({name + ".bias",
                        {count},
                        Parameter::Layout::packed_bias,
                        storage_.data(),
                        first,
                        in_,
                        initialisation,
                        format_.type});
}

void Linear::backward_rows(Index first, Index count, const ConstMatrixView& x, const ConstMatrixView& dy,
                           const ConstMatrixView& residual, const MatrixView& dx, const Backward& backward) const {
  const kernels::PackedView w = rows(first, count);
  kernels::linear_backward_weight(x, dy, backward.gradient_of(storage_.data()) + (w.panels - storage_.data()),
                                  backward.workspace);
  if (dx) kernels::linear_backward_input(dy, w, residual, dx, backward.workspace);
}

}  // namespace attention_lab::nn
