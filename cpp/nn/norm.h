// Normalisation layers with their learned parameters: LayerNorm and RMSNorm.
#pragma once

#include <string>

#include "kernels/elementwise_backward.h"
#include "kernels/layer_norm.h"
#include "kernels/rms_norm.h"
#include "nn/backward.h"

namespace attention_lab::nn {

/// layer:  y = (x − mean) / √(variance + eps) · weight + bias    Ba, Kiros & Hinton 2016, arXiv:1607.06450, eq. 4
/// rms:    y = x / √(mean(x²) + eps) · weight                    Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4
class Norm {
 public:
  enum class Kind {
#define NORM_KIND(value, ...) value,
#include "nn/config_fields.def"
  };

  Norm() = default;
  Norm(Kind kind, Index d_model, float eps)
      : kind_(kind),
        weight_(Vector::Ones(d_model)),
        bias_(kind == Kind::layer ? Vector::Zero(d_model) : Vector()),
        eps_(eps) {}

  void name_all(Parameters& parameters, const std::string& name) {
    const auto add = [&](const char* what, Vector& values, Parameter::Initialisation initialisation) {
      parameters.push_back(
          {name + what, {values.size()}, Parameter::Layout::dense, values.data(), 0, 0, initialisation});
    };
    add(".weight", weight_, Parameter::Initialisation::ones);
    if (kind_ == Kind::layer) add(".bias", bias_, Parameter::Initialisation::zeros);
  }

  /// x, y: [rows, D]; may be the same memory.
  void forward(const ConstMatrixView& x, const MatrixView& y) const {
    if (kind_ == Kind::layer)
      kernels::layer_norm(x, weight_.data(), bias_.data(), eps_, y);
    else
      kernels::rms_norm(x, weight_.data(), eps_, y);
  }

  /// From forward's x:  dx = residual + …; the gradients of weight and bias are added. The residual may be
  /// empty; dx may be the memory of dy or the residual.
  void backward(const ConstMatrixView& x, const ConstMatrixView& dy, const ConstMatrixView& residual,
                const MatrixView& dx, const Backward& backward) const {
    float* const dweight = backward.gradient_of(weight_.data());
    if (kind_ == Kind::layer)
      kernels::layer_norm_backward(x, weight_.data(), eps_, dy, residual, dx, dweight,
                                   backward.gradient_of(bias_.data()));
    else
      kernels::rms_norm_backward(x, weight_.data(), eps_, dy, residual, dx, dweight);
  }

 private:
  Kind kind_ = Kind::layer;
  Vector weight_;  // [D]
  Vector bias_;    // [D], LayerNorm alone
  float eps_ = 1e-5f;
};

}  // namespace attention_lab::nn
