// A trainer as JavaScript holds it.
#pragma once

#include <memory>

#include "bindings/convert.h"

namespace attention_lab::bindings {

/// A native trainer of the model, which it keeps alive. js/core/native.ts describes the options.
val create_trainer(const std::shared_ptr<models::Model>& model, const val& options);

}  // namespace attention_lab::bindings
