// The one reader and the one check of configs, made from the tables of fields (nn/config_fields.def, models/config_fields.def).
// Knows no format: a Source gives values by name.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>

#include "models/config.h"

namespace attention_lab::models {

/// A field's name as JavaScript has it: num_heads is numHeads.
template <std::size_t Size>
struct CamelCase {
  char text[Size] = {};
  consteval CamelCase(const char (&snake_case)[Size]) {
    std::size_t to = 0;
    for (std::size_t from = 0; from < Size; ++from) {
      const bool starts_word = from > 0 && snake_case[from - 1] == '_';
      if (snake_case[from] == '_') continue;
      text[to++] = starts_word && snake_case[from] >= 'a' && snake_case[from] <= 'z'
                       ? static_cast<char>(snake_case[from] - 'a' + 'A')
                       : snake_case[from];
    }
  }
};
template <CamelCase name>
inline constexpr const char* camel_case = name.text;

/// A value of an enumeration, by its name.
struct Choice {
  const char* name;
  int value;
};
template <class Enum>
inline constexpr std::span<const Choice> choices = {};

#define CHOICE(Enum, value) {#value, static_cast<int>(Enum::value)},
inline constexpr Choice kScaleBy[] = {
#define SCALE_BY(value, ...) CHOICE(nn::MultiHeadAttentionConfig::ScaleBy, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kNormalisation[] = {
#define NORMALISATION(value, ...) CHOICE(nn::Normalisation, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kActivation[] = {
#define ACTIVATION(value, ...) CHOICE(kernels::Activation, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kNormKind[] = {
#define NORM_KIND(value, ...) CHOICE(nn::Norm::Kind, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kNormPlacement[] = {
#define NORM_PLACEMENT(value, ...) CHOICE(nn::BlockConfig::NormPlacement, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kFeedForwardKind[] = {
#define FEED_FORWARD_KIND(value, ...) CHOICE(nn::BlockConfig::FeedForwardKind, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kPositions[] = {
#define POSITIONS(value, ...) CHOICE(nn::Positions, value)
#include "nn/config_fields.def"
};
inline constexpr Choice kLabelsFor[] = {
#define LABELS_FOR(value, ...) CHOICE(ModelConfig::LabelsFor, value)
#include "models/config_fields.def"
};
inline constexpr Choice kProblemType[] = {
#define PROBLEM_TYPE(value, ...) CHOICE(ModelConfig::ProblemType, value)
#include "models/config_fields.def"
};
#undef CHOICE
template <>
inline constexpr std::span<const Choice> choices<nn::MultiHeadAttentionConfig::ScaleBy> = kScaleBy;
template <>
inline constexpr std::span<const Choice> choices<nn::Normalisation> = kNormalisation;
template <>
inline constexpr std::span<const Choice> choices<kernels::Activation> = kActivation;
template <>
inline constexpr std::span<const Choice> choices<nn::Norm::Kind> = kNormKind;
template <>
inline constexpr std::span<const Choice> choices<nn::BlockConfig::NormPlacement> = kNormPlacement;
template <>
inline constexpr std::span<const Choice> choices<nn::BlockConfig::FeedForwardKind> = kFeedForwardKind;
template <>
inline constexpr std::span<const Choice> choices<nn::Positions> = kPositions;
template <>
inline constexpr std::span<const Choice> choices<ModelConfig::LabelsFor> = kLabelsFor;
template <>
inline constexpr std::span<const Choice> choices<ModelConfig::ProblemType> = kProblemType;

/// The value of a choice called `name`; throws, naming the field and all choices, where there is none.
int value_of(const char* field, std::string_view name, std::span<const Choice> choices);

/// A Source is one object of a config:
///   bool has(const char* field) const               whether the field is given
///   void read(const char* field, T& into) const     for bool, Index, float, double and std::string
///   Source child(const char* field) const           the object in it
///   std::vector<Index> indices(const char* field) const   a list, or a single value as a list of one
/// Fields that are not given keep their defaults.
template <class Source>
class ConfigReader {
 public:
  static nn::MultiHeadAttentionConfig attention(const Source& from) {
    nn::MultiHeadAttentionConfig config;
    width(from, config);
    heads(from, config);
    if (from.has("window")) config.window = from.indices("window").at(0);
    return config;
  }
  static nn::RotaryConfig rotary(const Source& from) {
    nn::RotaryConfig config;
#define ROTARY_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "nn/config_fields.def"
    return config;
  }
  static nn::T5BiasConfig t5_bias(const Source& from) {
    nn::T5BiasConfig config;
#define T5_BIAS_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "nn/config_fields.def"
    return config;
  }
  static ModelConfig model(const Source& from) {
    ModelConfig config;
    stack(from, from, config);
    if (from.has("encoder")) {
      stack(from.child("encoder"), from, config.encoder.emplace());
      config.block.cross_attention = true;
    }
#define MODEL_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "models/config_fields.def"
    return config;
  }

 private:
  template <class T>
  static void field(const Source& from, const char* name, T& into) {
    if (!from.has(name)) return;
    if constexpr (std::is_enum_v<T>) {
      std::string text;
      from.read(name, text);
      into = static_cast<T>(value_of(name, text, choices<T>));
    } else {
      from.read(name, into);
    }
  }
  static void width(const Source& from, nn::MultiHeadAttentionConfig& config) {
#define WIDTH_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "nn/config_fields.def"
  }
  static void heads(const Source& from, nn::MultiHeadAttentionConfig& config) {
#define ATTENTION_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "nn/config_fields.def"
  }
  /// `model` has the width, which both stacks share.
  static void stack(const Source& from, const Source& model, StackConfig& config) {
#define STACK_FIELD(type, name, ...) field(from, camel_case<#name>, config.name);
#include "models/config_fields.def"
#define BLOCK_FIELD(type, name, ...) field(from, camel_case<#name>, config.block.name);
#define FEED_FORWARD_FIELD(type, name, ...) field(from, camel_case<#name>, config.block.mlp.name);
#include "nn/config_fields.def"
    width(model, config.block.attention);
    const Source attention = from.child("attention");
    heads(attention, config.block.attention);
#define MODEL_ATTENTION_FIELD(type, name, ...) field(attention, camel_case<#name>, config.block.attention.name);
#include "nn/config_fields.def"
    if (attention.has("window")) {
      config.windows = attention.indices("window");
      if (config.windows.size() == 1 && config.num_layers != 1) {
        config.block.attention.window = config.windows[0];
        config.windows.clear();
      }
    }
    if (from.has("rotary")) config.rotary = rotary(from.child("rotary"));
    if (from.has("t5Bias")) config.t5_bias = t5_bias(from.child("t5Bias"));
    if (from.has("image")) {
      const Source image = from.child("image");
      const std::vector<Index> size = image.indices("size"), patch = image.indices("patchSize");
      config.image = {size.at(0), size.at(1), image.indices("channels").at(0), patch.at(0), patch.at(1)};
    }
  }
};

}  // namespace attention_lab::models
