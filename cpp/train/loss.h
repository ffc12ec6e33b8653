// The losses: of logits against labels, or against numbers.
#pragma once

#include <span>

#include "kernels/workspace.h"
#include "nn/matrix.h"

namespace attention_lab::train {

/// The label of a position that does not count, as in torch.nn.CrossEntropyLoss.
inline constexpr int kIgnored = -100;

struct Evaluation {
  double loss = 0.0;      // mean over the labelled positions, in nats where it is a cross-entropy
  double accuracy = 0.0;  // the share of them that is right: whose largest logit (the first of several) is the label's
};

/// loss = −mean log softmax(logits)[label] over the n rows whose label is not kIgnored;
/// dlogits = (softmax(logits) − 1 at the label) / n, and zeros in ignored rows.
/// logits, dlogits: [rows, V]; labels: [rows]. All rows of dlogits may be the same memory (stride 0) where only the loss is
/// wanted. Throws on a label outside the vocabulary and where no row is labelled.
Evaluation cross_entropy(const ConstMatrixView& logits, std::span<const int> labels, const MatrixView& dlogits);

/// Of a span of tokens: the mean of cross_entropy() over its first and its last token's place.
/// logits, dlogits: [B·T, 2]; labels: [B, 2], places from 0 to T − 1 or kIgnored.  transformers *ForQuestionAnswering.
Evaluation span_cross_entropy(const ConstMatrixView& logits, std::span<const int> labels, const MatrixView& dlogits,
                              kernels::Workspace& workspace);

/// Each class or not: loss = −mean (y log σ(x) + (1 − y) log(1 − σ(x))), dlogits = (σ(x) − y) / count; right is a logit above
/// 0 where the target is above ½.  torch.nn.BCEWithLogitsLoss.  logits, dlogits: [B, L]; targets: [B, L].
Evaluation binary_cross_entropy(const ConstMatrixView& logits, std::span<const float> targets,
                                const MatrixView& dlogits);

/// loss = mean (x − y)², dlogits = 2 (x − y) / count; right is a logit nearer than ½ to its target.
/// logits, dlogits: [B, L]; targets: [B, L].
Evaluation mean_squared_error(const ConstMatrixView& logits, std::span<const float> targets, const MatrixView& dlogits);

}  // namespace attention_lab::train
