// One pass over the logits, row by row; sums in double.
#include "train/loss.h"

#include <algorithm>
#include <cmath>

#include "kernels/scalar_math.h"
#include "kernels/softmax.h"

namespace attention_lab::train {

Evaluation cross_entropy(const ConstMatrixView& logits, std::span<const int> labels, const MatrixView& dlogits) {
  require_count("labels", logits.rows, labels.size());
  Index labelled = 0;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] == kIgnored) continue;
    ++labelled;
    if (labels[r] < 0 || labels[r] >= logits.cols)
      require_in_range("labels[" + std::to_string(r) + "]", labels[r], logits.cols);
  }
  if (labelled == 0) fail("value", {"labels: expected at least one other than ", Index{kIgnored}});

  const double count = static_cast<double>(labelled);
  const float share = static_cast<float>(1.0 / count);
  double sum = 0.0;
  Index correct = 0;
  for (Index r = 0; r < logits.rows; ++r) {
    const int label = labels[static_cast<std::size_t>(r)];
    float* const gradient = dlogits.row(r);
    if (label == kIgnored) {
      std::fill_n(gradient, logits.cols, 0.0f);
      continue;
    }
    const float* const row = logits.row(r);
    const float* const largest = std::max_element(row, row + logits.cols);
    const float inverse_sum = kernels::exponentials(row, logits.cols, gradient);
    // log softmax(row)[label] = row[label] − max − log Σ exp(row − max)
    sum += static_cast<double>(*largest) - row[label] - kernels::logarithm(static_cast<double>(inverse_sum));
    correct += largest - row == label;
    kernels::scale_row(gradient, logits.cols, inverse_sum * share, gradient);
    gradient[label] -= share;
  }
  return {sum / count, static_cast<double>(correct) / count};
}

Evaluation span_cross_entropy(const ConstMatrixView& logits, std::span<const int> labels, const MatrixView& dlogits,
                              kernels::Workspace& workspace) {
  const kernels::Workspace::Scope scope(workspace);
  const Index rows =
      static_cast<Index>(labels.size());  // a row for the first token of each sequence, and one for the last
  const Index T = rows == 0 ? 0 : 2 * logits.rows / rows;
  const MatrixView by_end = workspace.take(rows, T), gradient = workspace.take(rows, T);
  for (Index r = 0; r < rows; ++r)
    for (Index t = 0; t < T; ++t) by_end.row(r)[t] = logits.row(r / 2 * T + t)[r % 2];
  const Evaluation result = cross_entropy(by_end, labels, gradient);
  for (Index r = 0; r < rows; ++r)
    for (Index t = 0; t < T; ++t) dlogits.row(r / 2 * T + t)[r % 2] = gradient.row(r)[t];
  return result;
}

namespace {

/// Calls of(x, y, gradient) → { loss, right } for every logit, and takes the means.
template <class Of>
Evaluation mean_over_targets(const ConstMatrixView& logits, std::span<const float> targets, const MatrixView& dlogits,
                             Of of) {
  require_count("labels", element_count({logits.rows, logits.cols}), targets.size());
  const double count = static_cast<double>(targets.size());
  Evaluation sum;
  for (Index r = 0; r < logits.rows; ++r)
    for (Index i = 0; i < logits.cols; ++i) {
      const double x = logits.row(r)[i], y = targets[static_cast<std::size_t>(r * logits.cols + i)];
      double slope = 0.0;
      const Evaluation each = of(x, y, slope);
      dlogits.row(r)[i] = static_cast<float>(slope / count);
      sum.loss += each.loss;
      sum.accuracy += each.accuracy;
    }
  return {sum.loss / count, sum.accuracy / count};
}

}  // namespace

Evaluation binary_cross_entropy(const ConstMatrixView& logits, std::span<const float> targets,
                                const MatrixView& dlogits) {
  return mean_over_targets(logits, targets, dlogits, [](double x, double y, double& slope) -> Evaluation {
    // log(1 + e^−|x|), which no x makes overflow
    const double small = kernels::exponential(-std::abs(x)), tail = kernels::logarithm(1.0 + small);
    slope = (x < 0.0 ? small : 1.0) / (1.0 + small) - y;
    return {std::max(x, 0.0) - x * y + tail, (x > 0.0) == (y > 0.5) ? 1.0 : 0.0};
  });
}

Evaluation mean_squared_error(const ConstMatrixView& logits, std::span<const float> targets,
                              const MatrixView& dlogits) {
  return mean_over_targets(logits, targets, dlogits, [](double x, double y, double& slope) -> Evaluation {
    slope = 2.0 * (x - y);
    return {(x - y) * (x - y), std::abs(x - y) < 0.5 ? 1.0 : 0.0};
  });
}

}  // namespace attention_lab::train
