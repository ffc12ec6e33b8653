// Golden values of attention layers and whole models, from PyTorch and Transformers by scripts/make_golden.py.
#include "golden/expectations.h"
#include "golden/models.h"
#include "models/attention_layer.h"
#include "models/generation.h"
#include "models/recurrent.h"

namespace attention_lab::testing {

namespace {

/// The mask [T, S], [B, T, S] or [B, H, T, S] of a layer or model.
void set_cells(nn::AttentionOverrides& overrides, const Tensor& mask) {
  const std::size_t rank = mask.dims.size();
  const Index matrix = mask.dims[rank - 2] * mask.dims[rank - 1];
  overrides.cells = mask.bytes.data();
  overrides.cells_head_stride = rank == 4 ? matrix : 0;
  overrides.cells_batch_stride = rank == 4 ? mask.dims[1] * matrix : rank == 3 ? matrix : 0;
}

/// `mask`: the input that says who may attend.
nn::AttentionOverrides overrides_of(const Case& test_case, const char* mask = "mask") {
  nn::AttentionOverrides overrides;
  if (test_case.options.find("causal") && mask == std::string_view("mask"))
    overrides.causal = test_case.boolean("causal", false);
  overrides.temperature = static_cast<float>(test_case.number("temperature", 1.0));
  if (test_case.has(mask)) set_cells(overrides, test_case.inputs.at(mask));
  return overrides;
}

/// What one stack reads, with the mask that it points into.
struct StackInputs {
  std::vector<std::uint8_t> mask;
  models::ForwardInputs values;

  StackInputs(const Case& test_case, const nn::ImageConfig& image, const char* ids, const char* embeds,
              const char* attention_mask) {
    const bool pictures = test_case.has("pixelValues");
    const Tensor& first = test_case.inputs.at(pictures ? "pixelValues" : test_case.has(ids) ? ids : embeds);
    values.batch = first.dims[0], values.length = pictures ? image.length() : first.dims[1];
    (pictures ? values.pixel_values : values.inputs_embeds) = first.floats;
    values.input_ids = first.integers;
    if (!test_case.has(attention_mask)) return;
    const std::vector<int>& given = test_case.inputs.at(attention_mask).integers;
    mask.assign(given.begin(), given.end());
    values.attention_mask = mask;
  }
  StackInputs(const StackInputs&) = delete;
};

/// What Transformers' rules say of the token that comes `number`-th, or nullptr: the manifest has it, for the rules are the
/// package's and not C++'s.
const Json* rule(const Case& test_case, std::size_t number, const char* what) {
  return test_case.steps.is_array() ? test_case.steps.items().at(number).find(what) : nullptr;
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
    models::AttentionLayer layer(attention_config_of(test_case->config));
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

    const nn::ImageConfig& image = model.config().image;
    StackInputs first(*test_case, image, "inputIds", "inputsEmbeds", "attentionMask");
    if (test_case->has("tokenTypeIds")) first.values.token_type_ids = test_case->inputs.at("tokenTypeIds").integers;
    std::vector<std::uint8_t> global;
    if (test_case->has("globalAttentionMask")) {
      const std::vector<int>& marks = test_case->inputs.at("globalAttentionMask").integers;
      global.assign(marks.begin(), marks.end());
      first.values.global_attention_mask = global;
    }
    std::optional<StackInputs> second;
    if (model.encoder())
      second.emplace(*test_case, image, "decoderInputIds", "decoderInputsEmbeds", "decoderAttentionMask");
    models::ForwardInputs& inputs = second ? second->values : first.values;
    const Index B = inputs.batch, T = inputs.length;

    Expectations expectations(*test_case);
    for (const bool recorded : {false, true}) {
      Record record(model.activation_names());
      if (recorded) record.request_all();
      if (const Json* const edits = test_case->options.find("interventions"))
        for (const Json& edit : edits->items()) record.edit(intervention_of(*test_case, edit, model));
      if (model.encoder()) {
        const ConstMatrixView hidden = model.encode(first.values, overrides_of(*test_case, "encoderMask"), record);
        inputs.cross = {hidden, overrides_of(*test_case, "crossMask"), nullptr};
        if (!first.mask.empty()) inputs.cross.overrides.key_mask = first.mask.data();
        expectations.compare_if_expected("encoderLastHiddenState", hidden, {B, first.values.length, hidden.cols});
      }
      const models::ForwardOutput output = model.forward(inputs, overrides_of(*test_case), record);
      expectations.compare_if_expected("lastHiddenState", output.last_hidden_state,
                                       {B, T, output.last_hidden_state.cols});
      const Index L = output.logits.cols;
      expectations.compare_if_expected("logits", output.logits,
                                       model.config().labels_sequences() ? Shape{B, L} : Shape{B, T, L});
      expectations.compare_if_expected("poolerOutput", output.pooler_output, {B, output.pooler_output.cols});
      expectations.compare_if_expected(record);
      const auto compare_patterns = [&](const std::string& name, const std::vector<Site>& sites) {
        for (std::size_t l = 0; recorded && l < sites.size(); ++l)
          expectations.compare_if_expected(name + "." + std::to_string(l), record.values(sites[l]),
                                           record.shape(sites[l]));
      };
      compare_patterns(model.encoder() ? "decoderAttentions" : "attentions", model.stack().patterns());
      compare_patterns("crossAttentions", model.stack().cross_patterns());
      if (model.encoder()) compare_patterns("encoderAttentions", model.encoder()->patterns());
    }
  }
}

TEST_CASE("golden: a GRU agrees with PyTorch") {
  for (const Case* const test_case : some_cases_of("recurrent")) {
    const auto size = [&](const char* field) { return static_cast<Index>(test_case->config[field].number()); };
    models::Recurrent network({size("vocabSize"), size("inputSize"), size("hiddenSize"), size("numLayers")});
    set_parameters(network.parameters(), *test_case);
    const Tensor& read = test_case->inputs.at(test_case->has("inputIds") ? "inputIds" : "inputsEmbeds");
    const Index B = read.dims[0], T = read.dims[1];
    Matrix influence(B * T, T);
    Record record(network.activation_names());
    record.request_all();
    const ConstMatrixView states = network.forward({B, T, read.integers, read.floats}, view(influence), record);
    Expectations expectations(*test_case);
    expectations.compare_if_expected("lastHiddenState", states, {B, T, states.cols});
    expectations.compare_if_expected("influence", ConstMatrixView(view(influence)), {B, T, T});
    expectations.compare_if_expected(record);
  }
}

TEST_CASE("golden: greedy generation picks Transformers' tokens") {
  for (const Case* const test_case : some_cases_of("generation")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);
    std::vector<int> ids = test_case->inputs.at("inputIds").integers;
    const std::vector<float>& expected = test_case->expected.at("ids").floats;
    models::Source source;
    if (model.encoder()) {
      source.ids = ids;
      if (test_case->has("attentionMask")) {
        const std::vector<int>& mask = test_case->inputs.at("attentionMask").integers;
        source.mask.assign(mask.begin(), mask.end());
      }
      ids = {static_cast<int>(test_case->generation["decoder_start_token_id"].number())};
    }
    models::Generation generation(model, static_cast<Index>(expected.size()), {}, 0, source);
    const std::size_t given = ids.size();
    std::vector<int> unread = ids;
    while (ids.size() < expected.size()) {  // where it ends is the caller's business
      const std::size_t number = ids.size() - given;
      if (const Json* const forced = rule(*test_case, number, "forced")) {
        ids.push_back(static_cast<int>(forced->number()));
      } else {
        std::vector<int> suppressed;
        if (const Json* const list = rule(*test_case, number, "suppressed"))
          for (const Json& id : list->items()) suppressed.push_back(static_cast<int>(id.number()));
        ids.push_back(generation.next(unread, suppressed));
        unread.clear();
      }
      unread.push_back(ids.back());
    }
    const std::vector<float> found(ids.begin(), ids.end());
    Expectations(*test_case).compare_if_expected("ids", found, {static_cast<Index>(found.size())});
  }
}

/// Positions [first, first + count) of every sequence of a tensor [B, T, …], its values in rows of `width`.
template <class Value>
std::vector<Value> part_of(const std::vector<Value>& values, Index B, Index T, Index width, Index first, Index count) {
  std::vector<Value> part;
  for (Index b = 0; b < B && !values.empty(); ++b) {
    const auto begin = values.begin() + (b * T + first) * width;
    part.insert(part.end(), begin, begin + count * width);
  }
  return part;
}

TEST_CASE("golden: segments with mems agree with Transformer-XL's equations") {
  for (const Case* const test_case : some_cases_of("segments")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);
    const Index N = model.config().num_layers, D = model.config().d_model(), most = model.config().mem_length;
    const Tensor& first_input = test_case->inputs.at(test_case->has("inputIds") ? "inputIds" : "inputsEmbeds");
    const Index B = first_input.dims[0], T = first_input.dims[1];
    std::vector<std::vector<float>> mems(static_cast<std::size_t>(N));  // of each layer [B, M, D]
    std::vector<float> hidden(static_cast<std::size_t>(B * T * D)), logits;
    Expectations expectations(*test_case);
    Index first = 0, M = 0, number = 0;
    for (const Json& segment : test_case->options["segments"].items()) {
      const Index length = static_cast<Index>(segment.number());
      const std::vector<int> ids = part_of(first_input.integers, B, T, 1, first, length);
      const std::vector<float> embeds = part_of(first_input.floats, B, T, D, first, length);
      std::vector<std::uint8_t> mask;
      if (test_case->has("attentionMask"))
        for (const int bit : part_of(test_case->inputs.at("attentionMask").integers, B, T, 1, first, length))
          mask.push_back(static_cast<std::uint8_t>(bit));
      std::vector<float> joined;
      for (const std::vector<float>& of_layer : mems) joined.insert(joined.end(), of_layer.begin(), of_layer.end());
      models::ForwardInputs inputs;
      inputs.batch = B, inputs.length = length;
      inputs.input_ids = ids, inputs.inputs_embeds = embeds, inputs.attention_mask = mask;
      inputs.mems = {M, joined};

      Record record(model.activation_names()), nothing(model.activation_names());
      record.request_all();
      const auto copy_rows = [&](ConstMatrixView rows, std::vector<float>& to) {
        to.resize(static_cast<std::size_t>(B * T * rows.cols));
        for (Index b = 0; b < B; ++b)
          std::copy_n(rows.row(b * length), length * rows.cols, to.data() + (b * T + first) * rows.cols);
      };
      const std::vector<float> recorded = [&] {
        const ConstMatrixView rows = model.forward(inputs, {}, record).last_hidden_state;
        return std::vector<float>(rows.data, rows.data + rows.rows * rows.cols);
      }();
      const models::ForwardOutput output = model.forward(inputs, {}, nothing);  // fused
      CHECK_MESSAGE(compare({output.last_hidden_state.data, recorded.size()}, recorded, 1e-5, 1e-5), test_case->name);
      copy_rows(output.last_hidden_state, hidden);
      if (output.logits) copy_rows(output.logits, logits);

      const Index kept = std::min(most, M + length);
      for (Index l = 0; l < N; ++l) {
        const std::string name = std::to_string(number) + "." + std::to_string(l);
        expectations.compare_if_expected("attentions." + name, record.values(model.pattern(l)),
                                         record.shape(model.pattern(l)));
        const Site entered = model.activation_names().find("blocks." + std::to_string(l) + ".resid_pre");
        std::vector<float>& old = mems[static_cast<std::size_t>(l)];
        std::vector<float> next;
        for (Index b = 0; b < B; ++b) {
          std::vector<float> both(old.begin() + b * M * D, old.begin() + (b + 1) * M * D);
          const float* const now = record.values(entered).data() + b * length * D;
          both.insert(both.end(), now, now + length * D);
          next.insert(next.end(), both.end() - kept * D, both.end());
        }
        old = std::move(next);
      }
      M = kept, first += length, ++number;
    }
    expectations.compare_if_expected("lastHiddenState", hidden, {B, T, D});
    if (!logits.empty()) expectations.compare_if_expected("logits", logits, {B, T, model.config().vocab_size});
    for (Index l = 0; l < N && most > 0; ++l)
      expectations.compare_if_expected("mems." + std::to_string(l), mems[static_cast<std::size_t>(l)], {B, M, D});
  }
}

}  // namespace attention_lab::testing
