// Dot products of a row with four rows at a time, and sums of rows in registers: each reads the matrix once for a row of a.
#include "kernels/few_rows.h"

#include <algorithm>

#include "kernels/simd.h"

namespace attention_lab::kernels {

using namespace simd;

namespace {

/// y[0 … 4 vectors) = Σₖ a[k] · b[k], with the sums in registers.
template <int vectors>
void sum_rows(const float* a, const ConstMatrixView& b, float* y) {
  F4 sums[vectors];
  for (F4& total : sums) total = splat(0.0f);
  for (Index k = 0; k < b.rows; ++k) {
    const F4 factor = load_splat(a + k);
    const float* const row = b.row(k);
    for (int v = 0; v < vectors; ++v) sums[v] = multiply_add(factor, load(row + v * kWidth), sums[v]);
  }
  for (int v = 0; v < vectors; ++v) store(y + v * kWidth, sums[v]);
}

}  // namespace

void multiply_few_by_transposed(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y) {
  for (Index r = 0; r < a.rows; ++r)
    for (Index n = 0; n < b.rows; n += kWidth) {
      const float* rows[kWidth];
      F4 sums[kWidth];
      for (Index i = 0; i < kWidth; ++i) {
        rows[i] = b.row(std::min(n + i, b.rows - 1));
        sums[i] = splat(0.0f);
      }
      Index k = 0;
      for (; k + kWidth <= a.cols; k += kWidth) {
        const F4 x = load(a.row(r) + k);
        for (Index i = 0; i < kWidth; ++i) sums[i] = multiply_add(x, load(rows[i] + k), sums[i]);
      }
      if (const Index rest = a.cols - k; rest > 0) {
        const F4 x = load_part(a.row(r) + k, rest, 0.0f);
        for (Index i = 0; i < kWidth; ++i) sums[i] = multiply_add(x, load_part(rows[i] + k, rest, 0.0f), sums[i]);
      }
      transpose(sums[0], sums[1], sums[2], sums[3]);
      store_up_to(y.row(r) + n, b.rows - n, splat(alpha) * ((sums[0] + sums[1]) + (sums[2] + sums[3])));
    }
}

void multiply_few(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y) {
  for (Index r = 0; r < a.rows; ++r) {
    Index n = 0;
    const auto rest_of_b = [&] { return ConstMatrixView{b.data + n, b.rows, b.cols - n, b.stride}; };
    for (; n + 8 * kWidth <= b.cols; n += 8 * kWidth) sum_rows<8>(a.row(r), rest_of_b(), y.row(r) + n);
    for (; n + kWidth <= b.cols; n += kWidth) sum_rows<1>(a.row(r), rest_of_b(), y.row(r) + n);
    for (; n < b.cols; ++n) {
      float total = 0.0f;
      for (Index k = 0; k < b.rows; ++k) total += a.row(r)[k] * b.row(k)[n];
      y.row(r)[n] = total;
    }
  }
}

}  // namespace attention_lab::kernels
