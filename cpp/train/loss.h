// The loss: cross-entropy between logits and labels.
#pragma once

#include <span>

#include "nn/matrix.h"

namespace attention_lab::train {

/// The label of a position that does not count, as in torch.nn.CrossEntropyLoss.
inline constexpr int kIgnored = -100;

struct Evaluation {
  double loss = 0.0;      // mean over the labelled positions, in nats
  double accuracy = 0.0;  // the share of them whose largest logit (the first of several) is the label's
};

/// loss = −mean log softmax(logits)[label] over the n rows whose label is not kIgnored;
/// dlogits = (softmax(logits) − 1 at the label) / n, and zeros in ignored rows.
/// logits, dlogits: [rows, V]; labels: [rows]. All rows of dlogits may be the same memory (stride 0) where only the loss is
/// wanted. Throws on a label outside the vocabulary and where no row is labelled.
Evaluation cross_entropy(const ConstMatrixView& logits, std::span<const int> labels, const MatrixView& dlogits);

}  // namespace attention_lab::train
