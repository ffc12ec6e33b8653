// Plain products, one output at a time.
#include "kernels/gemm.h"

namespace attention_lab::kernels {

void pack_weight(ConstMatrixView weight, Index first_out, float* packed) {
  for (Index o = 0; o < weight.rows; ++o)
    for (Index i = 0; i < weight.cols; ++i)
      packed[PackedView::position(weight.cols, first_out + o, i)] = weight.row(o)[i];
}

void unpack_weight(const float* packed, Index first_out, MatrixView weight) {
  for (Index o = 0; o < weight.rows; ++o)
    for (Index i = 0; i < weight.cols; ++i)
      weight.row(o)[i] = packed[PackedView::position(weight.cols, first_out + o, i)];
}

void linear(ConstMatrixView x, PackedView w, const Epilogue& epilogue, MatrixView y, Workspace&) {
  for (Index r = 0; r < x.rows; ++r) {
    for (Index o = 0; o < w.out; ++o) {
      float sum = w.panels[PackedView::position(w.in, o, -1)];
      for (Index i = 0; i < w.in; ++i) sum += x.row(r)[i] * w.panels[PackedView::position(w.in, o, i)];
      activate(epilogue.activation, {&sum, 1}, {&sum, 1});
      y.row(r)[o] = sum + (epilogue.residual ? epilogue.residual.row(r)[o] : 0.0f);
    }
  }
}

void matmul_transposed(float alpha, ConstMatrixView a, ConstMatrixView b, MatrixView y, Workspace&) {
  for (Index m = 0; m < a.rows; ++m)
    for (Index n = 0; n < b.rows; ++n) {
      float sum = 0.0f;
      for (Index k = 0; k < a.cols; ++k) sum += a.row(m)[k] * b.row(n)[k];
      y.row(m)[n] = alpha * sum;
    }
}

void matmul(ConstMatrixView a, ConstMatrixView b, MatrixView y, Workspace&) {
  for (Index m = 0; m < a.rows; ++m)
    for (Index n = 0; n < b.cols; ++n) {
      float sum = 0.0f;
      for (Index k = 0; k < a.cols; ++k) sum += a.row(m)[k] * b.row(k)[n];
      y.row(m)[n] = sum;
    }
}

}  // namespace attention_lab::kernels
