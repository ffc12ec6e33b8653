// The sizes and published variants of multi-head attention: a plain struct, checked where the layer is made.
#pragma once

#include "kernels/packed.h"
#include "nn/attention.h"

namespace attention_lab::nn {

/// MultiHead(Q, K, V) = Concat(z_1 … z_H) W_O, z_h = Attention(Q W_Q,h, K W_K,h, V W_V,h).
/// Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2. config_fields.def says what each field is.
struct MultiHeadAttentionConfig {
  /// The scores are divided by the root of it.
  enum class ScaleBy {
#define SCALE_BY(value, ...) value,
#include "nn/config_fields.def"
  };
#define WIDTH_FIELD(type, name, initial, ...) type name = initial;
#define ATTENTION_FIELD(type, name, initial, ...) type name = initial;
#define MODEL_ATTENTION_FIELD(type, name, initial, ...) type name = initial;
#include "nn/config_fields.def"

  Index window = -1;              // |t − s| ≤ window; negative: no limit
  bool transformer_xl = false;    // the positions of the model: Transformer-XL's
  float qk_norm_eps = 1e-6f;      // the model's norm_eps
  kernels::WeightFormat weights;  // how the model keeps its matrices

  Index kv_heads() const { return num_kv_heads > 0 ? num_kv_heads : num_heads; }
  Index d_out() const { return out_projection ? d_model : num_heads * d_head; }
};

}  // namespace attention_lab::nn
