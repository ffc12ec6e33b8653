// Quantises rows as they are packed into tiles, and multiplies tiles with panels of int8 weights.
#include "kernels/int8.h"

#include <algorithm>
#include <bit>

#include "kernels/elementwise.h"
#include "kernels/product.h"
#include "kernels/simd_int8.h"

namespace attention_lab::kernels {

using namespace simd;

namespace {

/// A row's group: x ≈ minimum + step · u.
struct QuantisedGroup {
  float step, minimum;
};

/// Rows of the largest tile: where the machine has no dot product of bytes it needs two registers beside the sums, the weights and
/// the inputs. 128×384×1536 and 128×1536×384, times as fast as f32 on a Zen 4 core: with 4 rows 1.14 and 1.14, with 5 1.14 and 1.04.
constexpr Index kInt8TileRows = 4;
/// Quantised rows of a block stay below 256 KB of the second-level cache.
constexpr Index kBlockBytes = 256 * 1024;
constexpr Index kStoredInputs = 4 * kStepInputs;  // by one store_inputs
static_assert(kInt8Group % kStoredInputs == 0);

Index steps_of(Index in) { return (in + 3) / 4 * 4 / kStepInputs; }
Index groups_of(Index in) { return (in + kInt8Group - 1) / kInt8Group; }

/// The range of a group in `largest_input` steps; NaN as its step where a value is not finite.
QuantisedGroup range_of(const float* x, Index count, float largest_input) {
  F4 low = splat(x[0]), high = low, wrong = splat(0.0f);
  for (Index i = 0; i < count; i += kWidth) {
    const F4 value = count - i < kWidth ? load_part(x + i, count - i, x[0]) : load(x + i);
    low = min(low, value);
    high = max(high, value);
    wrong = wrong + value * splat(0.0f);
  }
  const float minimum = -largest(splat(0.0f) - low);
  return {(largest(high) - minimum) / largest_input + sum(wrong), minimum};
}

/// A group as inputs of a tile: step after step, `stride` bytes apart, of each step its parts of 7 bits, high before low.
template <int parts>
QuantisedGroup quantise(const float* x, Index count, unsigned char* out, Index stride) {
  // Added to what lies between 0 and 16,383 it leaves that, rounded to the nearest, in the low bits.
  static constexpr float kRound = 12582912.0f;  // 1.5 · 2²³
  static constexpr float kLow = std::bit_cast<float>(0x7f), kHigh = std::bit_cast<float>(0x3f80);
  const QuantisedGroup group = range_of(x, count, parts == 1 ? 127.0f : 16383.0f);
  const F4 per_step = splat(group.step > 0x1p-100f ? 1.0f / group.step : 0.0f), minimum = splat(group.minimum);
  const auto store_steps = [&](const float* from, unsigned char* to, Index to_stride) {
    F4 low[kStepInputs], high[kStepInputs];
    for (int v = 0; v < kStepInputs; ++v) {
      const F4 bits = (load(from + v * kWidth) - minimum) * per_step + constant(kRound);
      low[v] = bits & constant(kLow);
      if constexpr (parts == 2) high[v] = shift_right_bits(bits & constant(kHigh), 7);
    }
    if constexpr (parts == 2) store_inputs(high, to, to_stride);
    store_inputs(low, to + (parts - 1) * kStepInputBytes, to_stride);
  };
  Index i = 0;
  for (; i + kStoredInputs <= count; i += kStoredInputs, out += 4 * stride) store_steps(x + i, out, stride);
  if (i < count) {
    constexpr Index kBytes = parts * kStepInputBytes;
    float last[kStoredInputs];
    unsigned char bytes[4 * kBytes];
    std::fill(std::copy(x + i, x + count, last), last + kStoredInputs, group.minimum);
    store_steps(last, bytes, kBytes);
    for (Index s = 0; s < steps_of(count - i); ++s) std::copy_n(bytes + s * kBytes, kBytes, out + s * stride);
  }
  return group;
}

/// A panel's results for the rows of all tiles.
struct Int8Tiles {
  const unsigned char* inputs;   // tile by tile; of step s, row r and part p at 4 ((s · rows + r) · parts + p)
  const QuantisedGroup* groups;  // tile by tile; of group g and row r at g · rows + r
  const float* panel;
  Index panel_size;  // from one panel to the next
  Index in;
  float* y;
  Index y_stride;
};

/// Tiles of R rows of `parts` parts × P panels; see multiply_tiles in tile.h for why it looks as it does. The results so far
/// wait in y, since a group's integers take the registers.
template <int R, int P, int parts>
[[gnu::noinline]] void multiply_int8_tiles(const Int8Tiles& t, Index tiles) {
  constexpr int kSums = R * parts;
  const unsigned char* a = t.inputs;
  const QuantisedGroup* groups = t.groups;
  float* y = t.y;
  for (; tiles > 0; --tiles, y += R * t.y_stride) {
    const float* head[P];  // of a group: its scales, then its sums and weights
    for (int p = 0; p < P; ++p) {
      const float* const bias = t.panel + p * t.panel_size;
      head[p] = bias + kPanelWidth;
      for (int r = 0; r < R; ++r)
        for (int half = 0; half < 2; ++half)
          store(y + r * t.y_stride + p * kPanelWidth + half * kWidth, load(bias + half * kWidth));
    }
    for (Index rest = t.in; rest > 0; rest -= kInt8Group, groups += R) {
      const signed char* b[P];
      I4 sums[kSums][2 * P];
      for (int p = 0; p < P; ++p) {
        b[p] = reinterpret_cast<const signed char*>(head[p] + 2 * kPanelWidth);
        for (int r = 0; r < kSums; ++r) sums[r][2 * p] = sums[r][2 * p + 1] = zero_sums();
      }
      const auto step = [&](int s) __attribute__((always_inline)) {
        StepWeights weights[2 * P];
        for (int n = 0; n < 2 * P; ++n) weights[n] = load_weights(b[n / 2] + s * kStepWeightBytes, n % 2);
        for (int r = 0; r < kSums; ++r) {
          const auto x = load_inputs(a + (s * kSums + r) * kStepInputBytes);
          for (int n = 0; n < 2 * P; ++n) sums[r][n] = dot_add(weights[n], x, sums[r][n]);
        }
      };
      for (Index steps = steps_of(std::min(rest, kInt8Group)); steps > 0; steps -= 2) {
        step(0);
        if (steps == 1) {
          a += kSums * kStepInputBytes;
          break;
        }
        step(1);
        a += 2 * kSums * kStepInputBytes;
        for (int p = 0; p < P; ++p) b[p] = opaque(b[p] + 2 * kStepWeightBytes);
      }
      F4 scales[2 * P], offsets[2 * P];
      for (int n = 0; n < 2 * P; ++n) {
        scales[n] = load(head[n / 2] + n % 2 * kWidth);
        offsets[n] = load(head[n / 2] + n % 2 * kWidth + kPanelWidth);
      }
      float* to = y;
      for (int r = 0; r < R; ++r, to += t.y_stride) {
        const F4 row_step = load_splat(&groups[r].step), minimum = load_splat(&groups[r].minimum);
        for (int n = 0; n < 2 * P; ++n) {
          const I4 total = parts == 2 ? combined(sums[r * parts][n], sums[r * parts + parts - 1][n]) : sums[r][n];
          const F4 product = to_float(total) * scales[n] * row_step + offsets[n] * minimum;
          store(to + n * kWidth, load(to + n * kWidth) + product);
        }
      }
      for (int p = 0; p < P; ++p) head[p] += kInt8GroupFloats;
    }
  }
}

using Multiply = void (*)(const Int8Tiles&, Index tiles);

/// The micro-kernel for tiles of so many rows; few rows take several panels at once, to hide the latency of the sums.
template <int parts>
Multiply multiply_of(Index rows, Index panels) {
  if constexpr (parts == 2) {
    if (rows == 2) return multiply_int8_tiles<2, 1, 2>;
    return panels == 2 ? multiply_int8_tiles<1, 2, 2> : multiply_int8_tiles<1, 1, 2>;
  } else {
    switch (rows) {
      case 1: return panels == 4 ? multiply_int8_tiles<1, 4, 1> : multiply_int8_tiles<1, 1, 1>;
      case 2: return panels == 2 ? multiply_int8_tiles<2, 2, 1> : multiply_int8_tiles<2, 1, 1>;
      case 3: return multiply_int8_tiles<3, 1, 1>;
      default: return multiply_int8_tiles<4, 1, 1>;
    }
  }
}

MatrixView rectangle(const MatrixView& m, Index row, Index rows, Index col, Index cols) {
  return {m.row(row) + col, rows, cols, m.stride};
}
ConstMatrixView rectangle(const ConstMatrixView& m, Index row, Index rows, Index col, Index cols) {
  return m ? ConstMatrixView{m.row(row) + col, rows, cols, m.stride} : m;
}

/// Rows that fit a block, quantised.
struct Block {
  RowTiles tiles;
  const unsigned char* inputs;
  const QuantisedGroup* groups;
};

/// The columns of `panels` panels from column `col` on, for all rows of a block.   strip: [rows, panels · kPanelWidth]
template <int parts>
void multiply_panels(const Block& block, PackedView w, Index col, Index panels, const Epilogue& epilogue,
                     const MatrixView& y, float* strip) {
  const Index width = panels * kPanelWidth, cols = std::min(width, w.out - col);
  const Index panel_size = PackedView::panel_size(w.in, WeightType::int8);
  const MatrixView result = rectangle(y, 0, y.rows, col, cols);
  const bool direct = cols == width && !epilogue.residual;
  const MatrixView product = direct ? result : MatrixView{strip, y.rows, cols, width};
  Int8Tiles t{block.inputs, block.groups,  w.panels + col / kPanelWidth * panel_size, panel_size, w.in,
              product.data, product.stride};
  const RowTiles& tiles = block.tiles;
  const Index rows = tiles.rows / tiles.count(), larger = tiles.larger();
  if (larger > 0) {
    multiply_of<parts>(rows + 1, panels)(t, larger);
    const Index done = larger * (rows + 1);
    t.inputs += done * parts * steps_of(w.in) * kStepInputBytes;
    t.groups += done * groups_of(w.in);
    t.y += done * t.y_stride;
  }
  multiply_of<parts>(rows, panels)(t, tiles.count() - larger);
  if (!direct || epilogue.activation != Activation::none)
    transform(epilogue.activation, product, rectangle(epilogue.residual, 0, y.rows, col, cols), result);
}

template <int parts>
void multiply(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
              Workspace& workspace) {
  constexpr Index kMostTileRows = parts == 1 ? kInt8TileRows : 2;
  const Workspace::Scope scope(workspace);
  const Index row_bytes = steps_of(w.in) * parts * kStepInputBytes, group_count = groups_of(w.in);
  const Index most = std::max<Index>(kBlockBytes / std::max<Index>(row_bytes, 1) / kMostTileRows, 1) * kMostTileRows;
  const Index most_rows = std::min(x.rows, most);
  const auto inputs = reinterpret_cast<unsigned char*>(workspace.take(checked_product(most_rows, row_bytes / 4)));
  const auto groups = reinterpret_cast<QuantisedGroup*>(workspace.take(checked_product(most_rows, 2 * group_count)));
  float* const strip = workspace.take(std::max<Index>(most_rows, 4) * kPanelWidth);
  for (Index row = 0; row < x.rows; row += most_rows) {
    const Block block{{std::min(most_rows, x.rows - row), kMostTileRows}, inputs, groups};
    const RowTiles& tiles = block.tiles;
    for (Index tile = 0; tile < tiles.count(); ++tile) {
      const Index first = tiles.begin(tile), size = tiles.size(tile), stride = size * parts * kStepInputBytes;
      for (Index r = 0; r < size; ++r) {
        unsigned char* out = inputs + first * row_bytes + r * parts * kStepInputBytes;
        for (Index g = 0; g < group_count; ++g, out += kInt8Group / kStepInputs * stride)
          groups[first * group_count + g * size + r] = quantise<parts>(
              x.row(row + first + r) + g * kInt8Group, std::min(kInt8Group, w.in - g * kInt8Group), out, stride);
      }
    }
    const Epilogue of_block{epilogue.activation, rectangle(epilogue.residual, row, tiles.rows, 0, w.out)};
    const Index at_once = std::max<Index>(4 / (tiles.rows * parts), 1);
    for (Index col = 0, panels = at_once; col < w.out; col += panels * kPanelWidth) {
      if (col + (panels - 1) * kPanelWidth >= w.out) panels = 1;
      multiply_panels<parts>(block, w, col, panels, of_block, rectangle(y, row, tiles.rows, 0, w.out), strip);
      workspace.count_work(tiles.rows, panels * kPanelWidth, w.in);
    }
  }
}

}  // namespace

void linear_int8(const ConstMatrixView& x, PackedView w, const Epilogue& epilogue, const MatrixView& y,
                 Workspace& workspace) {
  if (x.rows == 0 || w.out == 0) return;
  w.fine_inputs ? multiply<2>(x, w, epilogue, y, workspace) : multiply<1>(x, w, epilogue, y, workspace);
}

}  // namespace attention_lab::kernels
