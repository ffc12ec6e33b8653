// Reads the inputs of one stack or two, runs them, and returns what was requested.
#include "bindings/model.h"

#include <cmath>

#include "bindings/broadcast.h"

namespace attention_lab::bindings {

StackInputs::StackInputs(const val& source) {
  const auto copy = [&]<class Scalar>(const char* field, std::vector<Scalar>& into) {
    const val array = source[field];
    if (!is_absent(array)) into = emscripten::convertJSArrayToNumberVector<Scalar>(array);
  };
  copy("inputIds", ids);
  copy("tokenTypeIds", types);
  copy("inputsEmbeds", embeds);
  copy("pixelValues", pixels);
  copy("attentionMask", mask);
  copy("globalAttentionMask", global_mask);
  values = {index_of(source, "batch"), index_of(source, "length"), ids, embeds, mask, types};
  values.pixel_values = pixels;
  values.global_attention_mask = global_mask;
  const val start = source["start"];
  if (is_absent(start)) return;
  resid = emscripten::convertJSArrayToNumberVector<float>(start["resid"]);
  values.start = {index_of(start, "layer"), resid};
}

void StackInputs::read_mems(const val& source) {
  if (is_absent(source)) return;
  mems = emscripten::convertJSArrayToNumberVector<float>(source["hiddenStates"]);
  values.mems = {index_of(source, "length"), mems};
}

void request(Record& record, const std::vector<std::string>& trace) {
  for (const std::string& name : trace) {
    if (name == "*")
      record.request_all();
    else
      record.request(record.names().find(name));
  }
}

void Overrides::read(const val& options, const char* mask, Index batch, Index heads, Index T, Index S) {
  values.temperature = float_of(options, "temperature");
  if (!std::isfinite(1.0f / values.temperature))
    fail("value", {"temperature: expected one by which float32 can divide scores"});
  if (is_absent(options[mask])) return;
  cells = mask_of(mask, options[mask]);
  Shape dims = cells.dims;
  if (dims.size() == 3) dims.insert(dims.begin() + 1, {1});  // [B, T, S]: the same for every head
  const Broadcast over = broadcast_of(mask, dims, {batch, heads}, T, S);
  values.cells = cells.data.data();
  values.cells_batch_stride = over.batch_stride;
  values.cells_head_stride = over.head_stride;
}

val forward_model(models::Model& model, const val& source, const val& options) {
  const std::vector<std::string> trace = strings_of(options["trace"]);
  Record record(model.activation_names());
  request(record, trace);
  const val edits = options["interventions"];
  for (int i = 0, count = edits["length"].as<int>(); i < count; ++i)
    record.edit(intervention_of(edits[i], model.activation_names()));

  const models::Stack& stack = model.stack();
  const models::Stack* const encoder = model.encoder();
  struct Patterns {
    const char* name;
    const std::vector<Site>* sites;  // [N]
  };
  const Patterns all[] = {{encoder ? "decoderAttentions" : "attentions", &stack.patterns()},
                          {"crossAttentions", &stack.cross_patterns()},
                          {"encoderAttentions", encoder ? &encoder->patterns() : nullptr}};
  const std::span<const Patterns> patterns(all, !bool_of(options, "outputAttentions") ? 0 : encoder ? 3 : 1);
  for (const Patterns& each : patterns)
    for (const Site site : *each.sites) record.request(site);

  val result = val::object();
  const auto by_token = [&](const char* name, const ConstMatrixView& rows, Index batch) {
    if (rows) result.set(name, to_tensor(rows.data, {batch, rows.rows / batch, rows.cols}));
  };

  StackInputs inputs(encoder ? source["decoder"] : source);
  inputs.read_mems(options["mems"]);
  const Index B = inputs.values.batch, T = inputs.values.length, H = stack.config().block.attention.num_heads;
  std::optional<StackInputs> encoder_inputs;
  Overrides cross_overrides;
  if (encoder) {
    encoder_inputs.emplace(source);
    const models::ForwardInputs& read = encoder_inputs->values;
    const Index S = read.length;
    require_shape("decoderInputIds: batch", {read.batch}, {B});
    const Overrides overrides(options, "encoderMask", B, encoder->config().block.attention.num_heads, S, S);
    cross_overrides.read(options, "crossMask", B, H, T, S);
    if (!read.attention_mask.empty()) cross_overrides.values.key_mask = read.attention_mask.data();
    inputs.values.cross = {model.encode(read, overrides.values, record), cross_overrides.values, nullptr};
    by_token("encoderLastHiddenState", inputs.values.cross.encoder_hidden_states, B);
  }
  Overrides overrides(options, "mask", B, H, T, inputs.values.mems.length + T);
  if (!is_absent(options["causal"])) overrides.values.causal = options["causal"].as<bool>();

  const models::ForwardOutput output = model.forward(inputs.values, overrides.values, record);
  by_token("lastHiddenState", output.last_hidden_state, B);
  if (model.config().labels_sequences())
    result.set("logits", to_tensor(output.logits.data, {B, output.logits.cols}));
  else
    by_token("logits", output.logits, B);
  if (output.pooler_output)
    result.set("poolerOutput", to_tensor(output.pooler_output.data, {B, output.pooler_output.cols}));
  for (const Patterns& each : patterns) {
    val tensors = val::array();
    for (const Site site : *each.sites)
      tensors.call<void>("push", to_tensor(record.values(site).data(), record.shape(site)));
    result.set(each.name, tensors);
  }
  result.set("trace", to_trace(record, trace));
  return result;
}

}  // namespace attention_lab::bindings
