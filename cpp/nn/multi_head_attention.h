// Multi-head attention: learned projections around nn/attention.h.
#pragma once

#include <optional>
#include <string>

#include "nn/global_attention.h"
#include "nn/key_value_cache.h"
#include "nn/linear.h"
#include "nn/relative_attention.h"
#include "nn/rotary.h"

namespace attention_lab::nn {

/// MultiHead(Q, K, V) = Concat(z_1 … z_H) W_O, z_h = Attention(Q W_Q,h, K W_K,h, V W_V,h).
/// Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2. The other fields give its published variants.
struct MultiHeadAttentionConfig {
  Index d_model = 0;
  Index num_heads = 1;
  Index num_kv_heads = 0;  // G ≤ H, a divisor of H: heads that share keys and values; 0: as num_heads
  Index d_head = 0;
  bool bias = true;  // of q, k and v
  bool out_bias = true;
  bool out_projection = true;  // false: the heads' z side by side are the output
  bool fused = false;          // one parameter qkv_proj [(H + 2·G)·K, D] for q, k and v
  bool shared_heads = false;   // q, k, v projections [K, K], the same for every head's slice of the input
  enum class ScaleBy { d_head, d_model, none } scale_by = ScaleBy::d_head;  // scores are divided by its root
  Normalisation normalisation = Normalisation::softmax;
  float masked_value = -std::numeric_limits<float>::infinity();
  bool causal = false;
  Index window = -1;           // |t − s| ≤ window; negative: no limit
  bool global_tokens = false;  // projections q_global_proj … of tokens that see all and are seen by all
  bool relative = false;       // scores by content and by distance: Transformer-XL's

  Index kv_heads() const { return num_kv_heads > 0 ? num_kv_heads : num_heads; }
  Index d_out() const { return out_projection ? d_model : num_heads * d_head; }
};

/// What a caller may say about attention at each forward pass.
struct AttentionOverrides {
  std::optional<bool> causal;  // instead of the config's
  float temperature = 1.0f;
  const std::uint8_t* key_mask = nullptr;  // [B, S], 1 = a token, 0 = padding
  const std::uint8_t* cells = nullptr;     // [.., .., T, S], 1 = may attend
  Index cells_batch_stride = 0, cells_head_stride = 0;
};

/// Where the tokens of a pass stand: how positions turn queries and keys, and what was seen before.
struct SequenceState {
  const RotaryEmbedding* rotary = nullptr;
  KeyValueCache* cache = nullptr;  // S is then the cached tokens and the new ones
  Index layer = 0;                 // whose rows of the cache
  TensorView bias{};               // [1, H, T, S], added to the scores; empty: none
  TensorView d_bias{};             // backward: takes the bias's gradient in addition; empty: nobody asks for it
  const std::uint8_t* global =
      nullptr;                  // [B, T], 1 = a token that sees all and is seen by all; nullptr: there are none
  ConstMatrixView past{};       // [B·M, D], what entered this layer for the M tokens before: keys without queries
  Index past_length = 0;        // M
  ConstMatrixView distances{};  // R [distances, D], for relative scores

  Index cached() const { return cache ? cache->length() : 0; }
  /// Where the first query stands.
  Index first_position() const { return cached() + past_length; }
};

/// What cross-attention reads: an encoder's output, and who may attend to what of it.
struct Memory {
  ConstMatrixView hidden;        // [B·S, D]; empty where the cache already has its keys and values
  AttentionOverrides overrides;  // over [B, H, T, S]
  KeyValueCache* cache = nullptr;

  Index cached() const { return cache ? cache->length() : 0; }
};

class MultiHeadAttention {
 public:
  MultiHeadAttention() = default;
  /// Throws on a config whose sizes do not fit together.
  explicit MultiHeadAttention(const MultiHeadAttentionConfig& config);

  const MultiHeadAttentionConfig& config() const { return config_; }
  Site pattern() const { return attention_sites_.pattern; }
  Site out() const { return sites_.out; }
  /// Names parameters `prefix`q_proj.weight … and activations `prefix`q ….
  void name_all(Parameters& parameters, const std::string& prefix);
  void name_activations(ActivationNames& names, const std::string& prefix);

  /// y = MultiHead(query, key, value) + residual.
  /// query, y, residual: [B·T, D]; key, value: [B·S, D], empty where all of S is in the cache. y may be the residual's
  /// memory; the residual may be empty.
  /// q and k are recorded as they meet: after the rotation.
  void forward(const ConstMatrixView& query, const ConstMatrixView& key, const ConstMatrixView& value, Index batch,
               const AttentionOverrides& overrides, const SequenceState& state, const ConstMatrixView& residual,
               const MatrixView& y, Record& record, kernels::Workspace& workspace) const;

  void request_for_backward(Record& record) const;
  /// d_query = residual + the gradient with respect to query; that with respect to memory, which was forward's key and
  /// value, is added to d_memory. Where those were the query (memory: empty) d_query takes all three. dy: with respect to
  /// y. The residual may be empty; d_query may be the memory of dy or the residual.
  void backward(const ConstMatrixView& query, const ConstMatrixView& memory, Index batch,
                const AttentionOverrides& overrides, const SequenceState& state, const ConstMatrixView& dy,
                const ConstMatrixView& residual, const MatrixView& d_query, const MatrixView& d_memory,
                const Backward& backward) const;

 private:
  /// Columns [first, first + count) of the stacked projections q, k, v.
  struct Part {
    Index first, count;
  };
  Index q_width() const { return config_.shared_heads ? config_.d_head : config_.num_heads * config_.d_head; }
  Index kv_width() const { return config_.shared_heads ? config_.d_head : config_.kv_heads() * config_.d_head; }
  AttentionOptions options_of(const AttentionOverrides& overrides, const SequenceState& state, Index keys) const;
  MatrixView project(const Linear& qkv, ConstMatrixView x, Part part, kernels::Workspace& workspace) const;
  void name_projections(Linear& qkv, const char* suffix, Parameters& parameters, const std::string& prefix) const;
  void project_backward(const Linear& qkv, ConstMatrixView x, Part part, const MatrixView& gradients,
                        ConstMatrixView residual, MatrixView dx, const Backward& backward) const;
  TensorView by_head(const MatrixView& projected, Index batch, Index tokens, Index heads) const;

  MultiHeadAttentionConfig config_;
  Linear qkv_;                           // D → (H + 2·G)·K, stacked [q; k; v]; with shared heads K → 3·K
  Linear out_;                           // H·K → D
  Linear global_qkv_;                    // as qkv_, only with global tokens
  Linear r_proj_;                        // D → H·K, W_R, only with relative scores; likewise u and v:
  Matrix content_bias_, position_bias_;  // [H, K]
  AttentionSites attention_sites_{};
  struct {
    Site q, k, v, q_global, k_global, v_global, out;
  } sites_{};
};

}  // namespace attention_lab::nn
