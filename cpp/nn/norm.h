// LayerNorm with its learned gain and shift.
#pragma once

#include <string>

#include "kernels/layer_norm.h"
#include "nn/parameter.h"

namespace attention_lab::nn {

/// y = (x − mean) / √(variance + eps) · weight + bias, by row.  Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4.
class LayerNorm {
 public:
  LayerNorm() = default;
  LayerNorm(Index d_model, float eps) : weight_(Vector::Ones(d_model)), bias_(Vector::Zero(d_model)), eps_(eps) {}

  void name_all(Parameters& parameters, const std::string& name) {
    const Shape dims = {weight_.size()};
    parameters.push_back(
        {name + ".weight", dims, Parameter::Layout::dense, weight_.data(), 0, 0, Parameter::Fresh::ones});
    parameters.push_back({name + ".bias", dims, Parameter::Layout::dense, bias_.data(), 0, 0, Parameter::Fresh::zeros});
  }

  /// x, y: [rows, D]; may be the same memory.
  void forward(ConstMatrixView x, MatrixView y) const { kernels::layer_norm(x, weight_.data(), bias_.data(), eps_, y); }

 private:
  Vector weight_;  // [D]
  Vector bias_;    // [D]
  float eps_ = 1e-5f;
};

}  // namespace attention_lab::nn
