// A recurrent network as JavaScript calls it.
#pragma once

#include "bindings/convert.h"
#include "models/recurrent.h"

namespace attention_lab::bindings {

models::RecurrentConfig recurrent_config_of(const val& config);

/// { lastHiddenState, influence?, trace }; js/core/native.ts describes inputs and options.
val forward_recurrent(models::Recurrent& network, const val& inputs, const val& options);

}  // namespace attention_lab::bindings
