// Configs, inputs, edits and options that a fuzzer's bytes choose: many that fit together, some that do not.
#pragma once

#include <algorithm>
#include <vector>

#include "bytes.h"
#include "models/model.h"

namespace attention_lab::fuzz {

/// Lists are made for at most as many rows, so that no product of the fuzzer's own overflows.
constexpr Index kMostRows = 10000;
inline Index rows_of(Index length) { return std::clamp<Index>(length, 0, kMostRows); }

nn::MultiHeadAttentionConfig attention_config_of(Bytes& bytes);
models::ModelConfig model_config_of(Bytes& bytes);

/// What one stack reads, with the memory it points into: each array as long as it should be, but for a few.
struct Inputs {
  std::vector<int> ids, types;
  std::vector<float> embeds, pixels, resid, mems;
  std::vector<std::uint8_t> mask, global_mask;
  models::ForwardInputs values;

  Inputs(const models::StackConfig& config, Index batch, Bytes& bytes);
  Inputs(const Inputs&) = delete;
};

/// As the bindings make them: masks of the right size or none.
struct Overrides {
  std::vector<std::uint8_t> keys, cells;
  nn::AttentionOverrides values;

  Overrides(Index batch, Index heads, Index T, Index S, Bytes& bytes);
  Overrides(const Overrides&) = delete;
};

/// Requests some activations and edits some.
void ask(Record& record, Bytes& bytes);
std::vector<Intervention> interventions_of(const ActivationNames& names, Bytes& bytes);

}  // namespace attention_lab::fuzz
