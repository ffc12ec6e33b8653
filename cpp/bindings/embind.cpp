// The module's JavaScript interface: one coarse call per attention, layer or model. js/core/native.ts describes it.
#include <emscripten/bind.h>
#include <emscripten/heap.h>

#include "bindings/attention.h"
#include "bindings/model.h"
#include "bindings/recurrent.h"
#include "bindings/training.h"
#include "models/generation.h"

namespace attention_lab::bindings {

namespace {

val variant() {
#ifdef __wasm_relaxed_simd__
  return val::u8string("relaxed");
#else
  return val::u8string("simd128");
#endif
}

double memory_size() { return static_cast<double>(emscripten_get_heap_size()); }

/// What layers and models have in common: parameters and activations by name, and initial weights.
class Parameterised {
 public:
  virtual ~Parameterised() = default;

  /// Fresh weights from a seed of 32 bits.
  val initialise_with(double seed) {
    return guarded([&] {
      initialise(static_cast<std::uint32_t>(seed));
      return val::object();
    });
  }

  val parameter_table() const {
    return guarded([&] {
      val table = val::array();
      for (const Parameter& parameter : parameters()) {
        val row = val::object();
        row.set("name", val::u8string(parameter.name.c_str()));
        row.set("dims", to_array(parameter.dims));
        row.set("matrix", parameter.layout == Parameter::Layout::packed_weight);
        table.call<void>("push", row);
      }
      return table;
    });
  }

  val rows(val name, double first_row, double row_count) const {
    return guarded([&] {
      const Parameter& whole = find_parameter(parameters(), name_of(name));
      const Index first = to_index("first", first_row), count = to_index("count", row_count);
      require_rows(whole, first, count);
      const Parameter found = whole.rows(first, count);
      std::vector<float> values(static_cast<std::size_t>(element_count(found.dims)));
      found.get(values);
      return to_tensor(values.data(), found.dims);
    });
  }

  val set_rows(val name, double first_row, val data) {
    return guarded([&] {
      const Parameter& found = find_parameter(parameters(), name_of(name));
      const std::vector<float> values = emscripten::convertJSArrayToNumberVector<float>(data);
      const Index first = to_index("first", first_row), row = element_count(found.dims) / found.dims[0],
                  count = static_cast<Index>(values.size()) / row;
      require_rows(found, first, count);
      require_count(found.name, count * row, values.size());
      found.rows(first, count).set(values);
      val ok = val::object();
      ok.set("ok", true);
      return ok;
    });
  }

  val activation_names() const {
    return guarded([&] {
      const ActivationNames& known = names();
      val list = val::array();
      for (Site site = 0; site < known.size(); ++site) list.call<void>("push", val::u8string(known.name(site).c_str()));
      return list;
    });
  }

 private:
  static void require_rows(const Parameter& parameter, Index first, Index count) {
    if (first < 0 || count < 0 || first > parameter.dims[0] - count)
      fail("shape", {parameter.name, ": expected at most ", parameter.dims[0], " rows, got ", first, " + ", count});
  }
  virtual void initialise(std::uint64_t seed) = 0;
  virtual const Parameters& parameters() const = 0;
  virtual const ActivationNames& names() const = 0;
};

/// A layer or model as JavaScript holds it. `Owner` has parameters(), activation_names() and initialise().
template <class Owner>
class Handle final : public Parameterised {
 public:
  template <class Config>
  explicit Handle(const Config& config) : owner_(std::make_shared<Owner>(config)) {
    owner_->set_interrupt(&host_interrupt());
  }

  Owner& owner() { return *owner_; }
  /// For what outlives the handle.
  const std::shared_ptr<Owner>& shared_owner() const { return owner_; }

 private:
  void initialise(std::uint64_t seed) override { owner_->initialise(seed); }
  const Parameters& parameters() const override { return owner_->parameters(); }
  const ActivationNames& names() const override { return owner_->activation_names(); }

  std::shared_ptr<Owner> owner_;
};

using AttentionLayerHandle = Handle<models::AttentionLayer>;
using ModelHandle = Handle<models::Model>;
using RecurrentHandle = Handle<models::Recurrent>;

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
        fail("shape", {name, ": expected [B, tokens, ", D, "], got ", dims});
    };
    require("query", query.dims);
    require("key", keys.dims);
    require("value", values.dims);
    const Index B = query.dims[0], T = query.dims[1], S = keys.dims[1];
    require_shape("key", {B, S, D}, keys.dims);
    require_shape("value", {B, S, D}, values.dims);

    Overrides overrides(options, "mask", B, layer.config().num_heads, T, S);
    if (!is_absent(options["causal"])) overrides.values.causal = options["causal"].as<bool>();
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

val forward_model_handle(ModelHandle& handle, val inputs, val options) {
  return guarded([&] { return forward_model(handle.owner(), inputs, options); });
}

val forward_recurrent_handle(RecurrentHandle& handle, val inputs, val options) {
  return guarded([&] { return forward_recurrent(handle.owner(), inputs, options); });
}

/// A generation under way. Holds its model, so that disposing of the model's own handle cannot pull it away.
class GenerationHandle {
 public:
  GenerationHandle(const std::shared_ptr<models::Model>& model, Index capacity, const models::SamplingOptions& options,
                   std::uint64_t seed, models::Source source)
      : model_(model), generation_(*model_, capacity, options, seed, std::move(source)) {}

  val next(val tokens, val suppressed) {
    return guarded([&] {
      const std::vector<int> ids = emscripten::convertJSArrayToNumberVector<int>(tokens);
      const std::vector<int> never = emscripten::convertJSArrayToNumberVector<int>(suppressed);
      val result = val::object();
      result.set("id", generation_.next(ids, never));
      return result;
    });
  }

 private:
  std::shared_ptr<models::Model> model_;
  models::Generation generation_;
};

val create_generation(ModelHandle& model, val options) {
  return guarded([&] {
    models::SamplingOptions sampling;
    sampling.temperature = float_of(options, "temperature");
    sampling.top_k = index_of(options, "topK");
    sampling.top_p = float_of(options, "topP");
    sampling.repetition_penalty = float_of(options, "repetitionPenalty");
    const auto seed = static_cast<std::uint32_t>(options["seed"].as<double>());
    models::Source source;
    if (!is_absent(options["source"])) {
      source.ids = emscripten::convertJSArrayToNumberVector<int>(options["source"]["inputIds"]);
      source.mask = emscripten::convertJSArrayToNumberVector<std::uint8_t>(options["source"]["attentionMask"]);
    }
    return val(std::make_unique<GenerationHandle>(model.shared_owner(), index_of(options, "capacity"), sampling, seed,
                                                  std::move(source)));
  });
}

val create_trainer_of(ModelHandle& model, val options) { return create_trainer(model.shared_owner(), options); }

val create_attention_layer(val config) {
  return guarded([&] { return val(std::make_unique<AttentionLayerHandle>(attention_config_of(config))); });
}

val create_model(val config, val dtype) {
  return guarded([&] { return val(std::make_unique<ModelHandle>(model_config_of(config, dtype))); });
}

val create_recurrent(val config) {
  return guarded([&] { return val(std::make_unique<RecurrentHandle>(recurrent_config_of(config))); });
}

/// Binds a handle with its own forward().
template <class Class, class Forward>
void bind_handle(const char* name, Forward forward) {
  emscripten::class_<Class, emscripten::base<Parameterised>>(name).function("forward", forward);
}

}  // namespace

EMSCRIPTEN_BINDINGS(attention_lab) {
  using emscripten::function;
  function("variant", &variant);
  function("memorySize", &memory_size);
  function("attention", &attention);
  function("createAttentionLayer", &create_attention_layer);
  function("createModel", &create_model);
  function("createRecurrent", &create_recurrent);
  function("createGeneration", &create_generation);
  function("createTrainer", &create_trainer_of);
  emscripten::class_<Parameterised>("Parameterised")
      .function("parameterTable", &Parameterised::parameter_table)
      .function("rows", &Parameterised::rows)
      .function("setRows", &Parameterised::set_rows)
      .function("initialise", &Parameterised::initialise_with)
      .function("activationNames", &Parameterised::activation_names);
  bind_handle<AttentionLayerHandle>("AttentionLayer", &forward_attention_layer);
  bind_handle<ModelHandle>("Model", &forward_model_handle);
  bind_handle<RecurrentHandle>("Recurrent", &forward_recurrent_handle);
  emscripten::class_<GenerationHandle>("Generation").function("next", &GenerationHandle::next);
}

}  // namespace attention_lab::bindings
