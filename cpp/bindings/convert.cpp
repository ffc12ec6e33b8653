// Reads configs and tensors out of JavaScript objects, checking sizes as it goes.
#include "bindings/convert.h"

#include <cmath>
#include <new>
#include <span>
#include <stdexcept>

#include "models/config_schema.h"

namespace attention_lab::bindings {

namespace {

template <class Scalar>
HostTensor<Scalar> copy_of(std::string_view name, const val& tensor) {
  HostTensor<Scalar> copy;
  copy.dims = shape_of(tensor["dims"]);
  copy.data = emscripten::convertJSArrayToNumberVector<Scalar>(tensor["data"]);
  if (static_cast<Index>(copy.data.size()) != element_count(copy.dims))
    fail("shape", {name, ": dims ", copy.dims, " need ", element_count(copy.dims), " values, data has ",
                   static_cast<Index>(copy.data.size())});
  return copy;
}

}  // namespace

Index to_index(std::string_view name, double value) {
  if (!(value >= -2147483648.0 && value <= 2147483647.0) || value != std::floor(value))
    fail("value", {name, ": expected an integer of at most 31 bits"});
  return static_cast<Index>(value);
}

std::string name_of(const val& name) {
  // Where memory has ended, embind’s script writes the string to address 0: nothing lies in the first 1024 bytes.
  constexpr double kLongest = 250;
  if (!(name["length"].as<double>() <= kLongest)) fail("name", {"expected a name of at most 250 characters"});
  return name.as<std::string>();
}

bool is_absent(const val& value) { return value.isNull() || value.isUndefined(); }

std::string string_of(const val& object, const char* field) { return name_of(object[field]); }
bool bool_of(const val& object, const char* field) { return object[field].as<bool>(); }
float float_of(const val& object, const char* field) {
  const double value = object[field].as<double>();
  const float rounded = static_cast<float>(value);
  // What is a number in double and none in float, or 0 only there, makes everything NaN that it reaches.
  if (std::isfinite(value) && (!std::isfinite(rounded) || (rounded == 0.0f && value != 0.0)))
    fail("value",
         {field, ": expected a number that float32 can hold, got ", object[field].call<std::string>("toString")});
  return rounded;
}
Index index_of(const val& object, const char* field) { return to_index(field, object[field].as<double>()); }

Shape shape_of(const val& dims) {
  const std::vector<double> values = emscripten::convertJSArrayToNumberVector<double>(dims);
  Shape shape;
  for (const double value : values) {
    shape.push_back(to_index("dims", value));
    if (value < 0) fail("shape", {"dims: expected sizes of at least 0, got ", shape});
  }
  return shape;
}

HostTensor<float> tensor_of(std::string_view name, const val& tensor) { return copy_of<float>(name, tensor); }
HostTensor<std::uint8_t> mask_of(std::string_view name, const val& tensor) {
  return copy_of<std::uint8_t>(name, tensor);
}

std::vector<std::string> strings_of(const val& array) {
  std::vector<std::string> strings;
  if (is_absent(array)) return strings;
  const int length = array["length"].as<int>();
  for (int i = 0; i < length; ++i) strings.push_back(name_of(array[i]));
  return strings;
}

nn::ScoreFunction::Kind score_kind_of(std::string_view name) {
  using Kind = nn::ScoreFunction::Kind;
  constexpr models::Choice kKinds[] = {{"scaled-dot", static_cast<int>(Kind::scaled_dot)},
                                       {"dot", static_cast<int>(Kind::dot)},
                                       {"general", static_cast<int>(Kind::general)},
                                       {"additive", static_cast<int>(Kind::additive)}};
  return static_cast<Kind>(models::value_of("score", name, kKinds));
}

nn::Normalisation normalisation_of(std::string_view name) {
  return static_cast<nn::Normalisation>(models::value_of("normalisation", name, models::choices<nn::Normalisation>));
}

namespace {

/// A JavaScript object as a source of models::ConfigReader. Infinity, a window's "no limit", is read as −1.
class ObjectSource {
 public:
  explicit ObjectSource(const val& object) : object_(object) {}

  bool has(const char* field) const { return !is_absent(object_[field]); }
  void read(const char* field, bool& into) const { into = bool_of(object_, field); }
  void read(const char* field, Index& into) const { into = index_of(object_, field); }
  void read(const char* field, float& into) const { into = float_of(object_, field); }
  void read(const char* field, double& into) const { into = object_[field].as<double>(); }
  void read(const char* field, std::string& into) const { into = string_of(object_, field); }
  ObjectSource child(const char* field) const { return ObjectSource(object_[field]); }
  std::vector<Index> indices(const char* field) const {
    const val value = object_[field];
    const std::vector<double> numbers = value.isArray() ? emscripten::convertJSArrayToNumberVector<double>(value)
                                                        : std::vector<double>{value.as<double>()};
    std::vector<Index> result;
    for (const double number : numbers) result.push_back(std::isinf(number) ? -1 : to_index(field, number));
    return result;
  }

 private:
  val object_;
};

using Reader = models::ConfigReader<ObjectSource>;

constexpr models::Choice kWeightTypes[] = {{"f32", static_cast<int>(kernels::WeightType::f32)},
                                           {"f16", static_cast<int>(kernels::WeightType::f16)},
                                           {"int8", static_cast<int>(kernels::WeightType::int8)}};

}  // namespace

nn::MultiHeadAttentionConfig attention_config_of(const val& config) { return Reader::attention(ObjectSource(config)); }
models::ModelConfig model_config_of(const val& config, const val& dtype) {
  models::ModelConfig model = Reader::model(ObjectSource(config));
  const auto type = static_cast<kernels::WeightType>(models::value_of("dtype", name_of(dtype), kWeightTypes));
  models::set_weights(model, type);
  return model;
}

Intervention intervention_of(const val& source, const ActivationNames& names) {
  using Op = Intervention::Op;
  Intervention intervention;
  intervention.at = names.find(string_of(source, "at"));
  intervention.batch = index_of(source, "batch");
  intervention.head = index_of(source, "head");
  intervention.query = index_of(source, "query");
  intervention.key = index_of(source, "key");
  intervention.index = index_of(source, "index");
  constexpr models::Choice kOps[] = {{"zero", static_cast<int>(Op::zero)},
                                     {"mean", static_cast<int>(Op::mean)},
                                     {"set", static_cast<int>(Op::set)},
                                     {"add", static_cast<int>(Op::add)},
                                     {"scale", static_cast<int>(Op::scale)}};
  intervention.op = static_cast<Op>(models::value_of("interventions: op", string_of(source, "op"), kOps));
  intervention.value = float_of(source, "value");
  if (!is_absent(source["values"])) {
    HostTensor<float> values = tensor_of("interventions: value", source["values"]);
    using Operand = Intervention::Operand;
    intervention.operand = bool_of(source, "otherRun") ? Operand::activation : Operand::selection;
    intervention.values = std::move(values.data);
    intervention.values_shape = std::move(values.dims);
  }
  return intervention;
}

val to_tensor(const float* data, const Shape& dims) {
  const std::span<const float> values(data, static_cast<std::size_t>(element_count(dims)));
  return to_tensor(val(emscripten::typed_memory_view(values.size(), values.data())).call<val>("slice"), dims);
}

val to_array(const Shape& dims) {
  val sizes = val::array();
  for (const Index d : dims) sizes.call<void>("push", static_cast<double>(d));
  return sizes;
}

val to_tensor(const val& data, const Shape& dims) {
  val tensor = val::object();
  tensor.set("data", data);
  tensor.set("dims", to_array(dims));
  return tensor;
}

val to_trace(const Record& record, const std::vector<std::string>& requested) {
  const ActivationNames& names = record.names();
  val trace = val::object();
  const auto add = [&](Site site) {
    if (record.has(site)) trace.set(names.name(site), to_tensor(record.values(site).data(), record.shape(site)));
  };
  for (const std::string& name : requested) {
    if (name == "*")
      for (Site site = 0; site < names.size(); ++site) add(site);
    else
      add(names.find(name));
  }
  return trace;
}

namespace {

extern "C" bool attention_lab_is_interrupted();  // glue.js

class HostInterrupt final : public kernels::Interrupt {
  bool is_requested() override { return attention_lab_is_interrupted(); }
};
constinit HostInterrupt the_host_interrupt;

/// Takes no memory of C++'s: there may be none.
val to_error(const char* code, const char* message) {
  val error = val::object();
  error.set("code", val::u8string(code));
  error.set("message", val::u8string(message));
  val result = val::object();
  result.set("error", error);
  return result;
}

}  // namespace

constexpr const char* kOutOfMemory = "out of memory: this needs more than WebAssembly's linear memory has left";

kernels::Interrupt& host_interrupt() { return the_host_interrupt; }

val guarded(val (*call)(const void* context), const void* context) {
  try {
    return call(context);
  } catch (const Error& error) {
    return to_error(error.code().c_str(), error.what());
  } catch (const kernels::Interrupted& error) {
    return to_error("interrupted", error.what());
  } catch (const std::bad_alloc&) {
    return to_error("memory", kOutOfMemory);
  } catch (const std::length_error&) {
    return to_error("memory", kOutOfMemory);
  } catch (const std::exception& error) {
    return to_error("internal", error.what());
  }
}

}  // namespace attention_lab::bindings
