// One layer of a stack, and the transformer's block: attention, cross-attention in a decoder with an encoder, and
// feed-forward, each with its residual and norm.
#pragma once

#include <memory>
#include <string>

#include "nn/feed_forward.h"
#include "nn/multi_head_attention.h"
#include "nn/norm.h"

namespace attention_lab::nn {

struct BlockConfig {
  enum class NormPlacement {
#define NORM_PLACEMENT(value, ...) value,
#include "nn/config_fields.def"
  };
  /// mlp: TransformerBlock. linear_of_sum: LinearOfSumBlock.
  enum class FeedForwardKind {
#define FEED_FORWARD_KIND(value, ...) value,
#include "nn/config_fields.def"
  };
#define BLOCK_FIELD(type, name, initial, ...) type name = initial;
#include "nn/config_fields.def"

  MultiHeadAttentionConfig attention;
  bool cross_attention = false;  // a second attention, of `attention`'s sizes, over an encoder's output; never causal
  FeedForwardConfig mlp;
};

/// What cross-attention attends to, the same for all layers of a decoder.
struct CrossAttentionInputs {
  ConstMatrixView encoder_hidden_states;  // [B·S, D]; empty where the cache already has their keys and values
  AttentionOverrides overrides;           // over [B, H, T, S]
  KeyValueCache* cache = nullptr;

  Index cached() const { return cache ? cache->length() : 0; }
};

/// What a block reads besides the residual stream. Views and references: they must outlive the call.
struct BlockInputs {
  Index batch;
  const AttentionOverrides& overrides;  // of the attention of the stream to itself; likewise sequence and cache
  const SequenceContext& sequence;
  LayerCache cache;
  ConstMatrixView mems;               // [B·M, D]: Transformer-XL's hidden states of the M tokens before, or empty
  const CrossAttentionInputs& cross;  // of a block with cross-attention
  LayerCache cross_cache;
};

/// Where the gradients of BlockInputs go. They are added; mems have none.
struct BlockInputGradients {
  MatrixView encoder_hidden_states;
  TensorView position_bias{};  // [1, H, T, S]; empty: not needed
};

/// A layer of a stack, which maps the residual stream [B·T, D] to itself.
class Block {
 public:
  virtual ~Block() = default;

  virtual void name_all(Parameters& parameters, const std::string& prefix) = 0;
  virtual void name_activations(ActivationNames& names, const std::string& prefix) = 0;
  /// The sites of the block's input and output, and of its attentions' patterns.
  virtual Site input() const = 0;
  virtual Site output() const = 0;
  virtual Site pattern() const = 0;
  virtual Site cross_pattern() const = 0;

  /// Replaces x [B·T, D] by the block's output.
  virtual void forward(const MatrixView& x, const BlockInputs& inputs, const Forward& forward) const = 0;

  virtual void request_for_backward(Record& record) const = 0;
  /// Replaces the gradient with respect to the block's output by that with respect to its input. `inputs` are forward's.
  virtual void backward(const MatrixView& gradient, const BlockInputs& inputs, const BlockInputGradients& d_inputs,
                        const Backward& backward) const = 0;
};

/// post:  x ← Norm₁(x + Attention(x));  x ← Norm₂(x + FFN(x))
/// pre:   x ← x + Attention(Norm₁(x));  x ← x + FFN(Norm₂(x))
/// parallel:  x ← x + Attention(Norm₁(x)) + FFN(Norm₂(x)); resid_mid is the sum without the last term.  Wang & Komatsuzaki 2021,
/// GPT-J; transformers GPTNeoXLayer.
/// With cross-attention (Vaswani et al. 2017, section 3.1, the decoder) it stands between, as x ← Norm₂(x + Attention(x, e))
/// or x ← x + Attention(Norm₂(x), e) over the encoder's hidden states e, and the feed-forward's norm is the third.
class TransformerBlock final : public Block {
 public:
  explicit TransformerBlock(const BlockConfig& config);

  void name_all(Parameters& parameters, const std::string& prefix) override;
  void name_activations(ActivationNames& names, const std::string& prefix) override;
  Site input() const override { return sites_.resid_pre; }
  Site output() const override { return sites_.resid_post; }
  Site pattern() const override { return attention_.pattern(); }
  Site cross_pattern() const override { return cross_attention_.pattern(); }

  void forward(const MatrixView& x, const BlockInputs& inputs, const Forward& forward) const override;
  void request_for_backward(Record& record) const override;
  void backward(const MatrixView& gradient, const BlockInputs& inputs, const BlockInputGradients& d_inputs,
                const Backward& backward) const override;

 private:
  /// The norm stands before the sublayer.
  bool is_pre() const { return config_.norm != BlockConfig::NormPlacement::post; }
  bool is_parallel() const { return config_.norm == BlockConfig::NormPlacement::parallel; }
  MatrixView keys_with_mems(const ConstMatrixView& x, const BlockInputs& inputs, kernels::Workspace& workspace) const;
  void attention_backward(const ConstMatrixView& x, const BlockInputs& inputs, const ConstMatrixView& dy,
                          const GradientSum& dx, const BlockInputGradients& d_inputs, const Backward& backward) const;

  BlockConfig config_;
  MultiHeadAttention attention_, cross_attention_;
  Norm attention_norm_, cross_norm_, mlp_norm_;
  FeedForward feed_forward_;
  struct {
    Site resid_pre, resid_mid, resid_cross, resid_post;
  } sites_{};
};

/// The block that a config asks for. Throws on fields that do not go together.
std::unique_ptr<Block> make_block(const BlockConfig& config);

}  // namespace attention_lab::nn
