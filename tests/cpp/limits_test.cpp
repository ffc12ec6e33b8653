// What a config, an input or a file may say: sizes whose products overflow are refused before memory is taken, and every table
// that is indexed by outside data refuses what lies beyond it. The 32-bit build of the fuzzers runs the same (tests/fuzz).
#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "kernels/checked.h"
#include "kernels/workspace.h"
#include "message_of.h"
#include "models/attention_layer.h"
#include "models/generation.h"
#include "models/recurrent.h"
#include "train/trainer.h"

using namespace attention_lab;
using attention_lab::kernels::checked_product;
using attention_lab::kernels::checked_sum;
using attention_lab::kernels::kMostFloats;
using attention_lab::models::ForwardInputs;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::testing::message_of;
using Positions = ModelConfig::Positions;

namespace {

constexpr Index kLargest = std::numeric_limits<std::int32_t>::max();

ModelConfig small() {
  ModelConfig config;
  config.vocab_size = 9;
  config.max_len = 6;
  config.num_layers = 1;
  config.positions = Positions::learned;
  config.block.attention.d_model = 4;
  config.block.attention.num_heads = 2;
  config.block.attention.d_head = 2;
  config.block.mlp.d_ff = 3;
  config.lm_head = true;
  return config;
}

std::string refused(const std::function<void(ModelConfig&)>& spoil) {
  ModelConfig config = small();
  spoil(config);
  return message_of([&] { Model model(config); });
}

/// What a forward pass of the config says to the inputs.
std::string said(const ModelConfig& config, const ForwardInputs& inputs) {
  Model model(config);
  model.initialise(1);
  Record record(model.activation_names());
  return message_of([&] { model.forward(inputs, {}, record); });
}

}  // namespace

TEST_CASE("a sum or product of sizes is right or refused") {
  CHECK(checked_sum(3, 4) == 7);
  CHECK(checked_sum(kMostFloats, 0) == kMostFloats);
  CHECK_THROWS_AS(checked_sum(kMostFloats, 1), std::bad_alloc);
  CHECK_THROWS_AS(checked_sum(-1, 1), std::bad_alloc);
  CHECK(checked_product(1 << 14, 1 << 14) == 1 << 28);
  CHECK(checked_product(0, kMostFloats) == 0);
  for (const auto& [a, b] :
       {std::pair<Index, Index>{65536, 65536}, {1 << 20, 2048}, {kLargest, kLargest}, {-1, -1}, {0, kLargest}})
    CHECK_THROWS_AS(checked_product(a, b), std::bad_alloc);

  CHECK(element_count({3, 0, kLargest}) == 0);
  CHECK(message_of([] { element_count({65536, 65536}); }) ==
        "memory: a tensor of shape [65536, 65536] is larger than 2 GiB");
  CHECK(message_of([] {
          element_count({kLargest, kLargest, kLargest, kLargest, kLargest, kLargest});
        }).starts_with("memory"));
  CHECK(message_of([] { element_count({-1, -1}); }).starts_with("shape"));

  kernels::Workspace workspace;
  CHECK_THROWS_AS(workspace.take(1 << 20, 2048), std::bad_alloc);
  CHECK_THROWS_AS(workspace.take(65536, 65536), std::bad_alloc);
  CHECK_THROWS_AS(workspace.zeros(-1, 1), std::bad_alloc);
  CHECK_THROWS_AS(workspace.take(-5), std::bad_alloc);
  CHECK(workspace.capacity() == 0);
  CHECK_THROWS_AS(kernels::PackedView::storage_size(kLargest, 1), std::bad_alloc);
  CHECK_THROWS_AS(kernels::PackedView::storage_size(1 << 20, 1 << 10), std::bad_alloc);
}

TEST_CASE("a config whose sizes overflow is refused, whichever they are") {
  using Change = std::function<void(ModelConfig&, Index)>;
  const std::pair<const char*, Change> sizes[] = {
      {"dModel", [](ModelConfig& c, Index n) { c.block.attention.d_model = n; }},
      {"numLayers", [](ModelConfig& c, Index n) { c.num_layers = n; }},
      {"vocabSize", [](ModelConfig& c, Index n) { c.vocab_size = n; }},
      {"typeVocabSize", [](ModelConfig& c, Index n) { c.type_vocab_size = n; }},
      {"positionOffset", [](ModelConfig& c, Index n) { c.position_offset = n; }},
      {"maxLen", [](ModelConfig& c, Index n) { c.max_len = n; }},
      {"dFf", [](ModelConfig& c, Index n) { c.block.mlp.d_ff = n; }},
      {"numHeads", [](ModelConfig& c, Index n) { c.block.attention.num_heads = n; }},
      {"dHead", [](ModelConfig& c, Index n) { c.block.attention.d_head = n; }},
      {"both", [](ModelConfig& c, Index n) { c.block.attention.num_heads = c.block.attention.d_head = n; }},
      {"numLabels", [](ModelConfig& c, Index n) { c.lm_head = false, c.num_labels = n; }},
      {"the heads of ALiBi",
       [](ModelConfig& c, Index n) { c.positions = Positions::alibi, c.block.attention.num_heads = n; }},
      {"numBuckets",
       [](ModelConfig& c, Index n) { c.positions = Positions::t5_bias, c.t5_bias = {n, kLargest, false}; }},
      {"image", [](ModelConfig& c, Index n) { c.vocab_size = 0, c.lm_head = false, c.image = {n, n, n, 1, 1}; }},
      {"patches",
       [](ModelConfig& c, Index n) { c.vocab_size = 0, c.lm_head = false, c.image = {n, n, 1, n, n}, c.max_len = 2; }},
  };
  for (const auto& [name, change] : sizes) {
    CAPTURE(name);
    for (const Index size : {Index{-1}, -kLargest, Index{65536} * 4096, Index{1} << 30, kLargest}) {
      CAPTURE(size);
      const std::string message = refused([&](ModelConfig& c) { change(c, size); });
      CHECK((message.starts_with("config: ") || message.starts_with("memory: ") || message.starts_with("shape: ")));
    }
  }
  CHECK(refused([](ModelConfig& c) {
          c.block.attention.num_heads = c.block.attention.d_head = 65536;
        }).starts_with("memory: this config has"));
  CHECK(message_of([] {
          nn::MultiHeadAttentionConfig config;
          config.d_model = 8, config.num_heads = config.d_head = 65536;
          models::AttentionLayer layer(config);
        }) == "memory: a tensor of shape [65536, 65536] is larger than 2 GiB");
  CHECK(refused([](ModelConfig& c) { c.num_layers = 5000; }) == "config: numLayers: expected at most 1024, got 5000");
  for (const models::RecurrentConfig config : {models::RecurrentConfig{0, 1, kLargest, 1},
                                               {0, kLargest, 1, 1},
                                               {0, 1, 1, kLargest},
                                               {kLargest, kLargest, 1, 1}})
    CHECK(message_of([&] { models::Recurrent network(config); }).starts_with("memory: "));
}

TEST_CASE("a window wider than any sequence is none") {
  const std::vector<int> ids = {3, 1, 4, 1, 5};
  const auto run = [&](Index window) {
    ModelConfig config = small();
    config.block.attention.window = window;
    Model model(config);
    model.initialise(1);
    Record record(model.activation_names());
    const ConstMatrixView y = model.forward({1, 5, ids, {}, {}, {}}, {}, record).last_hidden_state;
    return std::vector<float>(y.data, y.data + 20);
  };
  CHECK(run(kLargest) == run(-1));
  CHECK(run(kLargest - 1) == run(5));
  CHECK(run(1) != run(-1));
}

TEST_CASE("padding has a row of the positions' table, or the config is refused") {
  for (const Positions positions : {Positions::learned, Positions::sinusoidal, Positions::sinusoidal_halves}) {
    const auto with = [&](int id) {
      return refused([&](ModelConfig& c) { c.positions = positions, c.position_offset = 2, c.pad_token_id = id; });
    };
    CHECK(with(7) == "no error");
    CHECK(with(8) ==
          "config: padTokenId: expected below 8, the rows of the positions' table, where padding has the row of its "
          "id; got 8");
    CHECK(with(std::numeric_limits<int>::max()).starts_with("config: padTokenId"));
  }
  CHECK(refused([](ModelConfig& c) { c.positions = Positions::rotary, c.pad_token_id = 8; }) == "no error");
}

TEST_CASE("rotary positions have angles that sine and cosine take, or the config is refused") {
  const auto with = [](double theta, double linear_factor) {
    return refused([&](ModelConfig& c) {
      c.positions = Positions::rotary, c.block.attention.num_heads = 1, c.block.attention.d_head = 4;
      c.rotary.theta = theta, c.rotary.linear_factor = linear_factor;
    });
  };
  for (const double theta : {10000.0, 1.0, 1e-10, 1e300}) CHECK(with(theta, 1.0) == "no error");
  for (const double theta : {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN()})
    CHECK(with(theta, 1.0) == "config: theta: expected a number above 0");
  const std::string beyond = "config: rotary: expected a theta and factors whose angles stay within 1e9 radians";
  for (const double theta : {1e-20, 1e-300}) CHECK(with(theta, 1.0).starts_with(beyond));
  for (const double factor : {1e-20, 1e-300}) CHECK(with(10000.0, factor).starts_with(beyond));
}

// Every table that is indexed by outside data, and where it is checked:
//   token embeddings              nn::Embedding::forward; backward reads the ids of the forward pass before it
//   token types                   the same
//   learned and fixed positions   models::check (maxLen, padTokenId), Stack::check (lengths), and PositionEmbedding::row
//   rotary table                  grows with the positions that Stack::check let through
//   biases by distance            made of T and S themselves; t5_bucket ends at its last bucket
//   logits by labels              train::cross_entropy
//   logits by suppressed ids      Generation::next; by ids that were read: the forward pass before
//   masks of keys, cells, global  Stack::check and bindings::broadcast_of: sizes; a mask's values index nothing
//   disagreement weights          Trainer::run
//   blocks by start.layer         Stack::check
//   axes by interventions         select() of nn/record.cpp; names by ActivationNames::find
//   parameters by name and row    find_parameter, Parameterised::set_rows of the bindings
//   key-value caches              Stack::check against the capacity
//   pictures                      Stack::check: pixels and patches
TEST_CASE("every table that is indexed by outside data refuses what lies beyond it") {
  const std::vector<int> ids = {3, 1, 4}, beyond = {3, 9, 4}, negative = {3, -1, 4}, types = {0, 2, 0};
  const std::vector<float> numbers(64, 0.5f);
  const std::vector<std::uint8_t> mask(4, 1);
  const ModelConfig config = small();
  ForwardInputs good{1, 3, ids, {}, {}, {}};
  CHECK(said(config, good) == "no error");
  const auto with = [&](const std::function<void(ForwardInputs&)>& change) {
    ForwardInputs inputs = good;
    change(inputs);
    return said(config, inputs);
  };
  CHECK(with([&](ForwardInputs& i) { i.input_ids = beyond; }) == "range: inputIds[1]: expected 0 to 8, got 9");
  CHECK(with([&](ForwardInputs& i) { i.input_ids = negative; }) == "range: inputIds[1]: expected 0 to 8, got -1");
  CHECK(with([&](ForwardInputs& i) { i.token_type_ids = types; }).starts_with("value: tokenTypeIds"));
  CHECK(with([&](ForwardInputs& i) { i.attention_mask = mask; }).starts_with("shape: attentionMask"));
  CHECK(with([&](ForwardInputs& i) { i.global_attention_mask = mask; }).starts_with("value: globalAttentionMask"));
  CHECK(with([&](ForwardInputs& i) { i.length = 7; }).starts_with("shape: inputIds"));
  CHECK(with([&](ForwardInputs& i) { i.batch = -1; }).starts_with("shape: "));
  CHECK(with([&](ForwardInputs& i) { i.batch = i.length = kLargest; }).starts_with("memory: "));
  CHECK(with([&](ForwardInputs& i) { i.inputs_embeds = std::span(numbers).first(12); }).starts_with("value: inputs"));
  CHECK(with([&](ForwardInputs& i) { i.pixel_values = numbers; }).starts_with("value: inputs"));
  CHECK(with([&](ForwardInputs& i) { i.input_ids = {}; }).starts_with("value: inputs"));
  CHECK(with([&](ForwardInputs& i) { i.start.layer = 5; }) == "no error");  // counts only with a resid
  CHECK(with([&](ForwardInputs& i) {
          i.input_ids = {};
          i.start = {2, std::span(numbers).first(12)};
        }) == "range: start.layer: expected 0 to 1, got 2");
  CHECK(with([&](ForwardInputs& i) { i.mems.length = -1; }).starts_with("config: mems"));
  CHECK(with([&](ForwardInputs& i) { i.mems.length = 3; }).starts_with("shape: mems"));

  ModelConfig typed = config;
  typed.type_vocab_size = 2;
  ForwardInputs with_types = good;
  with_types.token_type_ids = types;
  CHECK(said(typed, with_types) == "range: tokenTypeIds[1]: expected 0 to 1, got 2");

  Model model(config);
  model.initialise(1);
  train::Trainer trainer(model, {});
  const auto learn = [&](const std::function<void(train::Batch&)>& change) {
    const std::vector<int> labels = {1, 2, 3};
    train::Batch batch;
    batch.inputs = good;
    batch.labels = labels;
    change(batch);
    return message_of([&] { trainer.step(batch); });
  };
  CHECK(learn([](train::Batch&) {}) == "no error");
  const std::vector<int> high = {1, 9, 3}, low = {1, -101, 3};
  CHECK(learn([&](train::Batch& b) { b.labels = high; }) == "range: labels[1]: expected 0 to 8, got 9");
  CHECK(learn([&](train::Batch& b) { b.labels = low; }).starts_with("range: labels[1]"));
  CHECK(learn([&](train::Batch& b) { b.labels = std::span(ids).first(2); }).starts_with("shape: labels"));
  CHECK(
      learn([&](train::Batch& b) { b.disagreement = std::span(numbers).first(5); }).starts_with("shape: disagreement"));
  CHECK(learn([&](train::Batch& b) {
          b.inputs.input_ids = {};
          b.inputs.start = {0, std::span(numbers).first(12)};
        }).starts_with("value: batch"));

  CHECK(message_of([&] {
          train::Optimizer(train::OptimizerConfig{.warmup_steps = -1}, ParameterBlocks(model.parameters()));
        }).starts_with("config: warmupSteps"));
  for (const double steps : {-1.0, 1e300, std::numeric_limits<double>::quiet_NaN()})
    CHECK(message_of([&] { trainer.optimizer().set_steps(steps); }).starts_with("value: step"));
  trainer.optimizer().set_steps(static_cast<double>(kLargest));
  CHECK(learn([](train::Batch&) {}) == "no error");
  CHECK(trainer.optimizer().steps() == std::int64_t{kLargest} + 1);

  ModelConfig causal = config;
  causal.block.attention.causal = true;
  Model writer(causal);
  writer.initialise(1);
  for (const Index capacity : {Index{-1}, Index{0}, -kLargest})
    CHECK(message_of([&] { models::Generation(writer, capacity, {}, 0); }).starts_with("config: capacity"));
  models::Generation generation(writer, 3, {}, 0);
  const std::vector<int> suppressed = {9};
  CHECK(message_of([&] { generation.next(ids, suppressed); }) == "range: suppressed: expected 0 to 8, got 9");
  CHECK(message_of([&] { generation.next(ids); }) == "no error");  // the failure before left no trace
  CHECK(message_of([&] { generation.next(ids); }).starts_with("range: inputs: expected at most 3 tokens"));
  ModelConfig longest = causal;
  longest.positions = Positions::rotary, longest.max_len = kMostFloats;
  CHECK(message_of([&] {
          Model model_of_any_length(longest);
          models::Generation(model_of_any_length, kLargest, {}, 0);
        }).starts_with("memory: "));

  Record record(model.activation_names());
  const auto edited = [&](const std::function<void(Intervention&)>& change) {
    Record edits(model.activation_names());
    Intervention intervention;
    intervention.at = model.activation_names().find("blocks.0.attn.pattern");
    change(intervention);
    return message_of([&] {
      edits.edit(intervention);
      model.forward(good, {}, edits);
    });
  };
  CHECK(edited([](Intervention&) {}) == "no error");
  CHECK(edited([](Intervention& i) { i.head = 2; }).starts_with("range: "));
  CHECK(edited([](Intervention& i) { i.query = kLargest; }).starts_with("range: "));
  CHECK(edited([](Intervention& i) { i.index = 0; }).starts_with("name: "));
  CHECK(edited([](Intervention& i) {
          i.op = Intervention::Op::set, i.operand = Intervention::Operand::selection;
          i.values.assign(3, 0.0f), i.values_shape = {1, 2, 3, 3};
        }).starts_with("shape: interventions"));
}
