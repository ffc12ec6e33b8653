// Attention without learned weights, as JavaScript calls it.
#pragma once

#include <emscripten/val.h>

namespace attention_lab::bindings {

/// nn::attend over tensors { data, dims } q [..., T, K], k [..., S, Kk] and v [..., S, Kv] with any equal leading axes;
/// `options` as NativeAttentionOptions of js/core/native.ts. → { output, scores?, maskedScores?, pattern? } or { error }.
/// Heads pass one by one, so that linear memory holds one head at a time, however many there are.
emscripten::val attention(emscripten::val q, emscripten::val k, emscripten::val v, emscripten::val options);

}  // namespace attention_lab::bindings
