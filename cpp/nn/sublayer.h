// What the sublayers of a block share: rows as a batch of tokens or heads, and an output that is added to the residual.
#pragma once

#include "kernels/elementwise.h"
#include "nn/forward.h"
#include "nn/linear.h"

namespace attention_lab::nn {

/// Rows [B·T, D] as the tensor [B, T, D].
inline TensorView by_token(const MatrixView& rows, Index batch) {
  const Index length = rows.rows / batch;
  return {rows.data, 3, {batch, length, rows.cols}, {length * rows.stride, rows.stride, 1}};
}

/// Rows [B·T, H·K], heads side by side, as the tensor [B, H, T, K].
inline TensorView by_head(const MatrixView& rows, Index batch, Index heads) {
  const Index length = rows.rows / batch, d_head = rows.cols / heads;
  return {rows.data, 4, {batch, heads, length, d_head}, {length * rows.stride, d_head, rows.stride, 1}};
}

/// Where a sublayer f writes y = f(x) + residual. The residual may be empty, or y's memory.
struct SublayerOutput {
  ConstMatrixView residual;
  MatrixView y;
};
/// The stream x itself: x ← x + f(…).
inline SublayerOutput added_to(const MatrixView& x) { return {x, x}; }

/// y = (x Wᵀ + b) + residual, where `site` names the sum before the residual.
inline void forward_with_residual(const Linear& layer, const ConstMatrixView& x, Index batch,
                                  const SublayerOutput& output, Site site, const Forward& forward) {
  if (!forward.record.is_observed(site)) {
    layer.forward(x, output.y, forward.workspace, {kernels::Activation::none, output.residual});
    return forward.record.skipped(site);
  }
  const kernels::Workspace::Scope scope(forward.workspace);
  const MatrixView out = forward.workspace.take(x.rows, layer.out());
  layer.forward(x, out, forward.workspace);
  forward.record.produced(site, by_token(out, batch));
  kernels::add(out, output.residual, output.y);
}

/// Of y = value + residual, where `site` names the value: the value's gradient, backpropagated through its edits. dy itself
/// where nobody observes it, else a copy, since dy is the residual's gradient too.
inline ConstMatrixView gradient_of_term(Site site, const ConstMatrixView& dy, Index batch, const Backward& backward) {
  if (!backward.is_observed(site)) return dy;
  const MatrixView own = backward.workspace.take(dy.rows, dy.cols);
  kernels::copy(dy, own);
  backward.record_gradient(site, by_token(own, batch));
  return own;
}

}  // namespace attention_lab::nn
