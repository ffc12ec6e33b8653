// The affine map y = x Wᵀ + b, with weights packed once at load.
#pragma once

#include <string>

#include "kernels/gemm.h"
#include "nn/backward.h"

namespace attention_lab::nn {

class Linear {
 public:
  Linear() = default;
  Linear(Index in, Index out, kernels::WeightFormat format = {});

  Index in() const { return in_; }
  Index out() const { return out_; }

  /// Names rows [first, first + count) as `name`.weight [count, in] and, with `bias`, `name`.bias [count].
  void name_rows(Parameters& parameters, const std::string& name, Index first, Index count, bool bias);
  void name_all(Parameters& parameters, const std::string& name, bool bias) {
    name_rows(parameters, name, 0, out_, bias);
  }
  /// Names only the biases of rows [first, first + count), where another layer names the weights.
  void name_bias(Parameters& parameters, const std::string& name, Index first, Index count,
                 Parameter::Initialisation initialisation);

  /// Whether outputs [first, first + count) can be computed by themselves: they must begin and end with a panel.
  bool is_separable(Index first, Index count) const {
    return first % kernels::kPanelWidth == 0 && (count % kernels::kPanelWidth == 0 || first + count == out_);
  }
  kernels::PackedView rows(Index first, Index count) const {
    return {storage_.data() + first / kernels::kPanelWidth * kernels::PackedView::panel_size(in_, format_.type), in_,
            count, format_.type, format_.fine_inputs};
  }
  kernels::PackedView all() const { return rows(0, out_); }

  /// y = activation(x Wᵀ + b) + residual.   x: [rows, in], y: [rows, out].
  void forward(const ConstMatrixView& x, const MatrixView& y, kernels::Workspace& workspace,
               const kernels::Epilogue& epilogue = {}) const {
    kernels::linear(x, all(), epilogue, y, workspace);
  }

  /// Of y = x Wᵀ + b with f32 weights:  dx = residual + dy W, and the gradients of W and b are added. dx may be empty, and so may the
  /// residual, which may also be dx's memory.
  void backward(const ConstMatrixView& x, const ConstMatrixView& dy, const ConstMatrixView& residual,
                const MatrixView& dx, const Backward& backward) const {
    backward_rows(0, out_, x, dy, residual, dx, backward);
  }
  /// The same for outputs [first, first + count) alone, where they are separable.
  void backward_rows(Index first, Index count, const ConstMatrixView& x, const ConstMatrixView& dy,
                     const ConstMatrixView& residual, const MatrixView& dx, const Backward& backward) const;

  /// weight [count, in] = rows [first, first + count) of W, widened to f32.
  void read_rows(Index first, const MatrixView& weight) const {
    kernels::unpack_weight(storage_.data(), first, weight, format_.type);
  }

  float* storage() { return storage_.data(); }
  const float* storage() const { return storage_.data(); }

 private:
  Index in_ = 0;
  Index out_ = 0;
  kernels::WeightFormat format_;
  Vector storage_;  // laid out as kernels::PackedView
};

}  // namespace attention_lab::nn
