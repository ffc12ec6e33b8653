// What a model is made of: plain structs, built by name and checked once.
#pragma once

#include <optional>
#include <vector>

#include "nn/block.h"
#include "nn/patch_embedding.h"
#include "nn/position.h"
#include "nn/position_bias.h"
#include "nn/rotary.h"

namespace attention_lab::models {

/// One stack: embeddings → positions → blocks → final norm. config_fields.def says what each field is.
struct StackConfig {
  using Positions = nn::Positions;
#define STACK_FIELD(type, name, initial, ...) type name = initial;
#include "models/config_fields.def"

  nn::ImageConfig image;       // in place of a vocabulary: pictures, whose patches are the tokens
  nn::RotaryConfig rotary;     // of rotary positions; sizes are filled in from here
  nn::T5BiasConfig t5_bias;    // of t5_bias positions
  nn::BlockConfig block;       // the same for every layer
  std::vector<Index> windows;  // each layer's attention window instead of the block's; empty: the block's

  Index d_model() const { return block.attention.d_model; }
  /// How matrices are kept: those of layers, patches and heads, and the table of tokens.
  kernels::WeightFormat weights() const { return block.attention.weights; }
  /// The width of the embeddings' sum.
  Index embedding_width() const { return d_embed > 0 ? d_embed : d_model(); }
  /// Positions whose vectors are added to the embeddings.
  bool has_position_table() const { return nn::kind_of(positions) == nn::PositionKind::added; }
  /// Positions that are known up to max_len; the others serve any length.
  bool has_longest() const { return has_position_table() || nn::kind_of(positions) == nn::PositionKind::rotated; }
};

/// The fields of the model's one stack, or of its decoder; an encoder where it has one; and its heads.
struct ModelConfig : StackConfig {
  enum class LabelsFor {
#define LABELS_FOR(value, ...) value,
#include "models/config_fields.def"
  };
  enum class ProblemType {
#define PROBLEM_TYPE(value, ...) value,
#include "models/config_fields.def"
  };
  std::optional<StackConfig> encoder;  // the blocks of the other stack then attend to its output, too
#define MODEL_FIELD(type, name, initial, ...) type name = initial;
#include "models/config_fields.def"

  /// Whether a classifier gives each sequence one answer, made of the pooler's output where there is a pooler.
  bool labels_sequences() const { return num_labels > 0 && labels_for == LabelsFor::sequence; }
};

/// How both stacks keep their matrices. Of int8, causal stacks have fine inputs: their residual streams have channels hundreds of
/// times the others, and what they write is read for one next token (docs/kernels.md, int8, has the figures).
void set_weights(ModelConfig& config, kernels::WeightType type);

/// Throws an Error of code `config` that names the first field that does not fit.
void check(const ModelConfig& config);

}  // namespace attention_lab::models
