// Matrix products in blocks of rows that fit the second-level cache; each panel of the right side passes once a block.
#include "kernels/gemm.h"

#include <algorithm>

#include "kernels/elementwise.h"
#include "kernels/few_rows.h"
#include "kernels/int8.h"
#include "kernels/product.h"

namespace attention_lab::kernels {

namespace {

/// Packed rows of a block stay below 512 KB, half of a common second-level cache.
constexpr Index kBlockFloats = 128 * 1024;

Index rows_per_block(Index rows, Index depth) {
  const Index most = std::max(kTileRows, kBlockFloats / std::max<Index>(depth, 1) / kTileRows * kTileRows);
  const Index blocks = (rows + most - 1) / most;
  return blocks > 1 ? ((rows + blocks - 1) / blocks + kTileRows - 1) / kTileRows * kTileRows : rows;
}

ConstMatrixView block_of(const ConstMatrixView& m, Index row, Index rows, Index col, Index cols) {
  return m ? ConstMatrixView{m.row(row) + col, rows, cols, m.stride} : m;
}
MatrixView block_of(const MatrixView& m, Index row, Index rows, Index col, Index cols) {
  return {m.row(row) + col, rows, cols, m.stride};
}

using Tiles = void (*)(const TileArguments&, Index tiles);

/// One or two rows: so little work per weight that several panels are read side by side (`wide`) to hide the latency of the
/// additions; the last few go one by one (`narrow`). strip: [y.rows, panels · kPanelWidth].
void multiply_few_rows(Tiles wide, Index panels, Tiles narrow, const float* rows, PackedView w,
                       const Epilogue& epilogue, const MatrixView& y, float* strip) {
  const Index panel_size = PackedView::panel_size(w.in);
  for (Index col = 0; col < w.out;) {
    if (col + (panels - 1) * kPanelWidth >= w.out) panels = 1;
    const Index width = panels * kPanelWidth, cols = std::min(width, w.out - col);
    (panels == 1 ? narrow : wide)({.a = rows,
                                   .panel = w.panels + col / kPanelWidth * panel_size,
                                   .panel_stride = panel_size,
                                   .depth = w.in,
                                   .c = strip,
                                   .c_stride = width},
                                  1);
    transform(epilogue.activation, {strip, y.rows, cols, width}, block_of(epilogue.residual, 0, y.rows, col, cols),
              block_of(y, 0, y.rows, col, cols));
    col += width;
  }
}

/// y = activation(a · panels + bias) + residual, for any number of rows. `alpha` multiplies a.
void multiply(float alpha, const ConstMatrixView& a, PackedView w, const Epilogue& epilogue, const MatrixView& y,
              Workspace& workspace) {
  if (a.rows == 0 || w.out == 0) return;
  const Workspace::Scope scope(workspace);
  const Index most_rows = rows_per_block(a.rows, a.cols);
  float* const packed = workspace.take(packed_rows_size(most_rows, a.cols));
  float* const strip = workspace.take(std::max<Index>(most_rows, 4) * kPanelWidth);
  for (Index row = 0; row < a.rows; row += most_rows) {
    const Index rows = std::min(most_rows, a.rows - row);
    pack_rows(block_of(a, row, rows, 0, a.cols), alpha, packed);
    if (a.rows <= 2) {
      workspace.count_work(a.rows, w.out, a.cols);
      return a.rows == 1 ? multiply_few_rows(multiply_tiles<1, 4, true>, 4, multiply_tiles<1, 1, true>, packed, w,
                                             epilogue, y, strip)
                         : multiply_few_rows(multiply_tiles<2, 2, true>, 2, multiply_tiles<2, 1, true>, packed, w,
                                             epilogue, y, strip);
    }
    const RowTiles tiles{rows};
    const float* panel = w.panels;
    for (Index col = 0; col < w.out; col += kPanelWidth, panel += PackedView::panel_size(w.in)) {
      const Index cols = std::min(kPanelWidth, w.out - col);
      const MatrixView result = block_of(y, row, rows, col, cols);
      // Straight into y where the panel is whole, unless y may be the residual, which is still needed.
      const bool direct = cols == kPanelWidth && !epilogue.residual;
      const MatrixView product = direct ? result : MatrixView{strip, rows, cols, kPanelWidth};
      multiply_panel(Rows::packed, tiles,
                     {.a = packed, .panel = panel, .depth = w.in, .c = product.data, .c_stride = product.stride});
      workspace.count_work(rows, kPanelWidth, w.in);
      if (!direct || epilogue.activation != Activation::none)
        transform(epilogue.activation, product, block_of(epilogue.residual, row, rows, col, cols), result);
    }
  }
}

/// The same of f16 panels, widened as many at a time as half of a second-level cache holds.
void multiply_halves(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
                     Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  const Index panel_size = PackedView::panel_size(w.in), count = (w.out + kPanelWidth - 1) / kPanelWidth;
  const Index most = std::min(count, std::max<Index>(kBlockFloats / panel_size, 1));
  float* const panels = workspace.take(checked_product(most, panel_size));
  for (Index first = 0; first < count; first += most) {
    const Index col = first * kPanelWidth, cols = std::min(most * kPanelWidth, w.out - col);
    widen_panels(w, first, std::min(most, count - first), panels);
    multiply(1.0f, x, {panels, w.in, cols}, {epilogue.activation, block_of(epilogue.residual, 0, x.rows, col, cols)},
             block_of(y, 0, x.rows, col, cols), workspace);
  }
}

}  // namespace

void linear(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
            Workspace& workspace) {
  switch (w.type) {
    case WeightType::f32: return multiply(1.0f, x, w, epilogue, y, workspace);
    case WeightType::f16: return multiply_halves(x, w, epilogue, y, workspace);
    case WeightType::int8: return linear_int8(x, w, epilogue, y, workspace);
  }
}

void matmul_transposed(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y,
                       Workspace& workspace) {
  if (a.rows <= kFewRows) return multiply_few_by_transposed(alpha, a, b, y);
  const Workspace::Scope scope(workspace);
  float* const panels = workspace.take(PackedView::storage_size(b.cols, b.rows));
  pack_transposed(b, panels);
  multiply(alpha, a, {panels, b.cols, b.rows}, {}, y, workspace);
}

void matmul(const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y, Workspace& workspace) {
  if (a.rows <= kFewRows) return multiply_few(a, b, y);
  const Workspace::Scope scope(workspace);
  float* const panels = workspace.take(PackedView::storage_size(b.rows, b.cols));
  pack_columns(b, panels);
  multiply(1.0f, a, {panels, b.rows, b.cols}, {}, y, workspace);
}

}  // namespace attention_lab::kernels
