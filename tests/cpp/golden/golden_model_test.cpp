// Golden values of attention layers and whole models, from PyTorch and Transformers by scripts/make_golden.py.
#include "golden/expectations.h"
#include "models/attention_layer.h"
#include "models/generation.h"

namespace attention_lab::testing {

namespace {

/// Every parameter of the layer or model gets its golden value.
void set_parameters(const Parameters& parameters, const Case& test_case) {
  CHECK_MESSAGE(parameters.size() == test_case.parameters.size(), test_case.name);
  for (const auto& [name, tensor] : test_case.parameters) {
    const Parameter& parameter = find_parameter(parameters, name);
    require_shape(name, tensor.dims, parameter.dims);
    parameter.set(tensor.floats);
  }
}

/// The mask [T, S], [B, T, S] or [B, H, T, S] of a layer or model.
void set_cells(nn::AttentionOverrides& overrides, const Tensor& mask) {
  const std::size_t rank = mask.dims.size();
  const Index matrix = mask.dims[rank - 2] * mask.dims[rank - 1];
  overrides.cells = mask.bytes.data();
  overrides.cells_head_stride = rank == 4 ? matrix : 0;
  overrides.cells_batch_stride = rank == 4 ? mask.dims[1] * matrix : rank == 3 ? matrix : 0;
}

nn::AttentionOverrides overrides_of(const Case& test_case) {
  nn::AttentionOverrides overrides;
  if (test_case.options.find("causal")) overrides.causal = test_case.boolean("causal", false);
  overrides.temperature = static_cast<float>(test_case.number("temperature", 1.0));
  if (test_case.has("mask")) set_cells(overrides, test_case.inputs.at("mask"));
  return overrides;
}

Intervention intervention_of(const Case& test_case, const Json& source, models::Model& model) {
  using Op = Intervention::Op;
  const ActivationNames& names = model.activation_names();
  Intervention edit;
  edit.at = names.find(source["at"].text());
  const std::pair<const char*, Index Intervention::*> selectors[] = {{"batch", &Intervention::batch},
                                                                    {"head", &Intervention::head},
                                                                    {"query", &Intervention::query},
                                                                    {"key", &Intervention::key},
                                                                    {"index", &Intervention::index}};
  for (const auto& [name, field] : selectors)
    if (const Json* const at = source.find(name)) edit.*field = static_cast<Index>(at->number());
  const std::string& op = source["op"].text();
  const std::pair<const char*, Op> ops[] = {
      {"zero", Op::zero}, {"mean", Op::mean}, {"set", Op::set}, {"add", Op::add}, {"scale", Op::scale}};
  for (const auto& [name, value] : ops)
    if (op == name) edit.op = value;
  if (const Json* const value = source.find("value")) {
    if (const Tensor* const tensor = test_case.tensor(*value)) {
      edit.operand = Intervention::Operand::selection;
      edit.values = tensor->floats;
      edit.values_shape = tensor->dims;
    } else {
      edit.value = static_cast<float>(value->number());
    }
  }
  if (const Json* const from = source.find("from")) {  // 'run:NAME': the ids of another run
    const Tensor& ids = test_case.inputs.at(from->text().substr(std::string_view("run:").size()));
    models::ForwardInputs inputs;
    inputs.batch = ids.dims[0], inputs.length = ids.dims[1];
    inputs.input_ids = ids.integers;
    Record other(names);
    other.request(edit.at);
    model.forward(inputs, {}, other);
    edit.operand = Intervention::Operand::activation;
    edit.values.assign(other.values(edit.at).begin(), other.values(edit.at).end());
    edit.values_shape = other.shape(edit.at);
  }
  return edit;
}

}  // namespace

TEST_CASE("golden: attention layers agree with PyTorch") {
  for (const Case* const test_case : some_cases_of("attention_layer")) {
    const auto input = [&](const char* name, const Tensor& otherwise) -> const Tensor& {
      return test_case->has(name) ? test_case->inputs.at(name) : otherwise;
    };
    const Tensor& query = test_case->inputs.at("query");
    const Tensor& key = input("key", query);
    const Tensor& value = input("value", key);
    models::AttentionLayer layer(attention_config_of(test_case->config, query.dims[2]));
    set_parameters(layer.parameters(), *test_case);
    nn::AttentionOverrides overrides = overrides_of(*test_case);
    overrides.key_mask = test_case->has("keyMask") ? test_case->inputs.at("keyMask").bytes.data() : nullptr;
    Expectations expectations(*test_case);
    for (const bool recorded : {false, true}) {
      Record record(layer.activation_names());
      if (recorded) record.request_all();
      const ConstMatrixView output =
          layer.forward(rows_of(query), rows_of(key), rows_of(value), query.dims[0], overrides, record);
      expectations.compare_if_expected("output", output, {query.dims[0], query.dims[1], output.cols});
      expectations.compare_if_expected(record);
    }
  }
}

TEST_CASE("golden: models agree with PyTorch and Transformers") {
  for (const Case* const test_case : some_cases_of("model")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);

    models::ForwardInputs inputs;
    const bool pictures = test_case->has("pixelValues");
    const Tensor& first =
        test_case->inputs.at(pictures ? "pixelValues" : test_case->has("inputIds") ? "inputIds" : "inputsEmbeds");
    const Index B = inputs.batch = first.dims[0];
    const Index T = inputs.length = pictures ? model.config().image.length() : first.dims[1];
    (pictures ? inputs.pixel_values : inputs.inputs_embeds) = first.floats;
    inputs.input_ids = first.integers;
    if (test_case->has("tokenTypeIds")) inputs.token_type_ids = test_case->inputs.at("tokenTypeIds").integers;
    std::vector<std::uint8_t> attention_mask;
    if (test_case->has("attentionMask")) {
      const std::vector<int>& mask = test_case->inputs.at("attentionMask").integers;
      attention_mask.assign(mask.begin(), mask.end());
      inputs.attention_mask = attention_mask;
    }

    Expectations expectations(*test_case);
    for (const bool recorded : {false, true}) {
      Record record(model.activation_names());
      if (recorded) record.request_all();
      if (const Json* const edits = test_case->options.find("interventions"))
        for (const Json& edit : edits->items())
          record.edit(intervention_of(*test_case, edit, model));
      const models::ForwardOutput output = model.forward(inputs, overrides_of(*test_case), record);
      expectations.compare_if_expected("lastHiddenState", output.last_hidden_state, {B, T, output.last_hidden_state.cols});
      const Index L = output.logits.cols;
      expectations.compare_if_expected("logits", output.logits, model.config().num_labels > 0 ? Shape{B, L} : Shape{B, T, L});
      expectations.compare_if_expected("poolerOutput", output.pooler_output, {B, output.pooler_output.cols});
      expectations.compare_if_expected(record);
      for (Index l = 0; recorded && l < model.config().num_layers; ++l)
        expectations.compare_if_expected("attentions." + std::to_string(l), record.values(model.pattern(l)),
                                         record.shape(model.pattern(l)));
    }
  }
}

TEST_CASE("golden: greedy generation picks Transformers' tokens") {
  for (const Case* const test_case : some_cases_of("generation")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);
    std::vector<int> ids = test_case->inputs.at("inputIds").integers;
    const std::vector<float>& expected = test_case->expected.at("ids").floats;
    models::Generation generation(model, static_cast<Index>(expected.size()), {}, 0);
    std::vector<int> unread = ids;
    while (ids.size() < expected.size()) {  // where it ends is the caller's business
      const int id = generation.next(unread);
      ids.push_back(id);
      unread = {id};
    }
    const std::vector<float> found(ids.begin(), ids.end());
    Expectations(*test_case).compare_if_expected("ids", found, {static_cast<Index>(found.size())});
  }
}

}  // namespace attention_lab::testing
