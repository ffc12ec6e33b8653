// Stacked GRU layers over token ids or vectors: the contrast to attention. Reads from the first token to the last.
#pragma once

#include "nn/embedding.h"
#include "nn/gru.h"

namespace attention_lab::models {

struct RecurrentConfig {
  Index vocab_size = 0;   // 0: no embedding, the caller gives vectors
  Index input_size = 0;   // I
  Index hidden_size = 0;  // D
  Index num_layers = 1;
};

struct RecurrentInputs {
  Index batch = 0;
  Index length = 0;
  std::span<const int> ids;        // [B·T]
  std::span<const float> vectors;  // [B·T·I], in place of ids
};

class Recurrent {
 public:
  explicit Recurrent(const RecurrentConfig& config);
  Recurrent(const Recurrent&) = delete;  // parameters_ points into the layers
  Recurrent& operator=(const Recurrent&) = delete;

  const Parameters& parameters() const { return parameters_; }
  const ActivationNames& activation_names() const { return names_; }
  void initialise(std::uint64_t seed);
  /// Who may end a pass: it then throws kernels::Interrupted. Null: nobody.
  void set_interrupt(kernels::Interrupt* interrupt) { workspace_.set_interrupt(interrupt); }

  /// The last layer's states [B·T, D], a view valid until the next pass. `influence`, if it is not empty, becomes [B·T, T]:
  /// ‖∂h_t/∂x_s‖, the Frobenius norm of the Jacobian of state t by the input vector at s; 0 where s > t.
  ConstMatrixView forward(const RecurrentInputs& inputs, const MatrixView& influence, Record& record);

 private:
  void check(const RecurrentInputs& inputs) const;
  void measure(Index batch, const ConstMatrixView& gates, const ConstMatrixView& states, const MatrixView& influence);

  RecurrentConfig config_;
  nn::Embedding embedding_;
  std::vector<nn::Gru> layers_;
  Parameters parameters_;
  ActivationNames names_;
  kernels::Workspace workspace_;
  Matrix states_;  // of every layer: [N·B·T, D]
};

}  // namespace attention_lab::models
