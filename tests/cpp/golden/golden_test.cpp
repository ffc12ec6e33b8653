// Every golden case through the C++ core: values from PyTorch and Transformers, made by scripts/make_golden.py.
#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <span>

#include "compare.h"
#include "golden/golden.h"
#include "models/attention_layer.h"
#include "models/model.h"
#include "nn/attention.h"
#include "nn/position.h"

namespace attention_lab::testing {

namespace {

constexpr auto kNoMask = static_cast<const std::uint8_t*>(nullptr);

/// Zeroes the positions that are not compared: rows of [B, T, …], queries of [B, H, T, S]; [B, D] has none.
std::vector<float> without_padding(std::span<const float> values, const Shape& dims, const Tensor* valid) {
  std::vector<float> kept(values.begin(), values.end());
  const std::size_t axis = dims.size() == 4 ? 2 : 1;
  if (!valid || dims.size() < 3 || dims[axis] != valid->dims[1]) return kept;
  const Index per_batch = static_cast<Index>(values.size()) / dims[0], length = dims[axis];
  Index width = 1;
  for (std::size_t d = axis + 1; d < dims.size(); ++d) width *= dims[d];
  for (Index i = 0; i < static_cast<Index>(kept.size()); ++i) {
    const Index position = i / per_batch * length + i / width % length;
    if (!valid->integers.at(static_cast<std::size_t>(position))) kept[static_cast<std::size_t>(i)] = 0.0f;
  }
  return kept;
}

/// Compares tensors with those that a case expects; at the end, each of them must have been compared.
class Expectations {
 public:
  explicit Expectations(const Case& test_case) : case_(test_case) {}
  ~Expectations() {
    for (const auto& [name, tensor] : case_.expected)
      CHECK_MESSAGE(compared_.contains(name), case_.name, ": ", name, ": never compared");
  }
  Expectations(const Expectations&) = delete;

  /// Compares the tensor if the case expects one of this name.
  void compare_if_expected(const std::string& name, std::span<const float> actual, const Shape& dims) {
    if (!case_.expected.contains(name)) return;
    const Tensor& expected = case_.expected.at(name);
    const Tensor* const valid = case_.valid.empty() ? nullptr : &case_.inputs.at(case_.valid);
    const Comparison comparison =
        compare(without_padding(actual, dims, valid), dims, without_padding(expected.floats, expected.dims, valid),
                expected.dims, case_.absolute, case_.relative);
    CHECK_MESSAGE(comparison.ok, case_.name, ": ", name, ": ", comparison.message);
    compared_.insert(name);
  }
  void compare_if_expected(const std::string& name, ConstMatrixView rows, const Shape& dims) {
    if (!rows) return;
    REQUIRE(rows.stride == rows.cols);
    compare_if_expected(name, std::span(rows.data, static_cast<std::size_t>(rows.rows * rows.cols)), dims);
  }
  void compare_if_expected(const Record& record) {
    for (Site site = 0; site < record.names().size(); ++site)
      if (record.has(site)) compare_if_expected(record.names().name(site), record.values(site), record.shape(site));
  }

 private:
  const Case& case_;
  std::set<std::string> compared_;
};

/// The cases of a kind; there are some.
std::vector<const Case*> some_cases_of(const std::string& kind) {
  const auto cases = cases_of(kind);
  REQUIRE_FALSE(cases.empty());
  return cases;
}

ConstMatrixView rows_of(const Tensor& tensor) {
  const Index cols = tensor.dims.back();
  return {tensor.floats.data(), static_cast<Index>(tensor.floats.size()) / cols, cols, cols};
}

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

nn::ScoreFunction score_of(const Case& test_case) {
  using Kind = nn::ScoreFunction::Kind;
  nn::ScoreFunction score;
  const Json* const option = test_case.options.find("score");
  if (!option) return score;
  const std::string& name = option->is_string() ? option->text() : (*option)["kind"].text();
  const auto operand = [&](const char* key) { return rows_of(*test_case.tensor((*option)[key])); };
  if (name == "dot") {
    score.kind = Kind::dot;
  } else if (name == "general") {
    score.kind = Kind::general;
    score.w = operand("w");
  } else {
    REQUIRE(name == "additive");
    score.kind = Kind::additive;
    score.wq = operand("wq");
    score.wk = operand("wk");
    score.v = operand("v");
    score.v.rows = 1;
  }
  return score;
}

/// q, k or v [..., rows, cols] as [B, H, rows, cols]: the last leading axis is H, the others are B.
TensorView by_head(const Tensor& tensor) {
  const std::size_t rank = tensor.dims.size();
  const Index heads = rank > 2 ? tensor.dims[rank - 3] : 1;
  const Index matrix = tensor.dims[rank - 2] * tensor.dims[rank - 1];
  const Index batch = static_cast<Index>(tensor.floats.size()) / (heads * matrix);
  return TensorView::dense(const_cast<float*>(tensor.floats.data()),
                           {batch, heads, tensor.dims[rank - 2], tensor.dims[rank - 1]});
}

Intervention intervention_of(const Case& test_case, const Json& source, const ActivationNames& names) {
  using Op = Intervention::Op;
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
      edit.values = tensor->floats;
      edit.values_shape = tensor->dims;
    } else {
      edit.value = static_cast<float>(value->number());
    }
  }
  return edit;
}

}  // namespace

TEST_CASE("golden: activations agree with PyTorch") {
  for (const Case* const test_case : some_cases_of("activation")) {
    const Tensor& x = test_case->inputs.at("x");
    std::vector<float> y(x.floats.size());
    kernels::activate(activation_of(test_case->options["activation"].text()), x.floats, y);
    Expectations(*test_case).compare_if_expected("y", y, x.dims);
  }
}

TEST_CASE("golden: LayerNorm agrees with PyTorch") {
  for (const Case* const test_case : some_cases_of("layer_norm")) {
    const Tensor& x = test_case->inputs.at("x");
    const auto vector = [&](const char* name) {
      return test_case->has(name) ? test_case->inputs.at(name).floats.data() : nullptr;
    };
    Matrix y(x.dims[0], x.dims[1]);
    kernels::layer_norm(rows_of(x), vector("gain"), vector("shift"), static_cast<float>(test_case->number("eps", 0.0)),
                        view(y));
    Expectations(*test_case).compare_if_expected("y", ConstMatrixView(view(y)), x.dims);
  }
}

TEST_CASE("golden: sinusoidal positions agree with their definition") {
  for (const Case* const test_case : some_cases_of("sinusoidal")) {
    const auto size = [&](const char* option) { return static_cast<Index>(test_case->options[option].number()); };
    Matrix table = nn::sinusoidal_positions(size("length"), size("dModel"));
    Expectations(*test_case).compare_if_expected("table", ConstMatrixView(view(table)), {table.rows(), table.cols()});
  }
}

TEST_CASE("golden: attention agrees with PyTorch") {
  for (const Case* const test_case : some_cases_of("attention")) {
    const Tensor& v_tensor = test_case->inputs.at("v");
    const TensorView q = by_head(test_case->inputs.at("q")), k = by_head(test_case->inputs.at("k")), v = by_head(v_tensor);
    const Index B = q.dims[0], H = q.dims[1], T = q.dims[2], S = k.dims[2];

    nn::AttentionOptions options;
    options.score = score_of(*test_case);
    const bool scaled = options.score.kind == nn::ScoreFunction::Kind::scaled_dot;
    options.scale = static_cast<float>(
        test_case->number("scale", scaled ? 1.0 / std::sqrt(static_cast<double>(q.dims[3])) : 1.0));
    options.temperature = static_cast<float>(test_case->number("temperature", 1.0));
    if (test_case->options.find("normalisation")) options.normalisation = nn::Normalisation::none;
    options.mask.causal = test_case->boolean("causal", false);
    options.mask.window = static_cast<Index>(test_case->number("window", -1.0));
    const auto strides = [&](const Tensor& tensor, Index& batch, Index& head, Index& row) {
      const bool each = tensor.dims.size() > 2;
      batch = each ? H * T * S : 0, head = each ? T * S : 0, row = S;
    };
    if (test_case->has("mask")) {
      const Tensor& mask = test_case->inputs.at("mask");
      options.mask.cells = mask.bytes.data();
      strides(mask, options.mask.cells_batch_stride, options.mask.cells_head_stride, options.mask.cells_row_stride);
    }
    if (test_case->has("bias")) {
      const Tensor& bias = test_case->inputs.at("bias");
      options.mask.bias = bias.floats.data();
      strides(bias, options.mask.bias_batch_stride, options.mask.bias_head_stride, options.mask.bias_row_stride);
    }

    ActivationNames names;
    const nn::AttentionSites sites = nn::name_attention_activations(names, "");
    kernels::Workspace workspace;
    const Shape leading(v_tensor.dims.begin(), v_tensor.dims.end() - 2);
    const auto shape = [&](Index rows, Index cols) {
      Shape dims = leading;
      dims.insert(dims.end(), {rows, cols});
      return dims;
    };
    Expectations expectations(*test_case);
    // Twice: the output must not depend on whether the intermediates are recorded.
    for (const bool recorded : {false, true}) {
      Record record(names);
      if (recorded) record.request_all();
      std::vector<float> z(static_cast<std::size_t>(B * H * T * v.dims[3]), NAN);
      nn::attend(q, k, v, options, sites, record, workspace, TensorView::dense(z.data(), {B, H, T, v.dims[3]}));
      expectations.compare_if_expected("output", z, shape(T, v.dims[3]));
      for (const auto& [name, site] : {std::pair("scores", sites.scores), std::pair("maskedScores", sites.masked_scores),
                                       std::pair("pattern", sites.pattern)})
        if (recorded) expectations.compare_if_expected(name, record.values(site), shape(T, S));
    }
  }
}

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
    overrides.key_mask = test_case->has("keyMask") ? test_case->inputs.at("keyMask").bytes.data() : kNoMask;
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
    const Tensor& first = test_case->inputs.at(test_case->has("inputIds") ? "inputIds" : "inputsEmbeds");
    const Index B = inputs.batch = first.dims[0], T = inputs.length = first.dims[1];
    inputs.inputs_embeds = first.floats;
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
          record.edit(intervention_of(*test_case, edit, model.activation_names()));
      const models::ForwardOutput output = model.forward(inputs, overrides_of(*test_case), record);
      expectations.compare_if_expected("lastHiddenState", output.last_hidden_state, {B, T, output.last_hidden_state.cols});
      expectations.compare_if_expected("logits", output.logits, {B, T, output.logits.cols});
      expectations.compare_if_expected("poolerOutput", output.pooler_output, {B, output.pooler_output.cols});
      expectations.compare_if_expected(record);
      for (Index l = 0; recorded && l < model.config().num_layers; ++l)
        expectations.compare_if_expected("attentions." + std::to_string(l), record.values(model.pattern(l)),
                                         record.shape(model.pattern(l)));
    }
  }
}

}  // namespace attention_lab::testing
