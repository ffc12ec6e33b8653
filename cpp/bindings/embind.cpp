// The module's JavaScript interface: one coarse call per attention, layer or model. js/native.ts describes it.
#include <emscripten/bind.h>
#include <emscripten/heap.h>

#include <cmath>

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

/// How a tensor [T, S] with fewer leading axes, or with axes of 1, is laid over [B, H, T, S].
struct Broadcast {
  Index batch_stride, head_stride, row_stride;
};

/// `leading` are the axes before [T, S] of the scores; all but the last of them count as the batch.
Broadcast broadcast_of(const std::string& name, const Shape& dims, const Shape& leading, Index T, Index S) {
  Shape expected = leading;
  expected.insert(expected.end(), {T, S});
  const auto refuse = [&] {
    throw Error("shape",
                {name, ": expected ", Shape{T, S}, " or, broadcast from the right, ", expected, ", got ", dims});
  };
  if (dims.size() < 2 || dims.size() > expected.size() || dims.back() != S || dims[dims.size() - 2] != T) refuse();
  Shape own(expected.size() - dims.size(), 1);  // leading axes, missing ones as 1
  own.insert(own.end(), dims.begin(), dims.end() - 2);
  Broadcast broadcast{0, 0, S};
  if (own.empty()) return broadcast;
  const Index heads = own.back();
  if (heads != 1 && heads != leading.back()) refuse();
  broadcast.head_stride = heads == 1 ? 0 : T * S;
  own.pop_back();
  const Shape batch(leading.begin(), leading.end() - 1);
  if (own == batch)
    broadcast.batch_stride = heads * T * S;
  else if (own != Shape(own.size(), 1))
    refuse();
  return broadcast;
}

/// q, k or v [..., rows, cols] as [B, H, rows, cols].
TensorView by_head(HostTensor<float>& tensor) {
  const std::size_t rank = tensor.dims.size();
  Shape shape(tensor.dims.end() - 2, tensor.dims.end());
  shape.insert(shape.begin(), rank > 2 ? tensor.dims[rank - 3] : 1);
  shape.insert(shape.begin(), rank > 3 ? element_count({tensor.dims.begin(), tensor.dims.end() - 3}) : 1);
  return TensorView::dense(tensor.data.data(), shape);
}

ConstMatrixView matrix_of(const HostTensor<float>& tensor) {
  const Index rows = tensor.dims.size() == 1 ? 1 : tensor.dims[0];
  return {tensor.data.data(), rows, tensor.dims.back(), tensor.dims.back()};
}

void require_qkv_shapes(const Shape& q, const Shape& k, const Shape& v) {
  for (const auto& [name, dims] : {std::pair("q", &q), std::pair("k", &k), std::pair("v", &v)})
    if (dims->size() < 2 || element_count(*dims) == 0)
      throw Error("shape", {name, ": expected [..., rows, columns], none of them 0, got ", *dims});
  const auto leading = [](const Shape& dims) { return Shape(dims.begin(), dims.end() - 2); };
  if (leading(k) != leading(q) || leading(v) != leading(q))
    throw Error("shape", {"q, k, v: expected the same leading axes, got ", q, ", ", k, " and ", v});
  if (v[v.size() - 2] != k[k.size() - 2])
    throw Error("shape", {"v: expected as many rows as k, ", k[k.size() - 2], ", got ", v});
}

/// The score function, checked against the widths of q and k; views point into `parameters`.
nn::ScoreFunction score_function_of(const std::string& name, const std::vector<HostTensor<float>>& parameters,
                                    Index q_width, Index k_width) {
  using Kind = nn::ScoreFunction::Kind;
  nn::ScoreFunction f;
  f.kind = score_kind_of(name);
  const std::size_t expected = f.kind == Kind::general ? 1 : f.kind == Kind::additive ? 3 : 0;
  if (parameters.size() != expected)
    throw Error("value", {"score '", name, "': expected ", expected, " parameter tensors, got ",
                          static_cast<Index>(parameters.size())});
  switch (f.kind) {
    case Kind::scaled_dot:
    case Kind::dot:
      if (q_width != k_width) throw Error("shape", {"k: expected rows as wide as q's, ", q_width, ", got ", k_width});
      break;
    case Kind::general:
      require_shape("score.w", {q_width, k_width}, parameters[0].dims);
      f.w = matrix_of(parameters[0]);
      break;
    case Kind::additive: {
      const Shape& v = parameters[2].dims;
      if (v.size() != 1 || v[0] < 1) throw Error("shape", {"score.v: expected [A], got ", v});
      require_shape("score.wq", {v[0], q_width}, parameters[0].dims);
      require_shape("score.wk", {v[0], k_width}, parameters[1].dims);
      f.wq = matrix_of(parameters[0]);
      f.wk = matrix_of(parameters[1]);
      f.v = matrix_of(parameters[2]);
      break;
    }
  }
  return f;
}

/// nn::attend over tensors with any leading axes.
val attention(val q_value, val k_value, val v_value, val source) {
  return guarded([&] {
    HostTensor<float> q = tensor_of("q", q_value), k = tensor_of("k", k_value), v = tensor_of("v", v_value);
    require_qkv_shapes(q.dims, k.dims, v.dims);
    const Shape leading(q.dims.begin(), q.dims.end() - 2);
    const TensorView qs = by_head(q), ks = by_head(k), vs = by_head(v);
    const Index B = qs.dims[0], H = qs.dims[1], T = qs.dims[2], S = ks.dims[2];

    std::vector<HostTensor<float>> parameters;
    const val given = source["scoreParameters"];
    for (int i = 0; i < given["length"].as<int>(); ++i) parameters.push_back(tensor_of("score", given[i]));

    nn::AttentionOptions options;
    options.score = score_function_of(string_of(source, "score"), parameters, qs.dims[3], ks.dims[3]);
    options.scale = float_of(source, "scale");
    if (std::isnan(options.scale))
      options.scale = options.score.kind == nn::ScoreFunction::Kind::scaled_dot
                          ? 1.0f / std::sqrt(static_cast<float>(qs.dims[3]))
                          : 1.0f;
    options.temperature = float_of(source, "temperature");
    options.normalisation = normalisation_of(string_of(source, "normalisation"));
    options.mask.causal = bool_of(source, "causal");
    options.mask.window = index_of(source, "window");

    HostTensor<std::uint8_t> cells;
    if (!is_absent(source["mask"])) {
      cells = mask_of("mask", source["mask"]);
      const Broadcast over = broadcast_of("mask", cells.dims, leading, T, S);
      options.mask.cells = cells.data.data();
      options.mask.cells_batch_stride = over.batch_stride;
      options.mask.cells_head_stride = over.head_stride;
      options.mask.cells_row_stride = over.row_stride;
    }
    HostTensor<float> bias;
    if (!is_absent(source["bias"])) {
      bias = tensor_of("bias", source["bias"]);
      const Broadcast over = broadcast_of("bias", bias.dims, leading, T, S);
      options.mask.bias = bias.data.data();
      options.mask.bias_batch_stride = over.batch_stride;
      options.mask.bias_head_stride = over.head_stride;
      options.mask.bias_row_stride = over.row_stride;
    }

    ActivationNames names;
    const nn::AttentionSites sites = nn::name_attention_activations(names, "");
    Record record(names);
    const std::pair<const char*, Site> outputs[] = {
        {"scores", sites.scores}, {"maskedScores", sites.masked_scores}, {"pattern", sites.pattern}};
    for (const auto& [field, site] : outputs)
      if (bool_of(source, field)) record.request(site);

    kernels::Workspace workspace;
    std::vector<float> z(static_cast<std::size_t>(element_count({B, H, T, vs.dims[3]})));
    nn::attend(qs, ks, vs, options, sites, record, workspace, TensorView::dense(z.data(), {B, H, T, vs.dims[3]}));

    const auto with_leading = [&](Index rows, Index cols) {
      Shape dims = leading;
      dims.insert(dims.end(), {rows, cols});
      return dims;
    };
    val result = val::object();
    result.set("output", to_tensor(z.data(), with_leading(T, vs.dims[3])));
    for (const auto& [field, site] : outputs)
      if (record.wants(site)) result.set(field, to_tensor(record.values(site).data(), with_leading(T, S)));
    return result;
  });
}

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
