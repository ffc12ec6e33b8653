// aᵀ b by the forward pass's micro-kernel: a's columns are packed as its rows, b's columns as its panels.
#include "kernels/gemm_backward.h"

#include <algorithm>

#include "kernels/product.h"

namespace attention_lab::kernels {

using namespace simd;

namespace {

/// Rows of a and b that are multiplied at a time: a panel of b then takes 8 KB of the first-level cache.
constexpr Index kDepth = 256;
/// Columns of a that are packed at a time: with kDepth rows 512 KB, half of a common second-level cache.
constexpr Index kColumns = 512;

/// Packs alpha · aᵀ for the micro-kernel, as pack_rows would pack its rows. What a vector holds past the tile's columns
/// is overwritten by the next row of a, and at the end lies in the slack.
void pack_transposed_rows(const ConstMatrixView& a, float alpha, float* packed) {
  const RowTiles tiles{a.cols};
  const F4 factor = splat(alpha);
  for (Index i = 0; i < tiles.count(); ++i) {
    const Index first = tiles.begin(i), size = tiles.size(i);
    const bool whole = first + 8 <= a.cols;
    for (Index k = 0; k < a.rows; ++k, packed += size) {
      const float* const in = a.row(k) + first;
      if (whole) {
        store(packed, factor * load(in));
        if (size > 4) store(packed + 4, factor * load(in + 4));
      } else {
        for (Index c = 0; c < size; ++c) packed[c] = alpha * in[c];
      }
    }
  }
}

/// Where the product [m, n] lies: rows `row_stride` apart, and every kPanelWidth columns begin `panel_stride` apart.
struct Target {
  float* data;
  Index row_stride;
  Index panel_stride;
  bool padded;  // whether a last panel of fewer columns is stored whole
};

void add_strip(const float* strip, Index rows, Index cols, float* out, Index stride) {
  for (Index r = 0; r < rows; ++r, strip += kPanelWidth, out += stride) {
    if (cols == kPanelWidth) {
      store(out, load(out) + load(strip));
      store(out + 4, load(out + 4) + load(strip + 4));
    } else {
      for (Index c = 0; c < cols; ++c) out[c] += strip[c];
    }
  }
}

/// target += alpha · aᵀ b, and bias[panel] += the sums of b's columns, unless bias is null.
void accumulate(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const Target& target, float* bias,
                Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  const Index most_depth = std::min(kDepth, a.rows), most_columns = std::min(kColumns, a.cols);
  float* const packed = workspace.take(packed_rows_size(most_columns, most_depth));
  float* const panel = workspace.take(PackedView::panel_size(most_depth));
  float* const strip = workspace.take(most_columns * kPanelWidth);
  for (Index k = 0; k < a.rows; k += kDepth) {
    const Index depth = std::min(kDepth, a.rows - k);
    for (Index m = 0; m < a.cols; m += kColumns) {
      const RowTiles tiles{std::min(kColumns, a.cols - m)};
      pack_transposed_rows({a.row(k) + m, depth, tiles.rows, a.stride}, alpha, packed);
      for (Index n = 0; n < b.cols; n += kPanelWidth) {
        const Index width = std::min(kPanelWidth, b.cols - n), p = n / kPanelWidth;
        pack_columns({b.row(k) + n, depth, width, b.stride}, panel);
        float* const out = target.data + p * target.panel_stride + m * target.row_stride;
        multiply_panel(Rows::packed, tiles,
                       {.a = packed, .panel = panel, .depth = depth, .c = strip, .c_stride = kPanelWidth});
        workspace.count_work(tiles.rows, kPanelWidth, depth);
        add_strip(strip, tiles.rows, target.padded ? kPanelWidth : width, out, target.row_stride);
        if (bias && m == 0) {
          F4 low = splat(0.0f), high = low;
          for (Index row = 1; row <= depth; ++row) {
            low = low + load(panel + row * kPanelWidth);
            high = high + load(panel + row * kPanelWidth + 4);
          }
          float* const sums = bias + p * target.panel_stride;
          store(sums, load(sums) + low);
          store(sums + 4, load(sums + 4) + high);
        }
      }
    }
  }
}

/// The panels of Wᵀ: panel i / 8 holds W's columns [i, i + 8), one line for every output, under a bias of zero.
void pack_input_panels(PackedView w, float* panels) {
  const Index size = PackedView::panel_size(w.in);
  for (Index first = 0; first < w.in; first += kPanelWidth, panels += PackedView::panel_size(w.out)) {
    std::fill_n(panels, kPanelWidth, 0.0f);
    const Index width = std::min(kPanelWidth, w.in - first);
    for (Index o = 0; o < w.out; o += 4) {
      // Four outputs lie side by side in one panel of W, for input after input.
      const float* const in = w.panels + o / kPanelWidth * size + (1 + first) * kPanelWidth + o % kPanelWidth;
      float* const out = panels + (1 + o) * kPanelWidth;
      const Index outputs = std::min<Index>(4, w.out - o);
      for (Index half = 0; half < kPanelWidth; half += 4) {
        F4 rows[4];
        for (Index i = 0; i < 4; ++i) rows[i] = half + i < width ? load(in + (half + i) * kPanelWidth) : splat(0.0f);
        transpose(rows[0], rows[1], rows[2], rows[3]);
        for (Index n = 0; n < outputs; ++n) store(out + n * kPanelWidth + half, rows[n]);
      }
    }
  }
}

}  // namespace

void linear_backward_input(const ConstMatrixView& dy, PackedView w, const ConstMatrixView& residual,
                           const MatrixView& dx, Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  float* const panels = workspace.take(PackedView::storage_size(w.out, w.in));
  pack_input_panels(w, panels);
  linear(dy, {panels, w.out, w.in}, {Activation::none, residual}, dx, workspace);
}

void linear_backward_weight(const ConstMatrixView& x, const ConstMatrixView& dy, float* gradient,
                            Workspace& workspace) {
  accumulate(1.0f, x, dy, {gradient + kPanelWidth, kPanelWidth, PackedView::panel_size(x.cols), true}, gradient,
             workspace);
}

void add_transposed_matmul(float alpha, const ConstMatrixView& a, const ConstMatrixView& b, const MatrixView& y,
                           Workspace& workspace) {
  accumulate(alpha, a, b, {y.data, y.stride, kPanelWidth, false}, nullptr, workspace);
}

}  // namespace attention_lab::kernels
