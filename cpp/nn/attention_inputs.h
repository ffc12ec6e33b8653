// What one call of a multi-head attention reads: the rows to attend from and to, masks, and where the tokens stand.
#pragma once

#include <optional>

#include "nn/attention.h"
#include "nn/key_value_cache.h"
#include "nn/rotary.h"

namespace attention_lab::nn {

/// What a caller may say about attention at each forward pass.
struct AttentionOverrides {
  std::optional<bool> causal;  // instead of the config's
  float temperature = 1.0f;
  const std::uint8_t* key_mask = nullptr;  // [B, S], 1 = a token, 0 = padding
  const std::uint8_t* cells = nullptr;     // [.., .., T, S], 1 = may attend
  Index cells_batch_stride = 0, cells_head_stride = 0;
};

/// The positions of a pass, the same for all layers of a stack. A scheme of positions fills what is its own.
struct SequenceContext {
  Index first_position = 0;                     // of query 0: the number of tokens in the cache, or in the mems
  const RotaryEmbedding* rotary = nullptr;      // rotary
  TensorView position_bias{};                   // t5_bias, alibi: [1, H, T, S], added to the scores
  ConstMatrixView distances{};                  // transformer_xl: R [distances, D]
  const std::uint8_t* global_tokens = nullptr;  // Longformer: [B, T], 1 = attends to all and is attended to by all

  /// q and k as they meet in a score, in place; and the same for their gradients, backward.
  void rotate(const Heads& heads) const {
    if (!rotary) return;
    rotary->rotate(heads.q, first_position);
    rotary->rotate(heads.k, first_position);
  }
  void rotate_back(const Heads& gradients) const {
    if (!rotary) return;
    rotary->rotate_back(gradients.q, first_position);
    rotary->rotate_back(gradients.k, first_position);
  }
};

/// Views and references: a call's inputs must outlive the call.
struct AttentionInputs {
  Index batch;
  ConstMatrixView query;       // [B·T, D]
  ConstMatrixView key, value;  // [B·S, D]; empty where all of S is in the cache
  const AttentionOverrides& overrides;
  const SequenceContext& sequence;
  LayerCache cache{};  // S is then the cached tokens and the new ones

  /// Queries, keys and values of the same rows: one projection makes all three.
  bool is_self_attention() const { return same(query, key) && same(key, value); }

 private:
  static bool same(const ConstMatrixView& a, const ConstMatrixView& b) {
    return a.data == b.data && a.rows == b.rows && a.stride == b.stride;
  }
};

/// Where the gradients of AttentionInputs go.
struct AttentionInputGradients {
  GradientSum query;           // takes those of key and value, too, where they are the query
  MatrixView key_value{};      // else these are added here: backward is for key = value
  TensorView position_bias{};  // [1, H, T, S], added to; empty: not needed
};

}  // namespace attention_lab::nn
