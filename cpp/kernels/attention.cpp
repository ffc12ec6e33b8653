// Tiled attention: a block of queries at a time, so that its scores stay in cache and T × S of them never exist.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/product.h"
#include "kernels/softmax.h"

namespace attention_lab::kernels {

namespace {

/// Queries of a block. Their scores, 24 × 512 floats at T = 512, share the second-level cache with k and v.
constexpr Index kBlockQueries = 4 * kTileRows;

/// Keys [begin, end).
struct KeyRange {
  Index begin = 0;
  Index end = 0;
  Index size() const { return end - begin; }
};

/// The keys that at least one of the queries [first, last] may attend to, as far as causality and window tell.
KeyRange band_of(const AttentionMask& mask, Index first, Index last, Index keys) {
  KeyRange band{0, keys};
  const Index first_position = mask.first_query + first, last_position = mask.first_query + last;
  if (mask.causal) band.end = std::min(band.end, last_position + 1);
  if (mask.window >= 0) {
    band.begin = std::clamp<Index>(first_position - mask.window, 0, keys);
    band.end = std::min(band.end, last_position + mask.window + 1);
  }
  band.end = std::max(band.end, band.begin);
  return band;
}

/// Keys that a block must visit: the band, unless a finite masked_value gives weight to masked keys as well.
KeyRange visited(const AttentionMask& mask, Index first, Index last, Index keys) {
  if (mask.masked_value != -std::numeric_limits<float>::infinity()) return {0, keys};
  return band_of(mask, first, last, keys);
}

/// One row of mask_scores, for the keys of `range`; scores and masked point at its first key.
void mask_row(const float* scores, const AttentionMask& mask, Index query, KeyRange range, Index keys, float* masked) {
  KeyRange band = band_of(mask, query, query, keys);
  band.begin = std::clamp(band.begin, range.begin, range.end);
  band.end = std::clamp(band.end, band.begin, range.end);
  const Index skip = band.begin - range.begin, size = band.size();
  std::fill_n(masked, skip, mask.masked_value);
  std::fill(masked + skip + size, masked + range.size(), mask.masked_value);
  const float* const in = scores + skip;
  float* const out = masked + skip;
  if (mask.bias) {
    const float* const bias = mask.bias.row(query) + band.begin;
    for (Index s = 0; s < size; ++s) out[s] = in[s] + bias[s];
  } else if (out != in) {
    std::copy_n(in, size, out);
  }
  const auto keep = [&](const std::uint8_t* allowed) {
    for (Index s = 0; s < size; ++s) out[s] = allowed[s] ? out[s] : mask.masked_value;
  };
  if (mask.keys) keep(mask.keys + band.begin);
  if (mask.cells) keep(mask.cells + query * mask.cells_stride + band.begin);
}

/// Scores of a block of queries, and the keys they belong to.
struct ScoreBlock {
  float* data = nullptr;  // [block, stride]; column 0 is key `origin`
  Index stride = 0;
  Index origin = 0;
  float* at(Index row, Index key) const { return data + row * stride + (key - origin); }
};

/// scores = packed queries · kᵀ for the panels that meet `keys`. Whole panels: up to 7 columns either side are spare.
void multiply_by_keys(const float* packed_q, Index queries, const float* panels, Index d_head, KeyRange keys,
                      const ScoreBlock& scores) {
  const RowTiles tiles{queries};
  for (Index key = scores.origin; key < keys.end; key += kPanelWidth)
    for (Index i = 0; i < tiles.count(); ++i)
      multiply_tile(Rows::packed, tiles.size(i),
                    {.a = packed_q + tiles.begin(i) * d_head,
                     .panel = panels + key / kPanelWidth * PackedView::panel_size(d_head), .depth = d_head,
                     .c = scores.at(tiles.begin(i), key), .c_stride = scores.stride});
}

/// out = weights · v over `keys`, each row times its entry of `inverse_sum`. strip: [queries, kPanelWidth].
void multiply_by_values(const ScoreBlock& weights, KeyRange keys, const float* panels, Index num_keys,
                        const float* inverse_sum, MatrixView out, float* strip) {
  const RowTiles tiles{out.rows};
  for (Index col = 0; col < out.cols; col += kPanelWidth, panels += PackedView::panel_size(num_keys)) {
    const Index width = std::min(kPanelWidth, out.cols - col);
    for (Index i = 0; i < tiles.count(); ++i)
      multiply_tile(Rows::strided, tiles.size(i),
                    {.a = weights.at(tiles.begin(i), keys.begin), .a_stride = weights.stride, .panel = panels,
                     .first = keys.begin, .depth = keys.size(), .c = strip + tiles.begin(i) * kPanelWidth,
                     .c_stride = kPanelWidth});
    for (Index t = 0; t < out.rows; ++t)
      scale_row(strip + t * kPanelWidth, width, inverse_sum[t], out.row(t) + col);
  }
}

}  // namespace

void mask_scores(ConstMatrixView scores, const AttentionMask& mask, MatrixView masked) {
  for (Index t = 0; t < scores.rows; ++t)
    mask_row(scores.row(t), mask, t, {0, scores.cols}, scores.cols, masked.row(t));
}

void softmax(ConstMatrixView masked_scores, MatrixView pattern) {
  for (Index t = 0; t < masked_scores.rows; ++t) {
    const float inverse_sum = exponentials(masked_scores.row(t), masked_scores.cols, pattern.row(t));
    scale_row(pattern.row(t), masked_scores.cols, inverse_sum, pattern.row(t));
  }
}

void attention(const AttentionArguments& a, Workspace& workspace) {
  const Workspace::Scope scope(workspace);
  const Index T = a.q.rows, S = a.k.rows, K = a.q.cols;
  float* const k_panels = workspace.take(PackedView::storage_size(K, S));
  float* const v_panels = workspace.take(PackedView::storage_size(S, a.v.cols));
  float* const q_packed = workspace.take(packed_rows_size(kBlockQueries, K));
  float* const strip = workspace.take(kBlockQueries * kPanelWidth);
  // Rows 64 bytes more than the keys need apart: a power of two would put all rows of a tile into one cache set.
  const Index stride = (S + kPanelWidth - 1) / kPanelWidth * kPanelWidth + 16;
  ScoreBlock scores{workspace.take(kBlockQueries * stride), stride, 0};
  pack_transposed(a.k, k_panels);
  pack_columns(a.v, v_panels);

  for (Index first = 0; first < T; first += kBlockQueries) {
    const Index queries = std::min(kBlockQueries, T - first);
    const KeyRange band = visited(a.mask, first, first + queries - 1, S);
    const KeyRange scored = a.scores ? KeyRange{0, S} : band;
    scores.origin = scored.begin / kPanelWidth * kPanelWidth;
    pack_rows({a.q.row(first), queries, K, a.q.stride}, a.scale, q_packed);
    multiply_by_keys(q_packed, queries, k_panels, K, scored, scores);

    float inverse_sum[kBlockQueries];
    for (Index t = 0; t < queries; ++t) {
      float* const row = scores.at(t, band.begin);
      if (a.scores) std::copy_n(scores.at(t, 0), S, a.scores.row(first + t));
      if (!a.mask.empty()) mask_row(row, a.mask, first + t, band, S, row);
      if (a.masked_scores) {
        float* const out = a.masked_scores.row(first + t);
        std::fill_n(out, band.begin, a.mask.masked_value);
        std::fill(std::copy_n(row, band.size(), out + band.begin), out + S, a.mask.masked_value);
      }
      float shift;
      inverse_sum[t] = exponentials(row, band.size(), row, &shift);
      if (a.log_sums)
        a.log_sums[first + t] =
            inverse_sum[t] == 0.0f ? -std::numeric_limits<float>::infinity() : shift - static_cast<float>(std::log(static_cast<double>(inverse_sum[t])));
      if (a.pattern) {
        float* const out = a.pattern.row(first + t);
        std::fill_n(out, band.begin, 0.0f);
        scale_row(row, band.size(), inverse_sum[t], out + band.begin);
        std::fill(out + band.end, out + S, 0.0f);
      }
    }
    multiply_by_values(scores, band, v_panels, S, inverse_sum, {a.out.row(first), queries, a.out.cols, a.out.stride},
                       strip);
  }
}

}  // namespace attention_lab::kernels
