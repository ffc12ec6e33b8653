// Runs the layers, and carries the Jacobians of every state forward with time.
#include "models/recurrent.h"

#include <algorithm>
#include <cmath>

#include "models/initialise.h"

namespace attention_lab::models {

Recurrent::Recurrent(const RecurrentConfig& config) : config_(config) {
  require_size(0, config.vocab_size, "vocabSize");
  require_size(1, config.input_size, "inputSize");
  require_size(1, config.hidden_size, "hiddenSize");
  require_size(1, config.num_layers, "numLayers");
  element_count({config.num_layers, 3, config.hidden_size, config.hidden_size});  // the states' weights alone
  if (config.vocab_size > 0) {
    embedding_ = nn::Embedding(config.vocab_size, config.input_size);
    embedding_.name_all(parameters_, "embed.token");
  }
  layers_.reserve(static_cast<std::size_t>(config.num_layers));  // parameters_ points into them
  for (Index l = 0; l < config.num_layers; ++l) {
    nn::Gru& layer = layers_.emplace_back(l == 0 ? config.input_size : config.hidden_size, config.hidden_size);
    layer.name_all(parameters_, l);
    layer.name_activations(names_, "layers." + std::to_string(l) + ".");
  }
}

void Recurrent::initialise(std::uint64_t seed) { models::initialise(parameters_, seed, workspace_); }

void Recurrent::check(const RecurrentInputs& inputs) const {
  if (inputs.batch < 1 || inputs.length < 1)
    fail("shape", {"inputs: expected at least one sequence of at least one token, got [", inputs.batch, ", ",
                   inputs.length, "]"});
  if (!inputs.vectors.empty())
    return require_count("inputsEmbeds", element_count({inputs.batch, inputs.length, config_.input_size}),
                         inputs.vectors.size());
  if (!embedding_) fail("value", {"inputIds: this network has no embedding (vocabSize 0); give inputsEmbeds"});
  require_count("inputIds", element_count({inputs.batch, inputs.length}), inputs.ids.size());
}

ConstMatrixView Recurrent::forward(const RecurrentInputs& inputs, const MatrixView& influence, Record& record) {
  check(inputs);
  const kernels::Workspace::Scope scope(workspace_);
  const Index rows = inputs.batch * inputs.length, I = config_.input_size, D = config_.hidden_size;
  ConstMatrixView x{inputs.vectors.data(), rows, I, I};
  if (inputs.vectors.empty()) {
    const MatrixView vectors = workspace_.take(rows, I);
    embedding_.forward(inputs.ids, "inputIds", vectors);
    x = vectors;
  }
  element_count({config_.num_layers, rows, 4 * D});
  const Index all = config_.num_layers * rows;
  const MatrixView gates = workspace_.take(all, 4 * D);  // of every layer
  resize(states_, all, D);
  for (Index l = 0; l < config_.num_layers; ++l) {
    const MatrixView y{view(states_).row(l * rows), rows, D, D};
    layers_[static_cast<std::size_t>(l)].forward(x, inputs.batch, {gates.row(l * rows), rows, 4 * D, 4 * D}, y, record,
                                                 workspace_);
    x = y;
  }
  if (influence) measure(inputs.batch, gates, view(states_), influence);
  return x;
}

/// Forward-mode differentiation (Williams & Zipser 1989): after step t a layer's matrix [D, T·I] holds ∂h_t/∂x_s for every s,
/// side by side. That is the same Jacobian that backpropagation through time gives, one product a step for all s.
void Recurrent::measure(Index batch, const ConstMatrixView& gates, const ConstMatrixView& states,
                        const MatrixView& influence) {
  const Index N = config_.num_layers, D = config_.hidden_size, I = config_.input_size, T = influence.cols;
  element_count({N, D, T, I});
  const MatrixView jacobians = workspace_.take(N * D, T * I);
  const MatrixView by_itself = workspace_.zeros(I, I);       // ∂x_t/∂x_t; by earlier inputs it is 0
  const float* const nothing = workspace_.zeros(1, D).data;  // the state before the first
  for (Index i = 0; i < I; ++i) by_itself.row(i)[i] = 1.0f;
  std::fill_n(influence.data, influence.rows * T, 0.0f);
  for (Index b = 0; b < batch; ++b) {
    std::fill_n(jacobians.data, N * D * T * I, 0.0f);
    for (Index t = 0; t < T; ++t) {
      ConstMatrixView below = by_itself;
      for (Index l = 0; l < N; ++l) {
        const Index row = (l * batch + b) * T + t;
        const MatrixView jacobian{jacobians.row(l * D), D, (t + 1) * I, T * I};  // of s ≤ t; the others are 0
        layers_[static_cast<std::size_t>(l)].differentiate(gates.row(row), t == 0 ? nothing : states.row(row - 1),
                                                           below, jacobian, workspace_);
        below = jacobian;
      }
      for (Index s = 0; s <= t; ++s) {
        double squares = 0.0;
        for (Index i = 0; i < D; ++i)
          for (Index j = s * I; j < (s + 1) * I; ++j) squares += static_cast<double>(below.row(i)[j]) * below.row(i)[j];
        influence.row(b * T + t)[s] = static_cast<float>(std::sqrt(squares));
      }
    }
  }
}

}  // namespace attention_lab::models
