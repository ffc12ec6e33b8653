// What the sublayers of a block share: the view of rows as a batch, and an output that is added to the residual.
#pragma once

#include "kernels/elementwise.h"
#include "nn/linear.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// Rows [B·T, D] as the tensor [B, T, D].
inline TensorView by_token(const MatrixView& rows, Index batch) {
  const Index length = rows.rows / batch;
  return {rows.data, 3, {batch, length, rows.cols}, {length * rows.stride, rows.stride, 1}};
}

/// y = (x Wᵀ + b) + residual, where `site` names the sum before the residual.
/// y may be the residual's memory; the residual may be empty.
inline void forward_with_residual(const Linear& layer, const ConstMatrixView& x, Index batch,
                                  const ConstMatrixView& residual, const MatrixView& y, Site site, Record& record,
                                  kernels::Workspace& workspace) {
  if (!record.touches(site)) {
    layer.forward(x, y, workspace, {kernels::Activation::none, residual});
    return;
  }
  const kernels::Workspace::Scope scope(workspace);
  const MatrixView out = workspace.take(x.rows, layer.out());
  layer.forward(x, out, workspace);
  record.produced(site, by_token(out, batch));
  kernels::add(out, residual, y);
}

/// The way back through y = value + residual, where `site` names the value: the value's gradient, taken back through
/// its edits. dy itself where nobody looks, else a copy, since dy is the residual's gradient too.
inline ConstMatrixView gradient_of_term(Site site, const ConstMatrixView& dy, Index batch, const Backward& backward) {
  if (!backward.touches(site)) return dy;
  const MatrixView own = backward.workspace.take(dy.rows, dy.cols);
  kernels::copy(dy, own);
  backward.reached(site, by_token(own, batch));
  return own;
}

}  // namespace attention_lab::nn
