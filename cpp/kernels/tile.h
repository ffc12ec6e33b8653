// The micro-kernel of every matrix product: tiles of R rows × P panels that stay in registers while k runs.
#pragma once

#include "kernels/gemm.h"
#include "kernels/simd.h"

namespace attention_lab::kernels {

/// c[r, n] = panel n's bias + Σₖ a(r, k) · b(k, n), for the rows of all tiles and 8 columns per panel.
struct TileArguments {
  const float* a = nullptr;  // packed, tile by tile: a(r, k) at a[k · R + r]; else at a[r · a_stride + k]
  Index a_stride = 0;
  const float* panel = nullptr;  // the bias that heads the first panel
  Index panel_stride = 0;        // from one panel's bias to the next
  Index first = 0;               // weights of a panel to skip before k = 0
  Index depth = 0;               // how far k runs
  float* c = nullptr;
  Index c_stride = 0;
};

/// A small function that is called often: V8 replaces its baseline code only between calls.
template <int R, int P, bool packed>
[[gnu::noinline]] void multiply_tiles(const TileArguments& t, Index tiles) {
  using namespace simd;
  const float* first_row = t.a;
  float* c = t.c;
  for (; tiles > 0; --tiles) {
    const float* a = first_row;
    const float* a_row[R];
    for (int r = 0; r < R; ++r) a_row[r] = a + r * t.a_stride;
    const float* b[P];
    F4 sum[R][2 * P];
    for (int p = 0; p < P; ++p) {
      const float* const bias = t.panel + p * t.panel_stride;
      b[p] = bias + (1 + t.first) * kPanelWidth;
      for (int r = 0; r < R; ++r) sum[r][2 * p] = load(bias), sum[r][2 * p + 1] = load(bias + 4);
    }
    const auto step = [&](int k) __attribute__((always_inline)) {
      F4 weights[2 * P];
      for (int n = 0; n < 2 * P; ++n) weights[n] = load(b[n / 2] + k * kPanelWidth + n % 2 * 4);
      for (int r = 0; r < R; ++r) {
        const F4 x = load_splat(packed ? a + k * R + r : a_row[r] + k);
        for (int n = 0; n < 2 * P; ++n) sum[r][n] = multiply_add(x, weights[n], sum[r][n]);
      }
    };
    for (Index depth = t.depth; depth > 0; depth -= 2) {
      // The exit between the steps costs one fused compare-and-branch. Without it LLVM's wasm back end nests the steps into
      // one expression per accumulator: a serial chain, and every operand of every step live at once. 128×384×1536 on one
      // Zen 4 core, relaxed: 37.8 → 44.6 GFLOP/s, best of 25. Four steps a round are no faster than two, and 6 KB larger.
      step(0);
      if (depth == 1) break;
      step(1);
      if (packed)
        a += 2 * R;
      else
        for (int r = 0; r < R; ++r) a_row[r] += 2;
      for (int p = 0; p < P; ++p) {
        b[p] += 2 * kPanelWidth;
        b[p] = opaque(b[p]);  // LLVM would find the second step's line by three more instructions, from a counter
      }
    }
    for (int r = 0; r < R; ++r)
      for (int n = 0; n < 2 * P; ++n) store(c + r * t.c_stride + 4 * n, sum[r][n]);
    first_row += R * (packed ? t.depth : t.a_stride);
    c += R * t.c_stride;
  }
}

}  // namespace attention_lab::kernels
