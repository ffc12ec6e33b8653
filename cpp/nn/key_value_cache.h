// Keys and values of the tokens already seen, so that a next token costs one row.
#pragma once

#include <vector>

#include "nn/matrix.h"

namespace attention_lab::nn {

/// For every layer of a stack: keys and values of the first `length` tokens of each sequence. All layers have the same
/// shape. Rows are appended by every layer in turn, then `advance` counts them for all.
class KeyValueCache {
 public:
  KeyValueCache() = default;
  /// Room for `capacity` tokens of `width` = G · K floats, for keys and values each.
  KeyValueCache(Index layers, Index batch, Index capacity, Index width)
      : batch_(batch), capacity_(capacity), width_(width) {
    element_count({layers, 2, batch, capacity, width});
    for (Index l = 0; l < layers; ++l) layers_.emplace_back(2 * batch * capacity, width);
  }

  Index length() const { return length_; }
  Index capacity() const { return capacity_; }
  Index batch() const { return batch_; }
  void advance(Index tokens) { length_ += tokens; }
  void clear() { length_ = 0; }

  /// Keys (or values) of a layer as [B, G, tokens, K].
  TensorView keys(Index layer, Index tokens, Index d_head) { return view_of(layer, 0, tokens, d_head); }
  TensorView values(Index layer, Index tokens, Index d_head) { return view_of(layer, batch_, tokens, d_head); }

 private:
  TensorView view_of(Index layer, Index first, Index tokens, Index d_head) {
    float* const data = layers_[static_cast<std::size_t>(layer)].data() + first * capacity_ * width_;
    return {data, 4, {batch_, width_ / d_head, tokens, d_head}, {capacity_ * width_, d_head, width_, 1}};
  }

  Index batch_ = 0, capacity_ = 0, width_ = 0, length_ = 0;
  std::vector<Matrix> layers_;  // [2 · B · capacity, G · K] each: keys, then values
};

/// One layer's part of a cache, or no cache (false).
struct LayerCache {
  KeyValueCache* cache = nullptr;
  Index layer = 0;

  explicit operator bool() const { return cache != nullptr; }
  Index length() const { return cache ? cache->length() : 0; }
  TensorView keys(Index tokens, Index d_head) const { return cache->keys(layer, tokens, d_head); }
  TensorView values(Index tokens, Index d_head) const { return cache->values(layer, tokens, d_head); }
};

}  // namespace attention_lab::nn
