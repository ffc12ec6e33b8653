// The inputs' products are made at once, the states' step by step.
#include "nn/gru.h"

#include "kernels/activation.h"
#include "kernels/gemm.h"
#include "nn/sublayer.h"

namespace attention_lab::nn {

namespace {

void tanh(float* x, Index count) {
  const std::span<float> values(x, static_cast<std::size_t>(count));
  kernels::activate(kernels::Activation::tanh, values, values);
}

/// σ(x) = ½ + ½ tanh(½ x)
void sigmoid(float* x, Index count) {
  for (Index i = 0; i < count; ++i) x[i] *= 0.5f;
  tanh(x, count);
  for (Index i = 0; i < count; ++i) x[i] = 0.5f + 0.5f * x[i];
}

/// y = x Wᵀ + b
void affine(ConstMatrixView x, const Matrix& weight, const Vector& bias, MatrixView y, kernels::Workspace& workspace) {
  kernels::matmul_transposed(1.0f, x, view(weight), y, workspace);
  for (Index r = 0; r < y.rows; ++r)
    for (Index o = 0; o < y.cols; ++o) y.row(r)[o] += bias[o];
}

}  // namespace

Gru::Gru(Index input, Index hidden) {
  element_count({3 * hidden, input});
  element_count({3 * hidden, hidden});
  weight_ih_ = Matrix::Zero(3 * hidden, input);
  weight_hh_ = Matrix::Zero(3 * hidden, hidden);
  bias_ih_ = bias_hh_ = Vector::Zero(3 * hidden);
}

void Gru::name_all(Parameters& parameters, Index layer) {
  const std::string of_layer = "_l" + std::to_string(layer);
  const auto add = [&](const char* name, const Shape& dims, float* storage) {  // all uniform in ±1/√D
    parameters.push_back(
        {name + of_layer, dims, Parameter::Layout::dense, storage, 0, hidden(), Parameter::Fresh::uniform});
  };
  const Index rows = 3 * hidden();
  add("weight_ih", {rows, weight_ih_.cols()}, weight_ih_.data());
  add("weight_hh", {rows, hidden()}, weight_hh_.data());
  add("bias_ih", {rows}, bias_ih_.data());
  add("bias_hh", {rows}, bias_hh_.data());
}

void Gru::name_activations(ActivationNames& names, const std::string& prefix) {
  sites_.r = names.add(prefix + "r", "bqi");
  sites_.z = names.add(prefix + "z", "bqi");
  sites_.n = names.add(prefix + "n", "bqi");
  sites_.h = names.add(prefix + "h", "bqi");
}

void Gru::forward(ConstMatrixView x, Index batch, MatrixView gates, MatrixView y, Record& record,
                  kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const Index D = hidden(), T = x.rows / batch;
  const MatrixView from_input = workspace.take(x.rows, 3 * D), from_state = workspace.take(batch, 3 * D);
  const MatrixView zeros = workspace.take(batch, D);
  map(zeros).setZero();
  affine(x, weight_ih_, bias_ih_, from_input, workspace);

  for (Index t = 0; t < T; ++t) {
    const ConstMatrixView before = t == 0 ? ConstMatrixView(zeros) : ConstMatrixView{y.row(t - 1), batch, D, T * y.stride};
    affine(before, weight_hh_, bias_hh_, from_state, workspace);
    for (Index b = 0; b < batch; ++b) {
      const float* const in = from_input.row(b * T + t);
      const float* const state = from_state.row(b);
      float *const r = gates.row(b * T + t), *const z = r + D, *const n = z + D, *const g = n + D;
      for (Index i = 0; i < 2 * D; ++i) r[i] = in[i] + state[i];  // r and z lie side by side
      sigmoid(r, 2 * D);
      for (Index i = 0; i < D; ++i) {
        g[i] = state[2 * D + i];
        n[i] = in[2 * D + i] + r[i] * g[i];
      }
      tanh(n, D);
      const float* const h = before.row(b);
      float* const out = y.row(b * T + t);
      for (Index i = 0; i < D; ++i) out[i] = (1.0f - z[i]) * n[i] + z[i] * h[i];
    }
  }
  const auto columns = [&](Index first) { return by_token({gates.data + first, gates.rows, D, gates.stride}, batch); };
  record.produced(sites_.r, columns(0));
  record.produced(sites_.z, columns(D));
  record.produced(sites_.n, columns(2 * D));
  record.produced(sites_.h, by_token(y, batch));
}

void Gru::differentiate(const float* gates, const float* h, ConstMatrixView below, MatrixView jacobian,
                        kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const Index D = hidden(), I = weight_ih_.cols();
  const float *const r = gates, *const z = r + D, *const n = z + D, *const g = n + D;
  const MatrixView by_state = workspace.take(D, D), by_input = workspace.take(D, I);  // ∂h′/∂h and ∂h′/∂x
  for (Index i = 0; i < D; ++i) {
    const float dz = (h[i] - n[i]) * z[i] * (1.0f - z[i]);  // ∂h′ᵢ by the sum inside z
    const float dn = (1.0f - z[i]) * (1.0f - n[i] * n[i]);  // … inside n
    const float dr = dn * g[i] * r[i] * (1.0f - r[i]);      // … inside r
    const auto rows = [&](const Matrix& weight, float by_n, MatrixView out) {
      for (Index j = 0; j < out.cols; ++j)
        out.row(i)[j] = dr * weight(i, j) + dz * weight(D + i, j) + by_n * weight(2 * D + i, j);
    };
    rows(weight_hh_, dn * r[i], by_state);
    rows(weight_ih_, dn, by_input);
    by_state.row(i)[i] += z[i];
  }
  const MatrixView through_state = workspace.take(D, jacobian.cols), through_input = workspace.take(D, below.cols);
  kernels::matmul(by_state, jacobian, through_state, workspace);
  kernels::matmul(by_input, below, through_input, workspace);
  map(jacobian) = map(ConstMatrixView(through_state));
  map(jacobian).rightCols(below.cols) += map(ConstMatrixView(through_input));
}

}  // namespace attention_lab::nn
