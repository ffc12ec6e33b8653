// Reads configs and tensors out of JavaScript objects, checking sizes as it goes.
#include "bindings/convert.h"

#include <cmath>
#include <initializer_list>
#include <new>
#include <span>
#include <stdexcept>

namespace attention_lab::bindings {

namespace {

struct Choice {
  const char* name;
  int value;
  template <class Value>
  constexpr Choice(const char* its_name, Value its_value) : name(its_name), value(static_cast<int>(its_value)) {}
};

int value_of(const char* field, std::string_view name, std::initializer_list<Choice> choices) {
  std::string known;
  for (const Choice& choice : choices) {
    if (name == choice.name) return choice.value;
    if (!known.empty()) known += ", ";
    known += choice.name;
  }
  fail("config", {field, ": expected one of ", known, ", got '", name, "'"});
}

/// The value that goes with `name` in a table of names.
template <class Value>
Value choose(const char* field, std::string_view name, std::initializer_list<Choice> choices) {
  return static_cast<Value>(value_of(field, name, choices));
}

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
  return choose<Kind>(
      "score", name,
      {{"scaled-dot", Kind::scaled_dot}, {"dot", Kind::dot}, {"general", Kind::general}, {"additive", Kind::additive}});
}

nn::Normalisation normalisation_of(std::string_view name) {
  return choose<nn::Normalisation>("normalisation", name,
                                   {{"softmax", nn::Normalisation::softmax}, {"none", nn::Normalisation::none}});
}

namespace {

/// Keys either side of a query; Infinity: no limit, and so is an array, which has one for each layer.
Index window_of(const val& window) {
  if (window.isArray() || std::isinf(window.as<double>())) return -1;
  return to_index("window", window.as<double>());
}

}  // namespace

nn::MultiHeadAttentionConfig attention_config_of(const val& config) {
  using ScaleBy = nn::MultiHeadAttentionConfig::ScaleBy;
  nn::MultiHeadAttentionConfig attention;
  attention.d_model = index_of(config, "dModel");
  attention.num_heads = index_of(config, "numHeads");
  attention.num_kv_heads = index_of(config, "numKvHeads");
  attention.d_head = index_of(config, "dHead");
  attention.bias = bool_of(config, "bias");
  attention.out_bias = bool_of(config, "outBias");
  attention.out_projection = bool_of(config, "outProjection");
  attention.fused = bool_of(config, "fused");
  attention.shared_heads = bool_of(config, "sharedHeads");
  attention.scale_by =
      choose<ScaleBy>("scaleBy", string_of(config, "scaleBy"),
                      {{"d_head", ScaleBy::d_head}, {"d_model", ScaleBy::d_model}, {"none", ScaleBy::none}});
  attention.normalisation = normalisation_of(string_of(config, "normalisation"));
  attention.masked_value = float_of(config, "maskedValue");
  attention.causal = bool_of(config, "causal");
  attention.window = window_of(config["window"]);
  return attention;
}

nn::RotaryConfig rotary_config_of(const val& config) {
  nn::RotaryConfig rotary;  // sizes come from the model's config
  rotary.theta = config["theta"].as<double>();
  rotary.linear_factor = config["linearFactor"].as<double>();
  rotary.llama3_factor = config["llama3Factor"].as<double>();
  rotary.low_frequency = config["lowFrequency"].as<double>();
  rotary.high_frequency = config["highFrequency"].as<double>();
  rotary.original_max_len = config["originalMaxLen"].as<double>();
  return rotary;
}

nn::T5BiasConfig t5_bias_config_of(const val& config) {
  return {index_of(config, "numBuckets"), index_of(config, "maxDistance"), bool_of(config, "bidirectional")};
}

nn::ImageConfig image_config_of(const val& config) {
  const Shape size = shape_of(config["size"]), patch = shape_of(config["patchSize"]);
  return {size.at(0), size.at(1), index_of(config, "channels"), patch.at(0), patch.at(1)};
}

models::StackConfig stack_config_of(const val& config) {
  using Positions = models::StackConfig::Positions;
  using NormPlacement = nn::BlockConfig::NormPlacement;
  using FeedForwardKind = nn::BlockConfig::FeedForwardKind;
  using NormKind = nn::Norm::Kind;
  using kernels::Activation;
  models::StackConfig stack;
  stack.vocab_size = index_of(config, "vocabSize");
  if (!is_absent(config["image"])) stack.image = image_config_of(config["image"]);
  stack.max_len = index_of(config, "maxLen");
  stack.type_vocab_size = index_of(config, "typeVocabSize");
  stack.num_layers = index_of(config, "numLayers");
  stack.embed_scale = float_of(config, "embedScale");
  stack.positions = choose<Positions>("positions", string_of(config, "positions"),
                                      {{"none", Positions::none},
                                       {"learned", Positions::learned},
                                       {"sinusoidal", Positions::sinusoidal},
                                       {"sinusoidal_halves", Positions::sinusoidal_halves},
                                       {"rotary", Positions::rotary},
                                       {"t5_bias", Positions::t5_bias},
                                       {"alibi", Positions::alibi},
                                       {"transformer_xl", Positions::transformer_xl}});
  stack.position_offset = index_of(config, "positionOffset");
  stack.pad_token_id = static_cast<int>(index_of(config, "padTokenId"));
  stack.rotary = rotary_config_of(config["rotary"]);
  stack.t5_bias = t5_bias_config_of(config["t5Bias"]);
  stack.mem_length = index_of(config, "memLength");
  stack.embed_norm = bool_of(config, "embedNorm");
  const val attention = config["attention"];
  stack.block.attention = attention_config_of(attention);
  stack.block.attention.global_tokens = bool_of(attention, "globalTokens");
  if (const val windows = attention["window"]; windows.isArray())
    for (int l = 0; l < windows["length"].as<int>(); ++l) stack.windows.push_back(window_of(windows[l]));
  stack.block.mlp.d_ff = index_of(config, "dFf");
  stack.block.mlp.activation = choose<Activation>("activation", string_of(config, "activation"),
                                                  {{"relu", Activation::relu},
                                                   {"gelu", Activation::gelu},
                                                   {"gelu_tanh", Activation::gelu_tanh},
                                                   {"silu", Activation::silu}});
  stack.block.mlp.gated = bool_of(config, "gated");
  stack.block.mlp.bias = bool_of(config, "mlpBias");
  stack.block.norm_kind =
      choose<NormKind>("normKind", string_of(config, "normKind"), {{"layer", NormKind::layer}, {"rms", NormKind::rms}});
  stack.block.norm_eps = float_of(config, "normEps");
  stack.block.norm = choose<NormPlacement>("norm", string_of(config, "norm"),
                                           {{"post", NormPlacement::post}, {"pre", NormPlacement::pre}});
  stack.block.feed_forward =
      choose<FeedForwardKind>("feedForward", string_of(config, "feedForward"),
                              {{"mlp", FeedForwardKind::mlp}, {"linear_of_sum", FeedForwardKind::linear_of_sum}});
  stack.final_norm = bool_of(config, "finalNorm");
  return stack;
}

models::ModelConfig model_config_of(const val& config) {
  models::ModelConfig model;
  static_cast<models::StackConfig&>(model) = stack_config_of(config);
  if (!is_absent(config["encoder"])) {
    model.encoder = stack_config_of(config["encoder"]);
    model.block.cross_attention = true;
  }
  model.share_embeddings = bool_of(config, "shareEmbeddings");
  model.pooler = bool_of(config, "pooler");
  model.masked_lm_head = bool_of(config, "maskedLmHead");
  model.lm_head = bool_of(config, "lmHead");
  model.lm_head_bias = bool_of(config, "lmHeadBias");
  model.num_labels = index_of(config, "numLabels");
  model.tie_embeddings = bool_of(config, "tieEmbeddings");
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
  intervention.op =
      choose<Op>("interventions: op", string_of(source, "op"),
                 {{"zero", Op::zero}, {"mean", Op::mean}, {"set", Op::set}, {"add", Op::add}, {"scale", Op::scale}});
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

val to_trace(const Record& record, const std::vector<std::string>& wanted) {
  const ActivationNames& names = record.names();
  val trace = val::object();
  const auto add = [&](Site site) {
    if (record.has(site)) trace.set(names.name(site), to_tensor(record.values(site).data(), record.shape(site)));
  };
  for (const std::string& name : wanted) {
    if (name == "*")
      for (Site site = 0; site < names.size(); ++site) add(site);
    else
      add(names.find(name));
  }
  return trace;
}

namespace {

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

val guarded(val (*call)(const void* context), const void* context) {
  try {
    return call(context);
  } catch (const Error& error) {
    return to_error(error.code().c_str(), error.what());
  } catch (const std::bad_alloc&) {
    return to_error("memory", kOutOfMemory);
  } catch (const std::length_error&) {
    return to_error("memory", kOutOfMemory);
  } catch (const std::exception& error) {
    return to_error("internal", error.what());
  }
}

}  // namespace attention_lab::bindings
