// The inputs' products are made at once, the states' step by step.
#include "nn/gru.h"

#include <algorithm>

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
void affine(const ConstMatrixView& x, const ConstMatrixView& weight, const float* bias, const MatrixView& y,
            kernels::Workspace& workspace) {
  kernels::matmul_transposed(1.0f, x, weight, y, workspace);
  for (Index r = 0; r < y.rows; ++r)
    for (Index o = 0; o < y.cols; ++o) y.row(r)[o] += bias[o];
}

}  // namespace

Gru::Gru(Index input, Index hidden) : input_(input), hidden_(hidden) {
  storage_ = Vector::Zero(element_count({3 * hidden, input + hidden + 2}));
}

void Gru::name_all(Parameters& parameters, Index layer) {
  float* storage = storage_.data();
  const auto add = [&](const char* name, const Shape& dims) {  // all uniform in ±1/√D
    parameters.push_back({name + std::to_string(layer), dims, Parameter::Layout::dense, storage, 0, hidden_,
                          Parameter::Initialisation::uniform});
    storage += element_count(dims);
  };
  const Index rows = 3 * hidden_;
  add("weight_ih_l", {rows, input_});
  add("weight_hh_l", {rows, hidden_});
  add("bias_ih_l", {rows});
  add("bias_hh_l", {rows});
}

void Gru::name_activations(ActivationNames& names, const std::string& prefix) {
  Site* const sites[] = {&sites_.r, &sites_.z, &sites_.n, &sites_.h};
  for (int i = 0; i < 4; ++i) *sites[i] = names.add(prefix + "rznh"[i], "bqi");
}

void Gru::forward(const ConstMatrixView& x, Index batch, const MatrixView& gates, const MatrixView& y, Record& record,
                  kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const Index D = hidden_, T = x.rows / batch;
  const MatrixView from_input = workspace.take(x.rows, 3 * D), from_state = workspace.take(batch, 3 * D);
  const MatrixView zeros = workspace.zeros(batch, D);
  affine(x, weight_ih(), bias_ih(), from_input, workspace);

  for (Index t = 0; t < T; ++t) {
    const ConstMatrixView before =
        t == 0 ? ConstMatrixView(zeros) : ConstMatrixView{y.row(t - 1), batch, D, T * y.stride};
    affine(before, weight_hh(), bias_hh(), from_state, workspace);
    workspace.count_work(batch, 3 * D, D);
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

void Gru::differentiate(const float* gates, const float* h, const ConstMatrixView& below, const MatrixView& jacobian,
                        kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const Index D = hidden_, I = input_;
  const float *const r = gates, *const z = r + D, *const n = z + D, *const g = n + D;
  const MatrixView by_state = workspace.take(D, D), by_input = workspace.take(D, I);  // ∂h′/∂h and ∂h′/∂x
  for (Index i = 0; i < D; ++i) {
    const float dz = (h[i] - n[i]) * z[i] * (1.0f - z[i]);  // ∂h′ᵢ by the sum inside z
    const float dn = (1.0f - z[i]) * (1.0f - n[i] * n[i]);  // … inside n
    const float dr = dn * g[i] * r[i] * (1.0f - r[i]);      // … inside r
    const auto mix = [&](const ConstMatrixView& weight, float by_n, const MatrixView& out) {
      for (Index j = 0; j < out.cols; ++j)
        out.row(i)[j] = dr * weight.row(i)[j] + dz * weight.row(D + i)[j] + by_n * weight.row(2 * D + i)[j];
    };
    mix(weight_hh(), dn * r[i], by_state);
    mix(weight_ih(), dn, by_input);
    by_state.row(i)[i] += z[i];
  }
  const MatrixView through_state = workspace.take(D, jacobian.cols), through_input = workspace.take(D, below.cols);
  kernels::matmul(by_state, jacobian, through_state, workspace);
  kernels::matmul(by_input, below, through_input, workspace);
  const Index first = jacobian.cols - below.cols;
  for (Index i = 0; i < D; ++i) {
    std::copy_n(through_state.row(i), jacobian.cols, jacobian.row(i));
    for (Index u = 0; u < below.cols; ++u) jacobian.row(i)[first + u] += through_input.row(i)[u];
  }
}

}  // namespace attention_lab::nn
