// The sizes and published variants of multi-head attention: a plain struct, checked where the layer is made.
#pragma once

#include "nn/attention.h"

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
  Index window = -1;  // |t − s| ≤ window; negative: no limit
  bool global_tokens =
      false;  // Longformer's: projections of their own for tokens that attend to all and are attended to
  bool transformer_xl = false;  // Transformer-XL's relative positions in the scores

  Index kv_heads() const { return num_kv_heads > 0 ? num_kv_heads : num_heads; }
  Index d_out() const { return out_projection ? d_model : num_heads * d_head; }
};

}  // namespace attention_lab::nn
