// The one place that knows which config asks for which variant of attention.
#include "nn/attention_variant.h"

#include "nn/longformer_attention.h"
#include "nn/transformer_xl_attention.h"

namespace attention_lab::nn {

std::unique_ptr<AttentionVariant> make_attention_variant(const MultiHeadAttentionConfig& config) {
  if (config.transformer_xl) return std::make_unique<TransformerXlAttention>(config);
  if (config.global_tokens) return std::make_unique<LongformerAttention>(config);
  return std::make_unique<PlainAttention>();
}

}  // namespace attention_lab::nn
