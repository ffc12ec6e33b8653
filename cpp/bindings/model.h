// A model's forward pass as JavaScript calls it.
#pragma once

#include "bindings/convert.h"

namespace attention_lab::bindings {

/// Requests what `trace` names; '*' is everything.
void request(Record& record, const std::vector<std::string>& trace);

/// What one stack reads, with the memory it points into.
struct StackInputs {
  std::vector<int> ids, types;
  std::vector<float> embeds, pixels, resid, mems;
  std::vector<std::uint8_t> mask, global_mask;
  models::ForwardInputs values;

  explicit StackInputs(const val& source);
  /// { length, hiddenStates } or null.
  void read_mems(const val& source);
  StackInputs(const StackInputs&) = delete;
};

/// The options that every attention of a layer or stack shares, with the memory they point into.
struct Overrides {
  nn::AttentionOverrides values;
  HostTensor<std::uint8_t> cells;

  Overrides() = default;
  Overrides(const val& options, const char* mask, Index batch, Index heads, Index T, Index S) {
    read(options, mask, batch, heads, T, S);
  }
  Overrides(const Overrides&) = delete;
  /// Reads `temperature`, and the option called `mask` over [B, H, T, S] where it is given.
  void read(const val& options, const char* mask, Index batch, Index heads, Index T, Index S);
};

/// { lastHiddenState, logits?, poolerOutput?, attentions?, trace }; of an encoder–decoder with encoderLastHiddenState,
/// encoderAttentions, decoderAttentions and crossAttentions. js/core/native.ts describes inputs and options.
val forward_model(models::Model& model, const val& inputs, const val& options);

}  // namespace attention_lab::bindings
