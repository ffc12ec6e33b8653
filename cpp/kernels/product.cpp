// Packing of both sides of a product, and the choice of a micro-kernel by its number of rows.
#include "kernels/product.h"

#include <algorithm>

namespace attention_lab::kernels {

using namespace simd;

namespace {
/// One tile of pack_rows. Rows are transposed four by four, the last group first: what it stores past the tile's rows is
/// overwritten by the group before, and at the end lies in the slack.
void pack_tile(const ConstMatrixView& a, float alpha, float* packed) {
  const F4 factor = splat(alpha);
  const Index whole = a.cols - a.cols % 4;
  for (Index group = (a.rows - 1) / 4 * 4; group >= 0; group -= 4) {
    const float* in[4];
    for (Index r = 0; r < 4; ++r) in[r] = a.row(std::min(group + r, a.rows - 1));
    float* out = packed + group;
    for (Index k = 0; k < whole; k += 4) {
      F4 c[4];
      for (Index r = 0; r < 4; ++r) c[r] = factor * load(in[r] + k);
      transpose(c[0], c[1], c[2], c[3]);
      for (Index i = 0; i < 4; ++i, out += a.rows) store(out, c[i]);
    }
  }
  for (Index k = whole; k < a.cols; ++k)
    for (Index r = 0; r < a.rows; ++r) packed[k * a.rows + r] = alpha * a.row(r)[k];
}
}  // namespace

void pack_rows(const ConstMatrixView& a, float alpha, float* packed) {
  const RowTiles tiles{a.rows};
  for (Index i = 0; i < tiles.count(); ++i)
    pack_tile({a.row(tiles.begin(i)), tiles.size(i), a.cols, a.stride}, alpha, packed + tiles.begin(i) * a.cols);
}

void pack_transposed(const ConstMatrixView& b, float* panels) {
  for (Index first = 0; first < b.rows; first += kPanelWidth, panels += PackedView::panel_size(b.cols)) {
    std::fill_n(panels, kPanelWidth, 0.0f);
    const Index width = std::min(kPanelWidth, b.rows - first);
    Index k = 0;
    for (; width == kPanelWidth && k + 4 <= b.cols; k += 4) {
      for (Index half = 0; half < kPanelWidth; half += 4) {
        F4 column[4];
        for (Index n = 0; n < 4; ++n) column[n] = load(b.row(first + half + n) + k);
        transpose(column[0], column[1], column[2], column[3]);
        for (Index i = 0; i < 4; ++i) store(panels + (1 + k + i) * kPanelWidth + half, column[i]);
      }
    }
    for (; k < b.cols; ++k)
      for (Index n = 0; n < kPanelWidth; ++n)
        panels[(1 + k) * kPanelWidth + n] = n < width ? b.row(first + n)[k] : 0.0f;
  }
}

void pack_columns(const ConstMatrixView& b, float* panels) {
  for (Index first = 0; first < b.cols; first += kPanelWidth, panels += PackedView::panel_size(b.rows)) {
    std::fill_n(panels, kPanelWidth, 0.0f);
    const Index width = std::min(kPanelWidth, b.cols - first);
    for (Index k = 0; k < b.rows; ++k) {
      const float* const in = b.row(k) + first;
      float* const out = panels + (1 + k) * kPanelWidth;
      if (width == kPanelWidth) {
        store(out, load(in));
        store(out + 4, load(in + 4));
      } else {
        std::fill(std::copy_n(in, width, out), out + kPanelWidth, 0.0f);
      }
    }
  }
}

namespace {
template <bool packed>
void multiply_tiles_of_size(Index rows, const TileArguments& arguments, Index tiles) {
  switch (rows) {
    case 1:
      if constexpr (packed) return multiply_tiles<1, 1, packed>(arguments, tiles);
      break;
    case 2:
      if constexpr (packed) return multiply_tiles<2, 1, packed>(arguments, tiles);
      break;
    case 3: return multiply_tiles<3, 1, packed>(arguments, tiles);
    case 4: return multiply_tiles<4, 1, packed>(arguments, tiles);
    case 5: return multiply_tiles<5, 1, packed>(arguments, tiles);
    case 6:
      if constexpr (kTileRows == 6) return multiply_tiles<6, 1, packed>(arguments, tiles);
  }
}
}  // namespace

void multiply_panel(Rows layout, const RowTiles& tiles, TileArguments arguments) {
  const auto multiply = layout == Rows::packed ? multiply_tiles_of_size<true> : multiply_tiles_of_size<false>;
  const Index larger = tiles.larger(), rows = tiles.rows / tiles.count();
  if (larger > 0) {
    multiply(rows + 1, arguments, larger);
    const Index done = larger * (rows + 1);
    arguments.a += done * (layout == Rows::packed ? arguments.depth : arguments.a_stride);
    arguments.c += done * arguments.c_stride;
  }
  multiply(rows, arguments, tiles.count() - larger);
}

}  // namespace attention_lab::kernels
