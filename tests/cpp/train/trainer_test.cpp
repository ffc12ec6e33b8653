// What a trainer promises: the same run for the same start, errors that leave the weights alone, no memory once it is warm.
#include "train/trainer.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "message_of.h"

using namespace attention_lab;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::testing::message_of;
using attention_lab::train::OptimizerConfig;
using attention_lab::train::Trainer;

namespace {

const std::vector<int> kIds = {7, 3, 3, 1, 9, 10, 11, 5, 2, 8};  // [2, 5]
const std::vector<int> kLabels = {3, 3, 1, 9, train::kIgnored, 11, 5, 2, 8, train::kIgnored};

ModelConfig small() {
  ModelConfig config;
  config.vocab_size = 12;
  config.max_len = 7;
  config.num_layers = 2;
  config.positions = ModelConfig::Positions::learned;
  config.block.attention.d_model = 12;
  config.block.attention.num_heads = 3;
  config.block.attention.d_head = 4;
  config.block.attention.causal = true;
  config.block.mlp.d_ff = 20;
  config.block.mlp.activation = kernels::Activation::gelu;
  config.lm_head = true;
  return config;
}

const train::Batch kBatch{{2, 5, kIds, {}, {}, {}}, {}, {}, kLabels, {}};

std::vector<float> weights_of(const Model& model) {
  std::vector<float> all;
  for (const Parameter& parameter : model.parameters()) {
    std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
    parameter.get(values);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::vector<float> trained(int steps) {
  Model model(small());
  model.initialise(1);
  Trainer trainer(model, {});
  for (int i = 0; i < steps; ++i) trainer.step(kBatch);
  return weights_of(model);
}

}  // namespace

TEST_CASE("the learning rate rises, then falls along half a cosine") {
  OptimizerConfig config;
  config.lr = 2.0;
  config.warmup_steps = 4;
  config.total_steps = 12;
  CHECK(train::learning_rate(config, 0) == 0.0);
  CHECK(train::learning_rate(config, 1) == 0.5);
  CHECK(train::learning_rate(config, 4) == 2.0);
  CHECK(train::learning_rate(config, 8) == doctest::Approx(1.0));
  CHECK(train::learning_rate(config, 10) == doctest::Approx(1.0 - std::sqrt(0.5)));
  CHECK(train::learning_rate(config, 12) == 0.0);
  CHECK(train::learning_rate(config, 100) == 0.0);
  config.total_steps = 0;
  CHECK(train::learning_rate(config, 100) == 2.0);
  config.warmup_steps = 0;
  CHECK(train::learning_rate(config, 0) == 2.0);
}

TEST_CASE("training makes the loss small, and the same run twice gives the same weights") {
  Model model(small());
  model.initialise(1);
  OptimizerConfig config;
  config.lr = 0.01;
  Trainer trainer(model, config);
  const train::Evaluation before = trainer.evaluate(kBatch);
  train::StepResult result = trainer.step(kBatch);
  CHECK(result.loss == before.loss);
  CHECK(result.step == 1);
  for (int i = 0; i < 100; ++i) result = trainer.step(kBatch);
  CHECK(result.step == 101);
  CHECK(trainer.evaluate(kBatch).loss < 0.05);
  CHECK(trainer.evaluate(kBatch).accuracy == 1.0);
  CHECK(trained(20) == trained(20));
}

TEST_CASE("a layer without a bias stays without one") {
  ModelConfig config = small();
  config.block.attention.bias = config.block.attention.out_bias = config.block.mlp.mlp_bias = false;
  Model model(config);
  model.initialise(1);
  Trainer trainer(model, {});
  for (int i = 0; i < 5; ++i) trainer.step(kBatch);
  // The forward pass reads the room for biases: a model that is given the same weights computes the same.
  Model other(config);
  for (const Parameter& parameter : model.parameters()) {
    std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
    parameter.get(values);
    find_parameter(other.parameters(), parameter.name).set(values);
  }
  CHECK(Trainer(other, {}).evaluate(kBatch).loss == trainer.evaluate(kBatch).loss);
}

TEST_CASE("a loss or a gradient that is not finite leaves the weights alone") {
  Model model(small());
  model.initialise(1);
  Trainer trainer(model, {});
  const Parameter& parameter = find_parameter(model.parameters(), "blocks.1.mlp.fc2.bias");
  std::vector<float> bias(12);
  bias[3] = std::numeric_limits<float>::quiet_NaN();
  parameter.set(bias);
  const Parameter& other = find_parameter(model.parameters(), "embed.token.weight");
  std::vector<float> before(12 * 12), after(12 * 12);
  other.get(before);
  CHECK(message_of([&] { trainer.step(kBatch); }).starts_with("not_finite: the loss is NaN"));
  CHECK(message_of([&] { trainer.evaluate(kBatch); }).starts_with("not_finite: the loss is NaN"));
  other.get(after);
  CHECK(before == after);
  bias[3] = 0.0f;
  parameter.set(bias);
  CHECK(trainer.step(kBatch).step == 1);
}

TEST_CASE("labels that cannot be are refused by name") {
  Model model(small());
  Trainer trainer(model, {});
  const auto message = [&](std::vector<int> labels) {
    train::Batch batch = kBatch;
    batch.labels = labels;
    return message_of([&] { trainer.step(batch); });
  };
  CHECK(message({1, 2}) == "shape: labels: expected 10 values, got 2");
  CHECK(message(std::vector<int>(10, -100)) == "value: labels: expected at least one other than -100");
  std::vector<int> labels = kLabels;
  labels[2] = 12;
  CHECK(message(labels) == "range: labels[2]: expected 0 to 11, got 12");
  labels[2] = -1;
  CHECK(message(labels) == "range: labels[2]: expected 0 to 11, got -1");
}

TEST_CASE("interventions that do not fit leave the trainer as it was") {
  Model model(small());
  model.initialise(1);
  Trainer trainer(model, {});
  const double loss = trainer.evaluate(kBatch).loss;
  Intervention intervention;
  intervention.at = model.activation_names().find("blocks.0.attn.pattern");
  intervention.index = 0;  // a pattern has no index
  CHECK(message_of([&] { trainer.set_interventions({intervention}); }).starts_with("name: "));
  CHECK(trainer.evaluate(kBatch).loss == loss);
  intervention.index = -1;
  trainer.set_interventions({intervention});
  CHECK(trainer.evaluate(kBatch).loss != loss);
  trainer.step(kBatch);
}
