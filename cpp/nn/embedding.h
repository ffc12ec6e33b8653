// Token embeddings: a row of a table for each token id.
#pragma once

#include <span>
#include <string>

#include "nn/linear.h"

namespace attention_lab::nn {

/// A table [V, D] kept in the layout of a linear layer's weights, so that a tied output layer (logits = x Wᵀ + b,
/// Press & Wolf 2017, arXiv:1608.05859) reads the same memory.
class Embedding {
 public:
  Embedding() = default;
  Embedding(Index vocab_size, Index d_model, kernels::WeightFormat format = {}) : table_(d_model, vocab_size, format) {}

  explicit operator bool() const { return table_.out() > 0; }
  Index vocab_size() const { return table_.out(); }
  void name_all(Parameters& parameters, const std::string& name);

  /// y[r] = row ids[r] of the table.   y: [rows, D].  Throws on an id outside the vocabulary, calling it name[r].
  void forward(std::span<const int> ids, const std::string& name, const MatrixView& y) const;

  /// Adds row r of dy to the gradient of row ids[r].   dy: [rows, D].
  void backward(std::span<const int> ids, const ConstMatrixView& dy, const Backward& backward) const;

  /// The table as an output layer D → V; its bias belongs to that layer.
  Linear& tied() { return table_; }
  const Linear& tied() const { return table_; }

 private:
  Linear table_;  // D inputs, V outputs
};

}  // namespace attention_lab::nn
