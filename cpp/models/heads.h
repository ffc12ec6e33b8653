// The heads on top of the last block: BERT's pooler and masked-language-model head, and a classifier.
#pragma once

#include <string>

#include "nn/embedding.h"
#include "nn/norm.h"

namespace attention_lab::models {

/// The first token's row of each sequence.   hidden: [B·T, D] → [B, D].
inline ConstMatrixView first_tokens(const ConstMatrixView& hidden, Index batch) {
  return {hidden.data, batch, hidden.cols, hidden.rows / batch * hidden.stride};
}

/// pooled = activation(h₀ Wᵀ + b), h₀ the first token's last hidden state, the activation tanh in BERT.  Devlin et al. 2019,
/// arXiv:1810.04805; transformers BertPooler, RobertaClassificationHead.
class Pooler {
 public:
  Pooler() = default;
  Pooler(Index d_model, kernels::Activation activation, kernels::WeightFormat format)
      : linear_(d_model, d_model, format), activation_(activation) {}
  void name_all(Parameters& parameters, const std::string& name) { linear_.name_all(parameters, name, true); }

  /// hidden: [B·T, D], pooled: [B, D].
  void forward(const ConstMatrixView& hidden, const MatrixView& pooled, kernels::Workspace& workspace) const {
    linear_.forward(first_tokens(hidden, pooled.rows), pooled, workspace, {activation_, {}});
  }

  /// From the gradient with respect to pooled (overwritten) to that with respect to the first tokens, both [B, D].
  /// Recomputes the layer.
  void backward(const ConstMatrixView& hidden, const MatrixView& dpooled, const MatrixView& dfirst,
                const nn::Backward& backward) const {
    const kernels::Workspace::Scope scope(backward.workspace);
    const ConstMatrixView first = first_tokens(hidden, dpooled.rows);
    const MatrixView pre = backward.workspace.take(dpooled.rows, dpooled.cols);
    linear_.forward(first, pre, backward.workspace);
    const std::size_t count = static_cast<std::size_t>(pre.rows * pre.cols);
    kernels::activation_backward(activation_, {pre.data, count}, {dpooled.data, count}, {dpooled.data, count});
    linear_.backward(first, dpooled, {}, dfirst, backward);
  }

 private:
  nn::Linear linear_;
  kernels::Activation activation_ = kernels::Activation::tanh;
};

/// logits = Norm(activation(h Wᵀ + b)) Eᵀ + c, E the token embedding or, untied, a matrix of the head's own.
/// Devlin et al. 2019, section 3.1, task 1; transformers BertLMPredictionHead.
class MaskedLmHead {
 public:
  MaskedLmHead() = default;
  /// d_embed: E, the width of the token embedding.
  MaskedLmHead(Index d_model, Index d_embed, kernels::Activation activation, nn::Norm::Kind norm_kind, float norm_eps,
               kernels::WeightFormat format)
      : dense_(d_model, d_embed, format), norm_(norm_kind, d_embed, norm_eps), activation_(activation) {}

  /// Gives the head an output matrix [V, E] of its own.
  void untie(Index vocab_size, kernels::WeightFormat format) {
    decoder_ = nn::Linear(dense_.out(), vocab_size, format);
  }

  void name_all(Parameters& parameters, const std::string& name, nn::Embedding& embedding) {
    dense_.name_all(parameters, name + ".dense", true);
    norm_.name_all(parameters, name + ".norm");
    if (is_untied()) decoder_.name_all(parameters, name + ".decoder", false);
    nn::Linear& output = is_untied() ? decoder_ : embedding.tied();
    output.name_bias(parameters, name, 0, output.out(), Parameter::Initialisation::zeros);
  }

  /// hidden: [rows, D], logits: [rows, V].
  void forward(const ConstMatrixView& hidden, const nn::Embedding& embedding, const MatrixView& logits,
               kernels::Workspace& workspace) const {
    const kernels::Workspace::Scope scope(workspace);
    const MatrixView transformed = workspace.take(hidden.rows, dense_.out());
    dense_.forward(hidden, transformed, workspace, {activation_, {}});
    norm_.forward(transformed, transformed);
    (is_untied() ? decoder_ : embedding.tied()).forward(transformed, logits, workspace);
  }

  /// From the gradient with respect to the logits to that with respect to hidden. Recomputes dense and norm.
  void backward(const ConstMatrixView& hidden, const nn::Embedding& embedding, const ConstMatrixView& dlogits,
                const MatrixView& dhidden, const nn::Backward& backward) const {
    const kernels::Workspace::Scope scope(backward.workspace);
    const Index rows = hidden.rows, E = dense_.out();
    const std::size_t count = static_cast<std::size_t>(rows * E);
    const MatrixView pre = backward.workspace.take(rows, E), activated = backward.workspace.take(rows, E),
                     transformed = backward.workspace.take(rows, E);
    dense_.forward(hidden, pre, backward.workspace);
    kernels::activate(activation_, {pre.data, count}, {activated.data, count});
    norm_.forward(activated, transformed);
    const MatrixView gradient = backward.workspace.take(rows, E);
    (is_untied() ? decoder_ : embedding.tied()).backward(transformed, dlogits, {}, gradient, backward);
    norm_.backward(activated, gradient, {}, gradient, backward);
    kernels::activation_backward(activation_, {pre.data, count}, {gradient.data, count}, {gradient.data, count});
    dense_.backward(hidden, gradient, {}, dhidden, backward);
  }

 private:
  bool is_untied() const { return decoder_.out() > 0; }

  nn::Linear dense_;
  nn::Norm norm_;
  nn::Linear decoder_;  // only untied
  kernels::Activation activation_ = kernels::Activation::gelu;
};

}  // namespace attention_lab::models
