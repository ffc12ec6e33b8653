// The plain attention kernel: its four steps, one after the other.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/gemm.h"

namespace attention_lab::kernels {

void mask_scores(ConstMatrixView scores, const AttentionMask& mask, MatrixView masked) {
  for (Index t = 0; t < scores.rows; ++t)
    for (Index s = 0; s < scores.cols; ++s)
      masked.row(t)[s] = mask.allows(t, s) ? scores.row(t)[s] + (mask.bias ? mask.bias.row(t)[s] : 0.0f)
                                           : mask.masked_value;
}

void softmax(ConstMatrixView masked_scores, MatrixView pattern) {
  for (Index t = 0; t < masked_scores.rows; ++t) {
    const float* const in = masked_scores.row(t);
    float* const out = pattern.row(t);
    float max = -std::numeric_limits<float>::infinity();
    for (Index s = 0; s < masked_scores.cols; ++s) max = std::max(max, in[s]);
    const bool fully_masked = std::all_of(in, in + masked_scores.cols, [](float value) {
      return value == -std::numeric_limits<float>::infinity();
    });
    if (fully_masked) {
      std::fill(out, out + masked_scores.cols, 0.0f);
      continue;
    }
    float sum = 0.0f;
    for (Index s = 0; s < masked_scores.cols; ++s) sum += out[s] = std::exp(in[s] - max);
    for (Index s = 0; s < masked_scores.cols; ++s) out[s] /= sum;
  }
}

void attention(const AttentionArguments& a, Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  const Index T = a.q.rows, S = a.k.rows;
  const MatrixView scores = a.scores ? a.scores : workspace.take(T, S);
  const MatrixView masked = a.masked_scores ? a.masked_scores : workspace.take(T, S);
  const MatrixView pattern = a.pattern ? a.pattern : workspace.take(T, S);
  matmul_transposed(a.scale, a.q, a.k, scores, workspace);
  mask_scores(scores, a.mask, masked);
  softmax(masked, pattern);
  matmul(pattern, a.v, a.out, workspace);
}

}  // namespace attention_lab::kernels
