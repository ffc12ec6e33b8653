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

}  // namespace attention_lab::train
