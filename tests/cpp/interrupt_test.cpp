// Work that is interrupted at its n-th question, for every n: kernels::Interrupted and nothing else, and what was there goes on to
// the same bits as if nothing had happened.
#include "kernels/interrupt.h"

#include <doctest/doctest.h>

#include <memory>

#include "kernels/gemm.h"
#include "models/attention_layer.h"
#include "models/generation.h"
#include "models/recurrent.h"
#include "some_models.h"

using namespace attention_lab;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::testing::some_models;
using attention_lab::testing::SomeModel;

namespace {

/// Says yes once, at the n-th question from set() on.
class AtQuestion final : public kernels::Interrupt {
 public:
  explicit AtQuestion(double work_between_questions = 0.0) : Interrupt(work_between_questions) {}
  void set(long n) { left_ = n, asked_ = 0; }
  long asked() const { return asked_; }

 private:
  bool is_requested() override {
    ++asked_;
    return left_-- == 0;
  }
  long left_ = -1, asked_ = 0;
};

/// run() interrupted at every question in turn, until it gets through; after each, check().
template <class Run, class Check>
long each_interruption(AtQuestion& interrupt, Run run, Check check) {
  for (long n = 0;; ++n) {
    interrupt.set(n);
    bool is_interrupted = false;
    try {
      run();
    } catch (const kernels::Interrupted&) {
      is_interrupted = true;
    }
    interrupt.set(-1);
    check(is_interrupted);
    if (!is_interrupted) return n;
  }
}

std::unique_ptr<Model> fresh(const ModelConfig& config) {
  auto model = std::make_unique<Model>(config);
  model->initialise(7);
  return model;
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

}  // namespace

TEST_CASE("a forward pass that is interrupted, wherever that is, can be made again") {
  for (const SomeModel& some : some_models()) {
    CAPTURE(some.name);
    const auto model = fresh(some.config);
    for (const bool records_all : {false, true}) {
      const auto run = [&] {
        Record record(model->activation_names());
        if (records_all) record.request_all();
        return some.forward(*model, record);
      };
      const std::vector<float> expected = run();
      AtQuestion interrupt;
      model->set_interrupt(&interrupt);
      long wrong = 0;
      const long questions =
          each_interruption(interrupt, run, [&](bool is_interrupted) { wrong += is_interrupted && run() != expected; });
      CHECK(questions >= 2 * some.config.num_layers);
      CHECK(wrong == 0);
      model->set_interrupt(nullptr);
    }
  }
}

TEST_CASE("a training step that is interrupted, forward or backward, leaves the weights, and can be made again") {
  for (const SomeModel& some : some_models()) {
    CAPTURE(some.name);
    const auto sound = fresh(some.config), model = fresh(some.config);
    train::Trainer sound_trainer(*sound, {}), trainer(*model, {});
    const std::vector<float> before = weights_of(*sound);
    some.step(sound_trainer);
    const std::vector<float> after = weights_of(*sound);
    REQUIRE(before != after);

    AtQuestion interrupt;
    model->set_interrupt(&interrupt);
    trainer.set_interrupt(&interrupt);
    long wrong = 0;
    const long questions = each_interruption(
        interrupt, [&] { some.step(trainer); },
        [&](bool is_interrupted) { wrong += weights_of(*model) != (is_interrupted ? before : after); });
    CHECK(questions >= 4 * some.config.num_layers);
    CHECK(wrong == 0);
    trainer.set_interrupt(nullptr);
    model->set_interrupt(nullptr);
  }
}

TEST_CASE("a generation that is interrupted is as if it had not read what it was reading") {
  const std::vector<int> prompt = {7, 3, 3};
  for (const SomeModel& some : some_models()) {
    if (!some.generates) continue;
    CAPTURE(some.name);
    const auto model = fresh(some.config);
    const models::Source source = some.config.encoder ? models::Source{{4, 6, 1}, {}} : models::Source{};
    const auto make = [&] { return models::Generation(*model, 6, {}, 1, source); };
    models::Generation sound = make();
    const int first = sound.next(prompt), second = sound.next(std::vector{first});

    AtQuestion interrupt;
    model->set_interrupt(&interrupt);
    models::Generation generation = make();
    int found = -1;
    each_interruption(interrupt, [&] { found = generation.next(prompt); }, [](bool) {});
    CHECK(found == first);
    each_interruption(interrupt, [&] { found = generation.next(std::vector{first}); }, [](bool) {});
    CHECK(found == second);
    model->set_interrupt(nullptr);
  }
}

TEST_CASE("a recurrent network and a layer of attention can be interrupted") {
  AtQuestion interrupt;
  const std::vector<int> ids = {1, 2, 3, 4};
  models::Recurrent network({9, 6, 6, 2});
  network.set_interrupt(&interrupt);
  Record record(network.activation_names());
  CHECK(each_interruption(interrupt, [&] { network.forward({1, 4, ids, {}}, {}, record); }, [](bool) {}) >= 8);

  nn::MultiHeadAttentionConfig config;
  config.d_model = 8, config.num_heads = 2, config.d_head = 4;
  models::AttentionLayer layer(config);
  layer.set_interrupt(&interrupt);
  Record of_layer(layer.activation_names());
  const Matrix x = Matrix::Ones(10, 8);
  CHECK(each_interruption(
            interrupt, [&] { layer.forward(view(x), view(x), view(x), 2, {}, of_layer); }, [](bool) {}) >= 4);
  network.set_interrupt(nullptr);
  layer.set_interrupt(nullptr);
}

TEST_CASE("a question comes after so much work, and a long product asks many") {
  AtQuestion interrupt(1000.0);
  for (int i = 0; i < 9; ++i) interrupt.count(100.0);
  CHECK(interrupt.asked() == 0);
  interrupt.count(100.0);
  CHECK(interrupt.asked() == 1);

  AtQuestion of_product(64 * 8 * 64);
  kernels::Workspace workspace;
  workspace.set_interrupt(&of_product);
  const Matrix a = Matrix::Ones(64, 64), b = Matrix::Ones(64, 64);
  Matrix y(64, 64);
  of_product.set(-1);
  kernels::matmul(view(a), view(b), view(y), workspace);
  CHECK(of_product.asked() == 8);  // one for every eight columns
  of_product.set(3);
  CHECK_THROWS_AS(kernels::matmul(view(a), view(b), view(y), workspace), kernels::Interrupted);
}
