// The module's JavaScript interface: one coarse call per attention, layer or model. js/native.ts describes it.
#include <emscripten/bind.h>
#include <emscripten/heap.h>

#include "bindings/attention.h"
#include "bindings/broadcast.h"
#include "bindings/convert.h"
#include "models/generation.h"

namespace attention_lab::bindings {

namespace {

std::string variant() {
#ifdef __wasm_relaxed_simd__
  return "relaxed";
#else
  return "simd128";
#endif
}

double memory_size() { return static_cast<double>(emscripten_get_heap_size()); }

/// The options that every attention of a layer or model shares, with the memory they point into.
struct Overrides {
  nn::AttentionOverrides values;
  HostTensor<std::uint8_t> cells;

  Overrides(const val& options, Index batch, Index heads, Index T, Index S) {
    const val causal = options["causal"];
    if (!is_absent(causal)) values.causal = causal.as<bool>();
    values.temperature = float_of(options, "temperature");
    if (is_absent(options["mask"])) return;
    cells = mask_of("mask", options["mask"]);
    Shape dims = cells.dims;
    if (dims.size() == 3) dims.insert(dims.begin() + 1, 1);  // [B, T, S]: the same for every head
    const Broadcast over = broadcast_of("mask", dims, {batch, heads}, T, S);
    values.cells = cells.data.data();
    values.cells_batch_stride = over.batch_stride;
    values.cells_head_stride = over.head_stride;
  }
  Overrides(const Overrides&) = delete;
};

/// Requests what `trace` names; '*' is everything.
void request(Record& record, const std::vector<std::string>& trace) {
  for (const std::string& name : trace) {
    if (name == "*")
      record.request_all();
    else
      record.request(record.names().find(name));
  }
}

/// What layers and models have in common: parameters by name. `Owner` has parameters() and initialise().
template <class Owner>
class Handle {
 public:
  template <class Config>
  explicit Handle(const Config& config) : owner_(config) {}

  val parameter_table() const {
    val table = val::array();
    for (const Parameter& parameter : owner_.parameters()) {
      val dims = val::array();
      for (const Index d : parameter.dims) dims.call<void>("push", static_cast<double>(d));
      val row = val::object();
      row.set("name", parameter.name);
      row.set("dims", dims);
      table.call<void>("push", row);
    }
    return table;
  }

  val parameter(std::string name) const {
    return guarded([&] {
      const Parameter& found = find_parameter(owner_.parameters(), name);
      std::vector<float> values(static_cast<std::size_t>(element_count(found.dims)));
      found.get(values);
      return to_tensor(values.data(), found.dims);
    });
  }

  val set_parameter(std::string name, val data, val dims) {
    return guarded([&] {
      const Parameter& found = find_parameter(owner_.parameters(), name);
      require_shape(name, found.dims, shape_of(dims));
      const std::vector<float> values = emscripten::convertJSArrayToNumberVector<float>(data);
      require_count(name, element_count(found.dims), values.size());
      found.set(values);
      val ok = val::object();
      ok.set("ok", true);
      return ok;
    });
  }

  val activation_names() const {
    const ActivationNames& names = owner_.activation_names();
    val list = val::array();
    for (Site site = 0; site < names.size(); ++site) list.call<void>("push", names.name(site));
    return list;
  }

  void initialise(double seed) { owner_.initialise(static_cast<std::uint64_t>(seed)); }

  Owner& owner() { return owner_; }

 private:
  Owner owner_;
};

using AttentionLayerHandle = Handle<models::AttentionLayer>;
using ModelHandle = Handle<models::Model>;

val forward_attention_layer(AttentionLayerHandle& handle, val query_value, val key_value, val value_value,
                            val options) {
  return guarded([&] {
    models::AttentionLayer& layer = handle.owner();
    const HostTensor<float> query = tensor_of("query", query_value);
    const HostTensor<float> key = is_absent(key_value) ? HostTensor<float>{} : tensor_of("key", key_value);
    const HostTensor<float> value = is_absent(value_value) ? HostTensor<float>{} : tensor_of("value", value_value);
    const HostTensor<float>& keys = is_absent(key_value) ? query : key;
    const HostTensor<float>& values = is_absent(value_value) ? keys : value;

    const Index D = layer.config().d_model;
    const auto require = [&](const char* name, const Shape& dims) {
      if (dims.size() != 3 || dims[2] != D || element_count(dims) == 0)
        throw Error("shape", {name, ": expected [B, tokens, ", D, "], got ", dims});
    };
    require("query", query.dims);
    require("key", keys.dims);
    require("value", values.dims);
    const Index B = query.dims[0], T = query.dims[1], S = keys.dims[1];
    require_shape("key", {B, S, D}, keys.dims);
    require_shape("value", {B, S, D}, values.dims);

    Overrides overrides(options, B, layer.config().num_heads, T, S);
    std::vector<std::uint8_t> key_mask;
    if (!is_absent(options["keyMask"])) {
      key_mask = emscripten::convertJSArrayToNumberVector<std::uint8_t>(options["keyMask"]);
      require_count("keyMask", B * S, key_mask.size());
      overrides.values.key_mask = key_mask.data();
    }

    const std::vector<std::string> trace = strings_of(options["trace"]);
    Record record(layer.activation_names());
    request(record, trace);
    const auto rows = [&](const HostTensor<float>& tensor) {
      return ConstMatrixView{tensor.data.data(), B * tensor.dims[1], D, D};
    };
    const ConstMatrixView output = layer.forward(rows(query), rows(keys), rows(values), B, overrides.values, record);
    val result = val::object();
    result.set("output", to_tensor(output.data, {B, T, output.cols}));
    result.set("trace", to_trace(record, trace));
    return result;
  });
}

val forward_model(ModelHandle& handle, val source, val options) {
  return guarded([&] {
    models::Model& model = handle.owner();
    const auto copy = [&]<class Scalar>(const char* field, std::vector<Scalar>& into) {
      const val array = source[field];
      if (!is_absent(array)) into = emscripten::convertJSArrayToNumberVector<Scalar>(array);
    };
    std::vector<int> ids, types;
    std::vector<float> embeds;
    std::vector<std::uint8_t> mask;
    copy("inputIds", ids);
    copy("tokenTypeIds", types);
    copy("inputsEmbeds", embeds);
    copy("attentionMask", mask);
    const models::ForwardInputs inputs{index_of(source, "batch"), index_of(source, "length"), ids, embeds, mask, types};

    const Index B = inputs.batch, T = inputs.length, N = model.config().num_layers;
    const Overrides overrides(options, B, model.config().block.attention.num_heads, T, T);
    const std::vector<std::string> trace = strings_of(options["trace"]);
    const bool output_attentions = bool_of(options, "outputAttentions");
    Record record(model.activation_names());
    request(record, trace);
    if (output_attentions)
      for (Index l = 0; l < N; ++l) record.request(model.pattern(l));
    const val edits = options["interventions"];
    for (int i = 0, count = edits["length"].as<int>(); i < count; ++i)
      record.edit(intervention_of(edits[i], model.activation_names()));

    const models::ForwardOutput output = model.forward(inputs, overrides.values, record);
    val result = val::object();
    const auto by_token = [&](ConstMatrixView rows) { return to_tensor(rows.data, {B, T, rows.cols}); };
    result.set("lastHiddenState", by_token(output.last_hidden_state));
    if (output.logits) result.set("logits", by_token(output.logits));
    if (output.pooler_output)
      result.set("poolerOutput", to_tensor(output.pooler_output.data, {B, output.pooler_output.cols}));
    if (output_attentions) {
      val attentions = val::array();
      for (Index l = 0; l < N; ++l) {
        const Site site = model.pattern(l);
        attentions.call<void>("push", to_tensor(record.values(site).data(), record.shape(site)));
      }
      result.set("attentions", attentions);
    }
    result.set("trace", to_trace(record, trace));
    return result;
  });
}

/// A generation under way. Holds its model, so that disposing of the model's own handle cannot pull it away.
class GenerationHandle {
 public:
  GenerationHandle(std::shared_ptr<ModelHandle> model, Index capacity, const models::SamplingOptions& options,
                   std::uint64_t seed)
      : model_(std::move(model)), generation_(model_->owner(), capacity, options, seed) {}

  val next(val tokens) {
    return guarded([&] {
      const std::vector<int> ids = emscripten::convertJSArrayToNumberVector<int>(tokens);
      val result = val::object();
      result.set("id", generation_.next(ids));
      return result;
    });
  }

 private:
  std::shared_ptr<ModelHandle> model_;
  models::Generation generation_;
};

val create_generation(std::shared_ptr<ModelHandle> model, val options) {
  return guarded([&] {
    models::SamplingOptions sampling;
    sampling.temperature = float_of(options, "temperature");
    sampling.top_k = index_of(options, "topK");
    sampling.top_p = float_of(options, "topP");
    const auto seed = static_cast<std::uint64_t>(options["seed"].as<double>());
    return val(std::make_shared<GenerationHandle>(std::move(model), index_of(options, "capacity"), sampling, seed));
  });
}

val create_attention_layer(val config) {
  return guarded([&] { return val(std::make_shared<AttentionLayerHandle>(attention_config_of(config))); });
}

val create_model(val config) {
  return guarded([&] { return val(std::make_shared<ModelHandle>(model_config_of(config))); });
}

/// Binds a handle with its own forward().
template <class Class, class Forward>
void bind_handle(const char* name, Forward forward) {
  emscripten::class_<Class>(name)
      .template smart_ptr<std::shared_ptr<Class>>(name)
      .function("parameterTable", &Class::parameter_table)
      .function("parameter", &Class::parameter)
      .function("setParameter", &Class::set_parameter)
      .function("initialise", &Class::initialise)
      .function("activationNames", &Class::activation_names)
      .function("forward", forward);
}

}  // namespace

EMSCRIPTEN_BINDINGS(attention_lab) {
  using emscripten::function;
  function("variant", &variant);
  function("memorySize", &memory_size);
  function("attention", &attention);
  function("createAttentionLayer", &create_attention_layer);
  function("createModel", &create_model);
  function("createGeneration", &create_generation);
  bind_handle<AttentionLayerHandle>("AttentionLayer", &forward_attention_layer);
  bind_handle<ModelHandle>("Model", &forward_model);
  emscripten::class_<GenerationHandle>("Generation")
      .smart_ptr<std::shared_ptr<GenerationHandle>>("Generation")
      .function("next", &GenerationHandle::next);
}

}  // namespace attention_lab::bindings
