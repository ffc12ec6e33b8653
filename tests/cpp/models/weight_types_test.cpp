// Every kind of model with its matrices as f16 and int8: against f32 with the same values, and what only f32 can do.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "../message_of.h"
#include "../some_models.h"
#include "models/model.h"
#include "train/trainer.h"

using namespace attention_lab;
using namespace attention_lab::testing;
using kernels::WeightType;

namespace {

models::ModelConfig with_type(models::ModelConfig config, WeightType type) {
  models::set_weights(config, type);
  return config;
}

std::vector<float> values_of(const Parameter& parameter) {
  std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
  parameter.get(values);
  return values;
}

std::vector<float> run(const SomeModel& some, models::Model& model) {
  Record record(model.activation_names());
  return some.forward(model, record);
}

/// A model of f32 with the values that the narrower one has.
void copy_parameters(const models::Model& from, models::Model& to) {
  for (std::size_t i = 0; i < from.parameters().size(); ++i) to.parameters()[i].set(values_of(from.parameters()[i]));
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0.0, aa = 0.0, bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    dot += x * y, aa += x * x, bb += y * y;
  }
  return dot / std::sqrt(aa * bb);
}

}  // namespace

TEST_CASE("a model of f16 gives what f32 gives with its values, to the last bit") {
  for (const SomeModel& some : some_models()) {
    models::Model half(with_type(some.config, WeightType::f16)), wide(some.config);
    half.initialise(3);
    copy_parameters(half, wide);
    CHECK_MESSAGE(run(some, half) == run(some, wide), some.name);
  }
}

TEST_CASE("a model of int8 gives nearly what f32 gives with its values") {
  for (const SomeModel& some : some_models()) {
    models::Model narrow(with_type(some.config, WeightType::int8)), wide(some.config);
    narrow.initialise(3);
    copy_parameters(narrow, wide);
    const double same = cosine(run(some, narrow), run(some, wide));
    CHECK_MESSAGE(same > 0.999, some.name << ": cosine " << same);
  }
}

TEST_CASE("parameters come back as they are stored, and storing them again changes nothing") {
  for (const WeightType type : {WeightType::f16, WeightType::int8})
    for (const SomeModel& some : some_models()) {
      models::Model model(with_type(some.config, type));
      model.initialise(5);
      const std::vector<float> before = run(some, model);
      for (const Parameter& parameter : model.parameters()) parameter.set(values_of(parameter));
      CHECK_MESSAGE(run(some, model) == before, some.name);
    }
}

TEST_CASE("a trainer refuses weights that are not f32, and says which they are") {
  const models::ModelConfig& config = some_models().front().config;
  models::Model narrow(with_type(config, WeightType::int8)), half(with_type(config, WeightType::f16));
  CHECK(message_of([&] { train::Trainer trainer(narrow, {}); }) ==
        "config: trainer: expected a model of dtype f32, got int8: only f32 weights can be trained");
  CHECK(message_of([&] { train::Trainer trainer(half, {}); }) ==
        "config: trainer: expected a model of dtype f32, got f16: only f32 weights can be trained");
}

TEST_CASE("weights that f16 or int8 cannot hold are refused by name") {
  const models::ModelConfig& config = some_models().front().config;
  for (const WeightType type : {WeightType::f16, WeightType::int8}) {
    models::Model model(with_type(config, type));
    const Parameter& weight = model.parameters().front();
    std::vector<float> values = values_of(weight);
    values[1] = type == WeightType::f16 ? 70000.0f : std::numeric_limits<float>::infinity();
    const std::string message = message_of([&] { weight.set(values); });
    CHECK(message.starts_with("value: " + weight.name + ": expected"));
    CHECK(message.ends_with("got another at 1"));
  }
}
