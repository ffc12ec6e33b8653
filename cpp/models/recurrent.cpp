// Runs the layers, and carries the Jacobians of every state forward with time.
#include "models/recurrent.h"

namespace attention_lab::models {

Recurrent::Recurrent(const RecurrentConfig& config) : config_(config) {
  require_at_least(0, config.vocab_size, "vocabSize");
  require_at_least(1, config.input_size, "inputSize");
  require_at_least(1, config.hidden_size, "hiddenSize");
  require_at_least(1, config.num_layers, "numLayers");
  if (config.vocab_size > 0) {
    embedding_ = nn::Embedding(config.vocab_size, config.input_size);
    embedding_.name_all(parameters_, "embed.token");
  }
  for (Index l = 0; l < config.num_layers; ++l)
    layers_.emplace_back(l == 0 ? config.input_size : config.hidden_size, config.hidden_size);
  for (Index l = 0; l < config.num_layers; ++l) {
    nn::Gru& layer = layers_[static_cast<std::size_t>(l)];
    layer.name_all(parameters_, l);
    layer.name_activations(names_, "layers." + std::to_string(l) + ".");
  }
  gates_.resize(layers_.size());
  states_.resize(layers_.size());
}

void Recurrent::initialise(std::uint64_t seed) {
  Random random(seed);
  for (const Parameter& parameter : parameters_) parameter.initialise(random);
}

void Recurrent::check(const RecurrentInputs& inputs) const {
  if (inputs.batch < 1 || inputs.length < 1)
    throw Error("shape", {"inputs: expected at least one sequence of at least one token, got [", inputs.batch, ", ",
                          inputs.length, "]"});
  if (!inputs.vectors.empty())
    return require_count("inputsEmbeds", element_count({inputs.batch, inputs.length, config_.input_size}),
                         inputs.vectors.size());
  if (!embedding_) throw Error("value", {"inputIds: this network has no embedding (vocabSize 0); give inputsEmbeds"});
  require_count("inputIds", element_count({inputs.batch, inputs.length}), inputs.ids.size());
}

ConstMatrixView Recurrent::forward(const RecurrentInputs& inputs, MatrixView influence, Record& record) {
  check(inputs);
  const kernels::Workspace::Scope scope(workspace_);
  const Index rows = inputs.batch * inputs.length;
  ConstMatrixView x{inputs.vectors.data(), rows, config_.input_size, config_.input_size};
  if (inputs.vectors.empty()) {
    input_.resize(rows, config_.input_size);
    embedding_.forward(inputs.ids, "inputIds", view(input_));
    x = view(input_);
  }
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    element_count({rows, 4 * config_.hidden_size});
    gates_[l].resize(rows, 4 * config_.hidden_size);
    states_[l].resize(rows, config_.hidden_size);
    layers_[l].forward(x, inputs.batch, view(gates_[l]), view(states_[l]), record, workspace_);
    x = view(states_[l]);
  }
  if (influence) measure(inputs.batch, influence);
  return x;
}

/// Forward-mode differentiation (Williams & Zipser 1989): after step t a layer's matrix [D, T·I] holds ∂h_t/∂x_s for every s,
/// side by side. That is the same Jacobian that backpropagation through time gives, one product a step for all s.
void Recurrent::measure(Index batch, MatrixView influence) {
  const Index D = config_.hidden_size, I = config_.input_size, T = influence.cols;
  element_count({D, T * I});
  const MatrixView by_itself = workspace_.take(I, I);  // ∂x_t/∂x_t; by earlier inputs it is 0
  map(by_itself).setIdentity();
  std::vector<MatrixView> jacobians;
  for (std::size_t l = 0; l < layers_.size(); ++l) jacobians.push_back(workspace_.take(D, T * I));
  const std::vector<float> nothing(static_cast<std::size_t>(D));
  map(influence).setZero();
  for (Index b = 0; b < batch; ++b) {
    for (const MatrixView& jacobian : jacobians) map(jacobian).setZero();
    for (Index t = 0; t < T; ++t) {
      const Index row = b * T + t, reached = (t + 1) * I;  // columns of s ≤ t; the others are 0
      MatrixView below = by_itself;
      for (std::size_t l = 0; l < layers_.size(); ++l) {
        const float* const h = t == 0 ? nothing.data() : view(states_[l]).row(row - 1);
        const MatrixView jacobian{jacobians[l].data, D, reached, T * I};
        layers_[l].differentiate(view(gates_[l]).row(row), h, below, jacobian, workspace_);
        below = jacobian;
      }
      for (Index s = 0; s <= t; ++s)
        influence.row(row)[s] = map(ConstMatrixView{below.data + s * I, D, I, below.stride}).norm();
    }
  }
}

}  // namespace attention_lab::models
