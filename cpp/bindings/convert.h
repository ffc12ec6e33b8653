// Conversions between JavaScript objects and C++ structs, and errors as values.
#pragma once

#include <emscripten/val.h>

#include <string>
#include <string_view>
#include <vector>

#include "models/attention_layer.h"
#include "models/model.h"

namespace attention_lab::bindings {

using emscripten::val;

/// A copy of a JavaScript tensor { data, dims }; `data` has as many values as `dims` say.
template <class Scalar>
struct HostTensor {
  std::vector<Scalar> data;
  Shape dims;
};

std::string string_of(const val& object, const char* field);
bool bool_of(const val& object, const char* field);
float float_of(const val& object, const char* field);
/// The name of a parameter or an activation; throws where it is longer than any of them.
std::string name_of(const val& name);
/// Throws unless the value is an integer that fits 31 bits.
Index to_index(std::string_view name, double value);
/// The same of a field.
Index index_of(const val& object, const char* field);
/// null and undefined are absent.
bool is_absent(const val& value);

Shape shape_of(const val& dims);
HostTensor<float> tensor_of(std::string_view name, const val& tensor);
HostTensor<std::uint8_t> mask_of(std::string_view name, const val& tensor);
std::vector<std::string> strings_of(const val& array);

nn::MultiHeadAttentionConfig attention_config_of(const val& config);
/// Of a model whose matrices are kept as `dtype`: 'f32', 'f16' or 'int8'.
models::ModelConfig model_config_of(const val& config, const val& dtype);
nn::ScoreFunction::Kind score_kind_of(std::string_view name);
nn::Normalisation normalisation_of(std::string_view name);
Intervention intervention_of(const val& intervention, const ActivationNames& names);

/// The sizes as a JavaScript array.
val to_array(const Shape& dims);
/// A JavaScript copy { data: Float32Array, dims }.
val to_tensor(const float* data, const Shape& dims);
/// The same of a Float32Array that is JavaScript's already.
val to_tensor(const val& data, const Shape& dims);
/// The activations called `requested` ('*': all that were recorded), by name.
val to_trace(const Record& record, const std::vector<std::string>& requested);

/// Asks the page's side of the module, module.isInterrupted.
kernels::Interrupt& host_interrupt();

/// What `call` returns, or { error: { code, message } }. The one place where C++ exceptions become values: none reaches
/// JavaScript, not even where no memory is left for a message. Converting arguments may throw, too, so a function of the module
/// takes only `val` and numbers and converts them in here.
val guarded(val (*call)(const void* context), const void* context);

/// The same for a lambda; out of line, so that the handlers exist once.
template <class Call>
val guarded(const Call& call) {
  return guarded([](const void* context) { return (*static_cast<const Call*>(context))(); }, &call);
}

}  // namespace attention_lab::bindings
