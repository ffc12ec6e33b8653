// The checks of a model's config.
#include "models/config.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "models/config_schema.h"

namespace attention_lab::models {

namespace {

/// The last columns of the tables of fields; C++ needs of them whether a value may be outside of its range because it is the
/// default, which then stands for "not given".
constexpr bool required = true, optional = false;
constexpr bool derived(const char*) { return false; }
struct Range {
  enum class Kind { any, integer, size, positive, not_nan } kind;
  Index least = 0, most = std::numeric_limits<std::int32_t>::max();
};
constexpr Range any{Range::Kind::any}, positive{Range::Kind::positive}, not_nan{Range::Kind::not_nan};
constexpr Range at_least(Index least) { return {Range::Kind::integer, least}; }
constexpr Range size(Index least) { return {Range::Kind::size, least}; }
constexpr Range between(Index least, Index most) { return {Range::Kind::integer, least, most}; }

void check_field(const char* name, Index value, Index initial, bool is_required, const Range& range) {
  if (!is_required && value == initial) return;
  if (range.kind == Range::Kind::size) return require_size(range.least, value, name);
  require_at_least(range.least, value, name);
  if (value > range.most) fail("config", {name, ": expected at most ", range.most, ", got ", value});
}
void check_field(const char* name, double value, double, bool, const Range& range) {
  if (range.kind == Range::Kind::positive && !(value > 0.0)) fail("config", {name, ": expected a number above 0"});
  if (range.kind == Range::Kind::not_nan && std::isnan(value)) fail("config", {name, ": expected a number"});
}
/// Of bool and enumerations every value will do.
template <class Any>
void check_field(const char*, Any, Any, bool, const Range&) {}
void check_field(const char* name, float value, float initial, bool is_required, const Range& range) {
  check_field(name, static_cast<double>(value), static_cast<double>(initial), is_required, range);
}

#define CHECK(values, defaults, name, presence, range) \
  check_field(camel_case<#name>, values.name, defaults.name, presence, range);

void check_fields(const StackConfig& config) {
  const StackConfig initial;
  const nn::MultiHeadAttentionConfig &attention = config.block.attention, &initial_attention = initial.block.attention;
#define STACK_FIELD(type, name, default_, presence, range, ...) CHECK(config, initial, name, presence, range)
#include "models/config_fields.def"
#define BLOCK_FIELD(type, name, default_, presence, range, ...) \
  CHECK(config.block, initial.block, name, presence, range)
#define FEED_FORWARD_FIELD(type, name, default_, presence, range, ...) \
  CHECK(config.block.mlp, initial.block.mlp, name, presence, range)
#define WIDTH_FIELD(type, name, default_, presence, range, ...) \
  CHECK(attention, initial_attention, name, presence, range)
#define ATTENTION_FIELD(type, name, default_, presence, range, ...) \
  CHECK(attention, initial_attention, name, presence, range)
#define ROTARY_FIELD(type, name, default_, presence, range, ...) \
  CHECK(config.rotary, initial.rotary, name, presence, range)
#define T5_BIAS_FIELD(type, name, default_, presence, range, ...) \
  CHECK(config.t5_bias, initial.t5_bias, name, presence, range)
#include "nn/config_fields.def"
}
void check_fields(const ModelConfig& config) {
  check_fields(static_cast<const StackConfig&>(config));
  const ModelConfig initial;
#define MODEL_FIELD(type, name, default_, presence, range, ...) CHECK(config, initial, name, presence, range)
#include "models/config_fields.def"
}
#undef CHECK

void check_stack(const StackConfig& config) {
  require_at_least(0, config.image.channels, "image.channels");
  if (config.image) {
    nn::check(config.image);
    if (config.vocab_size > 0) fail("config", {"image: expected no vocabSize beside it, got ", config.vocab_size});
    if (config.max_len != config.image.length())
      fail("config",
           {"maxLen: expected ", config.image.length(), ", the class token and the patches, got ", config.max_len});
  }
  if (config.has_longest()) require_at_least(1, config.max_len, "maxLen");
  if (config.has_position_table() && config.pad_token_id >= config.max_len + config.position_offset)
    fail("config",
         {"padTokenId: expected below ", config.max_len + config.position_offset,
          ", the rows of the positions' table, where padding has the row of its id; got ", config.pad_token_id});
  const bool has_mlp = config.block.feed_forward == nn::BlockConfig::FeedForwardKind::mlp;
  require_at_least(has_mlp ? 1 : 0, config.block.mlp.d_ff, "dFf");
  const bool transformer_xl = config.positions == StackConfig::Positions::transformer_xl;
  if (config.mem_length > 0 && !transformer_xl)
    fail("config", {"memLength: expected positions transformer_xl, which alone have mems"});
  if (transformer_xl && !has_mlp) fail("config", {"positions transformer_xl: expected feedForward mlp"});
  if (!config.windows.empty()) require_count("attention.window", config.num_layers, config.windows.size());
  const nn::MultiHeadAttentionConfig& attention = config.block.attention;
  if (config.rotary.d_rotary % 2 != 0 || config.rotary.d_rotary > attention.d_head)
    fail("config", {"rotary.dRotary: expected an even number of at most dHead ", attention.d_head, ", got ",
                    config.rotary.d_rotary});
  if (attention.qk_norm && (attention.global_tokens || attention.shared_heads || transformer_xl))
    fail("config", {"qkNorm: expected neither globalTokens, sharedHeads nor positions transformer_xl"});
  if (config.block.norm == nn::BlockConfig::NormPlacement::parallel && (config.block.cross_attention || !has_mlp))
    fail("config", {"norm parallel: expected feedForward mlp and no encoder"});
  if (config.d_embed > 0 && config.image) fail("config", {"dEmbed: expected 0 in a model that reads pictures"});
  if (config.block.attention.global_tokens && nn::kind_of(config.positions) == nn::PositionKind::bias)
    fail("config", {"globalTokens: expected positions that are no bias on the scores"});
}

/// In double, where no config's sizes overflow.
double weights_of(const StackConfig& config) {
  const auto number = [](Index size) { return static_cast<double>(size); };
  const double width = number(config.block.attention.num_heads) * number(config.block.attention.d_head);
  double rows = number(config.vocab_size) + number(config.type_vocab_size) + number(config.image.patch_size());
  if (config.positions == StackConfig::Positions::learned)
    rows += number(config.max_len) + number(config.position_offset);
  const double each = (config.block.cross_attention ? 8 : 4) * width +
                      (config.block.attention.global_tokens ? 3 : 0) * width +
                      (config.positions == StackConfig::Positions::transformer_xl ? width : 0) +
                      (config.block.mlp.gated ? 3 : 2) * number(config.block.mlp.d_ff);
  return number(config.d_model()) * (rows + number(config.num_layers) * each);
}

}  // namespace

int value_of(const char* field, std::string_view name, std::span<const Choice> choices) {
  std::string known;
  for (const Choice& choice : choices) {
    if (name == choice.name) return choice.value;
    if (!known.empty()) known += ", ";
    known += choice.name;
  }
  fail("config", {field, ": expected one of ", known, ", got '", name, "'"});
}

void set_weights(ModelConfig& config, kernels::WeightType type) {
  const auto set = [&](nn::MultiHeadAttentionConfig& attention) { attention.weights = {type, attention.causal}; };
  set(config.block.attention);
  if (config.encoder) set(config.encoder->block.attention);
}

void check(const ModelConfig& config) {
  check_fields(config);
  check_stack(config);
  double weights = weights_of(config) + static_cast<double>(config.num_labels) * static_cast<double>(config.d_model());
  if (config.encoder) {
    check_fields(*config.encoder);
    check_stack(*config.encoder);
    weights += weights_of(*config.encoder);
    if (config.encoder->d_model() != config.d_model())
      fail("config",
           {"encoder.dModel: expected the decoder's ", config.d_model(), ", got ", config.encoder->d_model()});
  }
  if (config.block.cross_attention != config.encoder.has_value())
    fail("config", {"crossAttention: expected with an encoder, and only there"});
  if (config.d_embed > 0 && (config.encoder || (config.lm_head && config.tie_embeddings)))
    fail("config", {"dEmbed: expected 0 with an encoder, and with an lmHead that is tied to the embeddings"});
  if (config.share_embeddings && (!config.encoder || config.encoder->vocab_size != config.vocab_size))
    fail("config", {"shareEmbeddings: expected an encoder of the same vocabSize ", config.vocab_size});
  // Refused before anything is allocated: linear memory that has grown never shrinks.
  constexpr double kMost = 512.0 * 1024.0 * 1024.0;  // floats: 2 GiB
  if (weights > kMost)
    fail("memory", {"this config has ", static_cast<Index>(std::min(weights / 1e6, 1e9)),
                    " million weights; WebAssembly's linear memory holds at most 536 million"});
  if (config.masked_lm_head + config.lm_head + (config.num_labels > 0) > 1)
    fail("config", {"maskedLmHead, lmHead and numLabels: expected at most one head that makes logits, got more"});
  if (config.num_labels > 0 && config.labels_for == ModelConfig::LabelsFor::span && config.num_labels != 2)
    fail("config", {"numLabels: expected 2 for spans, which have a first and a last token, got ", config.num_labels});
  if (config.problem_type != ModelConfig::ProblemType::single_label_classification &&
      config.labels_for != ModelConfig::LabelsFor::sequence)
    fail("config", {"problemType: expected single_label_classification unless labelsFor is sequence"});
  if (config.lm_head && config.vocab_size == 0) fail("config", {"lmHead: expected vocabSize of at least 1, got 0"});
  if (config.masked_lm_head && config.vocab_size == 0)
    fail("config", {"maskedLmHead: expected vocabSize of at least 1, since the head shares the embedding, got 0"});
}

}  // namespace attention_lab::models
