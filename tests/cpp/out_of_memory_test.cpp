// When the n-th allocation fails, for every n: std::bad_alloc and nothing else, nothing lost (LeakSanitizer watches the native
// run), and what was there goes on to the same bits as if nothing had happened.
#include <doctest/doctest.h>

#include <functional>
#include <memory>

#include "failing_memory.h"
#include "models/attention_layer.h"
#include "models/generation.h"
#include "models/recurrent.h"
#include "some_models.h"
#include "train/trainer.h"

using namespace attention_lab;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::testing::fail_allocation;
using attention_lab::testing::restore_memory;
using attention_lab::testing::some_models;
using attention_lab::testing::SomeModel;

namespace {

/// Runs attempt(again) with every allocation failing in turn: `run` may throw std::bad_alloc, `check` must hold afterwards.
/// prepare() makes what both work on. Returns how many allocations there are.
template <class Prepare, class Run, class Check>
long each_failure(Prepare prepare, Run run, Check check) {
  for (long n = 0;; ++n) {
    auto subject = prepare();
    fail_allocation(n);
    try {
      run(*subject);
    } catch (const std::bad_alloc&) {
    } catch (...) {
      restore_memory();
      throw;
    }
    const bool failed = restore_memory();
    check(*subject);
    if (!failed) return n;
  }
}

std::vector<float> weights_of(const Model& model) {
  std::vector<float> all;
  for (const Parameter& parameter : model.parameters()) {
    std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
    parameter.get(values);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

std::unique_ptr<Model> fresh(const ModelConfig& config) {
  auto model = std::make_unique<Model>(config);
  model->initialise(7);
  return model;
}

}  // namespace

TEST_CASE("a load that memory fails for leaves nothing behind") {
  for (const SomeModel& some : some_models()) {
    CAPTURE(some.name);
    std::unique_ptr<Model> loaded;
    const long count =
        each_failure([] { return std::make_unique<int>(0); },
                     [&](int&) {
                       loaded.reset();
                       loaded = fresh(some.config);
                       for (const Parameter& parameter : loaded->parameters()) {
                         std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)), 0.5f);
                         parameter.set(values);
                       }
                     },
                     [](int&) {});
    CHECK(count > 20);
  }
}

TEST_CASE("a forward pass that memory fails for can be made again") {
  for (const SomeModel& some : some_models()) {
    CAPTURE(some.name);
    const auto run = [&](Model& model) {
      Record record(model.activation_names());
      record.request_all();
      return some.forward(model, record);
    };
    const auto plain = [&](Model& model) {
      Record record(model.activation_names());
      return some.forward(model, record);
    };
    const auto first = fresh(some.config);
    const std::vector<float> expected = plain(*first);
    long wrong = 0;
    const long count =
        each_failure([&] { return fresh(some.config); }, run, [&](Model& model) { wrong += plain(model) != expected; });
    CHECK(count > 5);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a training step that memory fails for leaves the weights, and can be made again") {
  for (const SomeModel& some : some_models()) {
    CAPTURE(some.name);
    struct Training {
      std::unique_ptr<Model> model;
      train::Trainer trainer;
      explicit Training(const ModelConfig& config) : model(fresh(config)), trainer(*model, {}) {}
    };
    Training sound(some.config);
    const std::vector<float> before = weights_of(*sound.model);
    some.step(sound.trainer);
    const std::vector<float> after = weights_of(*sound.model);
    REQUIRE(before != after);
    long wrong = 0;
    bool is_done = false;
    const long count = each_failure([&] { return std::make_unique<Training>(some.config); },
                                    [&](Training& training) {
                                      is_done = false;
                                      some.step(training.trainer);
                                      is_done = true;
                                    },
                                    [&](Training& training) {
                                      if (!is_done) {
                                        wrong += weights_of(*training.model) != before;
                                        some.step(training.trainer);
                                      }
                                      wrong += weights_of(*training.model) != after;
                                    });
    CHECK(count > 10);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a generation that memory fails for goes on with the same tokens") {
  for (const SomeModel& some : some_models()) {
    if (!some.generates) continue;
    CAPTURE(some.name);
    const auto model = fresh(some.config);
    const std::vector<int> prompt = {3, 1, 4};
    struct Run {
      models::Generation generation;
      std::vector<int> tokens, unread;
    };
    const auto start = [&] {
      return std::unique_ptr<Run>(
          new Run{models::Generation(*model, 6, {0.7f, 0, 1.0f}, 5, {{2, 7, 1}, {}}), {}, prompt});
    };
    const auto go_on = [&](Run& run) {
      while (run.tokens.size() < 3) {
        const int id = run.generation.next(run.unread);
        run.tokens.push_back(id);
        run.unread.assign(1, id);
      }
    };
    const auto sound = start();
    go_on(*sound);
    long wrong = 0;
    const auto ready = [&] {  // the test's own vectors take no memory later
      auto run = start();
      run->tokens.reserve(3);
      return run;
    };
    const long count = each_failure(ready, go_on, [&](Run& run) {
      go_on(run);
      wrong += run.tokens != sound->tokens;
    });
    CHECK(count > 3);
    CHECK(wrong == 0);
    each_failure([] { return std::make_unique<int>(0); }, [&](int&) { start(); }, [](int&) {});
  }
}

TEST_CASE("a layer and a recurrent network that memory fails for go on") {
  nn::MultiHeadAttentionConfig config;
  config.d_model = 8, config.num_heads = 2, config.d_head = 4;
  const std::vector<float> x(24, 0.25f);
  const auto make_layer = [&] {
    auto layer = std::make_unique<models::AttentionLayer>(config);
    layer->initialise(3);
    return layer;
  };
  const auto run_layer = [&](models::AttentionLayer& layer) {
    Record record(layer.activation_names());
    record.request_all();
    const ConstMatrixView rows{x.data(), 3, 8, 8};
    const ConstMatrixView y = layer.forward(rows, rows, rows, 1, {}, record);
    return std::vector<float>(y.data, y.data + 24);
  };
  const std::vector<float> expected = run_layer(*make_layer());
  long wrong = 0;
  CHECK(each_failure(make_layer, run_layer,
                     [&](models::AttentionLayer& layer) { wrong += run_layer(layer) != expected; }) > 5);

  const std::vector<int> ids = {1, 2, 3, 4, 0, 1};
  const auto make_network = [] {
    auto network = std::make_unique<models::Recurrent>(models::RecurrentConfig{5, 3, 4, 2});
    network->initialise(3);
    return network;
  };
  const auto run_network = [&](models::Recurrent& network) {
    Record record(network.activation_names());
    record.request_all();
    Matrix influence(6, 3);
    const ConstMatrixView y = network.forward({2, 3, ids, {}}, view(influence), record);
    return std::vector<float>(y.data, y.data + 24);
  };
  const std::vector<float> states = run_network(*make_network());
  CHECK(each_failure(make_network, run_network,
                     [&](models::Recurrent& network) { wrong += run_network(network) != states; }) > 5);
  CHECK(wrong == 0);
}
