// Properties that every model must have, whatever its weights; agreement with PyTorch is tested in tests/cpp/golden.
#include "models/model.h"

#include <doctest/doctest.h>

#include <functional>

#include "compare.h"
#include "message_of.h"

using namespace attention_lab;
using attention_lab::models::ForwardInputs;
using attention_lab::models::ForwardOutput;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::testing::compare;
using attention_lab::testing::message_of;

namespace {

ModelConfig small_bert() {
  ModelConfig config;
  config.vocab_size = 50;
  config.max_len = 12;
  config.type_vocab_size = 2;
  config.num_layers = 2;
  config.positions = ModelConfig::Positions::learned;
  config.embed_norm = true;
  config.block.attention.d_model = 12;
  config.block.attention.num_heads = 3;
  config.block.attention.d_head = 4;
  config.block.mlp.d_ff = 20;
  config.pooler = true;
  config.masked_lm_head = true;
  return config;
}

std::vector<float> copy(ConstMatrixView m) { return {m.data, m.data + m.rows * m.stride}; }

std::vector<float> run(Model& model, const ForwardInputs& inputs, nn::AttentionOverrides overrides = {}) {
  Record record(model.activation_names());
  return copy(model.forward(inputs, overrides, record).last_hidden_state);
}

std::span<const float> rows(const std::vector<float>& hidden, std::size_t first, std::size_t count, std::size_t d) {
  return std::span(hidden).subspan(first * d, count * d);
}

const std::vector<int> kIds = {7, 3, 3, 41, 9, 20, 11, 5};

}  // namespace

TEST_CASE("rows of a pattern sum to 1") {
  Model model(small_bert());
  model.initialise(1);
  Record record(model.activation_names());
  record.request(model.pattern(1));
  model.forward({2, 4, kIds, {}, {}, {}}, {}, record);
  CHECK(record.shape(model.pattern(1)) == Shape{2, 3, 4, 4});
  const std::span<const float> pattern = record.values(model.pattern(1));
  for (std::size_t row = 0; row < pattern.size(); row += 4) {
    const std::vector<float> sum = {pattern[row] + pattern[row + 1] + pattern[row + 2] + pattern[row + 3]};
    CHECK(compare(sum, std::vector<float>{1.0f}, 1e-6, 0));
  }
}

TEST_CASE("a batch gives what its sequences give one by one") {
  Model model(small_bert());
  model.initialise(2);
  const std::vector<float> together = run(model, {2, 4, kIds, {}, {}, {}});
  for (std::size_t b = 0; b < 2; ++b) {
    const std::vector<float> alone = run(model, {1, 4, std::span(kIds).subspan(b * 4, 4), {}, {}, {}});
    CHECK(compare(rows(together, b * 4, 4, 12), alone, 1e-6, 1e-6));
  }
}

TEST_CASE("padding changes nothing before it") {
  Model model(small_bert());
  model.initialise(3);
  const std::vector<float> alone = run(model, {1, 5, std::span(kIds).first(5), {}, {}, {}});
  const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 1, 0, 0, 0};
  const std::vector<float> padded = run(model, {1, 8, kIds, {}, mask, {}});
  CHECK(compare(rows(padded, 0, 5, 12), alone, 1e-6, 1e-6));
}

TEST_CASE("causal outputs do not depend on later tokens") {
  Model model(small_bert());
  model.initialise(4);
  nn::AttentionOverrides causal;
  causal.causal = true;
  std::vector<int> changed = kIds;
  changed[7] = 49;
  const std::vector<float> one = run(model, {1, 8, kIds, {}, {}, {}}, causal);
  const std::vector<float> other = run(model, {1, 8, changed, {}, {}, {}}, causal);
  CHECK(compare(rows(one, 0, 7, 12), rows(other, 0, 7, 12), 0, 0));
  CHECK_FALSE(compare(rows(one, 7, 1, 12), rows(other, 7, 1, 12), 1e-6, 1e-6));
}

TEST_CASE("recording everything, or editing nothing away, leaves the output as it was") {
  for (const auto norm : {nn::BlockConfig::NormPlacement::post, nn::BlockConfig::NormPlacement::pre}) {
    ModelConfig config = small_bert();
    config.block.norm = norm;
    config.final_norm = true;
    Model model(config);
    model.initialise(5);
    const ForwardInputs inputs{2, 4, kIds, {}, {}, {}};
    const std::vector<float> plain = run(model, inputs);

    Record everything(model.activation_names());
    everything.request_all();
    CHECK(compare(copy(model.forward(inputs, {}, everything).last_hidden_state), plain, 1e-6, 1e-6));
    for (Site site = 0; site < model.activation_names().size(); ++site)
      CHECK_MESSAGE(everything.has(site), model.activation_names().name(site));

    for (Site site = 0; site < model.activation_names().size(); ++site) {
      Record edited(model.activation_names());
      Intervention nothing;
      nothing.at = site, nothing.op = Intervention::Op::scale, nothing.value = 1.0f;
      edited.edit(nothing);
      CHECK_MESSAGE(compare(copy(model.forward(inputs, {}, edited).last_hidden_state), plain, 1e-6, 1e-6),
                    model.activation_names().name(site));
    }
  }
}

TEST_CASE("an edit of every activation changes what comes after it") {
  Model model(small_bert());
  model.initialise(6);
  const ForwardInputs inputs{2, 4, kIds, {}, {}, {}};
  const std::vector<float> plain = run(model, inputs);
  for (Site site = 0; site < model.activation_names().size(); ++site) {
    if (model.activation_names().name(site) == "logits") continue;  // nothing comes after it but the result itself
    Record edited(model.activation_names());
    Intervention intervention;
    intervention.at = site, intervention.op = Intervention::Op::scale, intervention.value = -2.0f;
    edited.edit(intervention);
    CHECK_FALSE_MESSAGE(compare(copy(model.forward(inputs, {}, edited).last_hidden_state), plain, 1e-4, 0),
                        model.activation_names().name(site));
  }
}

TEST_CASE("the same seed gives the same weights, another seed others") {
  const auto weights = [](std::uint64_t seed) {
    Model model(small_bert());
    model.initialise(seed);
    const Parameter& q = find_parameter(model.parameters(), "blocks.1.attn.q_proj.weight");
    std::vector<float> values(144);
    q.get(values);
    return values;
  };
  CHECK(weights(7) == weights(7));
  CHECK(weights(7) != weights(8));
}

TEST_CASE("parameters come out as they went in") {
  Model model(small_bert());
  for (const Parameter& parameter : model.parameters()) {
    std::vector<float> in(static_cast<std::size_t>(element_count(parameter.dims)));
    for (std::size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i) + 0.5f;
    parameter.set(in);
    std::vector<float> out(in.size());
    parameter.get(out);
    CHECK_MESSAGE(in == out, parameter.name);
  }
}

TEST_CASE("bad inputs are refused by name, and the model goes on working") {
  Model model(small_bert());
  model.initialise(8);
  const ForwardInputs good{1, 8, kIds, {}, {}, {}};
  const std::vector<float> before = run(model, good);
  const auto refused = [&](const ForwardInputs& inputs) { return message_of([&] { run(model, inputs); }); };

  const std::vector<int> outside = {1, 50}, negative = {-1, 0}, types = {0, 2};
  const std::vector<int> long_ids(13, 1);
  const std::vector<float> embeds(10);
  CHECK(refused({1, 2, outside, {}, {}, {}}) == "range: inputIds[1]: expected 0 to 49, got 50");
  CHECK(refused({1, 2, negative, {}, {}, {}}) == "range: inputIds[0]: expected 0 to 49, got -1");
  CHECK(refused({1, 2, kIds, {}, {}, {}}) == "shape: inputIds: expected 2 values, got 8");
  CHECK(refused({1, 13, long_ids, {}, {}, {}}) == "range: inputs: expected at most 12 tokens (maxLen), got 13");
  CHECK(refused({1, 2, std::span(kIds).first(2), {}, {}, types}) == "range: tokenTypeIds[1]: expected 0 to 1, got 2");
  CHECK(refused({1, 2, {}, embeds, {}, {}}) == "shape: inputsEmbeds: expected 24 values, got 10");
  CHECK(refused({0, 0, {}, {}, {}, {}}).starts_with("shape: inputs: expected at least one sequence"));
  CHECK(run(model, good) == before);
}

TEST_CASE("configs that do not fit together are refused by name") {
  const auto refused = [](const std::function<void(ModelConfig&)>& spoil) {
    ModelConfig config = small_bert();
    spoil(config);
    return message_of([&] { Model model(config); });
  };
  CHECK(refused([](ModelConfig& c) { c.num_layers = 0; }) == "config: numLayers: expected at least 1, got 0");
  CHECK(refused([](ModelConfig& c) { c.max_len = 0; }) == "config: maxLen: expected at least 1, got 0");
  CHECK(refused([](ModelConfig& c) { c.block.attention.num_heads = 0; }).starts_with("config: numHeads"));
  CHECK(refused([](ModelConfig& c) { c.vocab_size = 0; }).starts_with("config: maskedLmHead"));
  CHECK(refused([](ModelConfig& c) { c.block.norm_eps = 0; }).starts_with("config: normEps"));
  CHECK(refused([](ModelConfig& c) { c.vocab_size = 2000000000; }).starts_with("memory: this config has"));
  CHECK(refused([](ModelConfig& c) {
          c.block.attention.out_projection = false;
          c.block.attention.d_head = 5;
        }).starts_with("config: attention without an output projection"));
}

TEST_CASE("a pass that begins at a block gives what the whole pass gives, to the last bit") {
  Model model(small_bert());
  model.initialise(3);
  const ActivationNames& names = model.activation_names();
  const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 1, 1, 1, 0};
  Record whole(names);
  const char* const places[] = {"blocks.0.resid_pre", "blocks.1.resid_pre", "blocks.1.resid_post"};
  for (const char* const place : places) whole.request(names.find(place));
  const std::vector<float> logits = copy(model.forward({2, 4, kIds, {}, mask, {}}, {}, whole).logits);
  for (Index layer = 0; layer <= 2; ++layer) {
    ForwardInputs inputs{2, 4, {}, {}, mask, {}};
    inputs.start = {layer, whole.values(names.find(places[layer]))};
    Record record(names);
    CHECK(copy(model.forward(inputs, {}, record).logits) == logits);

    record.request(names.find("embed"));
    CHECK(message_of([&] { model.forward(inputs, {}, record); }).ends_with("and never makes 'embed'"));
  }
  const auto message = [&](Index layer, std::size_t count) {
    ForwardInputs inputs{2, 4, {}, {}, {}, {}};
    inputs.start = {layer, whole.values(names.find(places[0])).first(count)};
    return message_of([&] { run(model, inputs); });
  };
  CHECK(message(3, 96) == "range: start.layer: expected 0 to 2, got 3");
  CHECK(message(0, 95) == "shape: start.resid: expected 96 values, got 95");
}
