// What the matrix products and attention share: packing, and cutting rows into tiles.
#pragma once

#include <algorithm>

#include "kernels/gemm.h"
#include "kernels/tile.h"

namespace attention_lab::kernels {

/// Rows of the largest tile, chosen by timing (docs/kernels.md). V8 has 15 vector registers on x64: 6 × 8 floats are
/// 12 accumulators, 2 vectors of b and 1 of a. Without a fused multiply-add the product needs one more, hence 5 × 8.
#if defined(__wasm_relaxed_simd__)
inline constexpr Index kTileRows = 6;
#else
inline constexpr Index kTileRows = 5;
#endif

/// Rows cut into tiles of at most `most`, as equal as possible: 16 = 6 + 5 + 5, not 6 + 6 + 4. Larger ones come first.
struct RowTiles {
  Index rows = 0;
  Index most = kTileRows;

  Index count() const { return (rows + most - 1) / most; }
  Index larger() const { return rows % count(); }  // that have one row more than the others
  Index begin(Index tile) const { return tile * (rows / count()) + std::min(tile, larger()); }
  Index size(Index tile) const { return begin(tile + 1) - begin(tile); }
};

/// Copies alpha · a for the micro-kernel: tile by tile, and within a tile the tile's rows side by side for every k.
/// Tile i begins at packed + RowTiles::begin(i) · a.cols. `packed` holds packed_rows_size(a.rows, a.cols) floats.
inline Index packed_rows_size(Index rows, Index cols) { return checked_sum(checked_product(rows, cols), 4); }
void pack_rows(const ConstMatrixView& a, float alpha, float* packed);

/// Panels of bᵀ: b's rows become columns, kPanelWidth to a panel, under a bias of zero. For a bᵀ.
void pack_transposed(const ConstMatrixView& b, float* panels);
/// Panels of b: kPanelWidth columns to a panel, under a bias of zero. For a b.
void pack_columns(const ConstMatrixView& b, float* panels);

enum class Rows { packed, strided };

/// Runs the micro-kernel for all tiles and one panel. Strided rows are three or more: see few_rows.h.
void multiply_panel(Rows layout, const RowTiles& tiles, TileArguments arguments);

}  // namespace attention_lab::kernels
