// The contract between forward and backward: backward reads what request_for_backward() requested, and nothing else.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "train/lab.h"
#include "train/loss.h"

using namespace attention_lab;
using namespace attention_lab::testing;

namespace {

/// Shapes of all activations of the lab's model for the lab's batch; empty where a pass makes none.
std::vector<Shape> shapes_of(Lab& lab) {
  Record all(lab.model.activation_names());
  all.request_all();
  Record nothing(lab.model.activation_names());
  lab.trainer.differentiate(lab.batch, all, nothing);
  std::vector<Shape> shapes;
  for (Site site = 0; site < lab.model.activation_names().size(); ++site) shapes.push_back(all.shape(site));
  return shapes;
}

/// The gradient of all parameters, between whose forward and backward prepare(record) is called.
template <class Prepare>
std::vector<float> gradient(Lab& lab, Prepare prepare) {
  Model& model = lab.model;
  Record record(model.activation_names()), gradients(model.activation_names());
  model.request_for_backward(record);
  models::ForwardInputs inputs = lab.batch.inputs;
  if (model.encoder()) {
    inputs.cross.encoder_hidden_states = model.encode(lab.batch.encoder, {}, record);
    inputs.cross.overrides.key_mask = lab.batch.encoder.attention_mask.data();
  }
  const ConstMatrixView logits = model.forward(inputs, lab.batch.overrides, record).logits;
  prepare(record);

  kernels::Workspace workspace;
  const MatrixView dlogits = workspace.take(logits.rows, logits.cols);
  train::cross_entropy(logits, lab.batch.labels, dlogits);
  const ParameterBlocks blocks(model.parameters());
  std::vector<float> flat(static_cast<std::size_t>(blocks.size()));
  model.backward(inputs, lab.batch.encoder, lab.batch.overrides, dlogits,
                 {record, gradients, blocks, flat.data(), workspace});
  return flat;
}

void check_contract(const ModelConfig& config, const std::string& title, const train::Batch* batch = nullptr) {
  Lab lab(config);
  if (batch) lab.batch = *batch;
  const std::vector<Shape> shapes = shapes_of(lab);
  int poisoned = 0;
  const auto poison = [&](Record& record) {
    for (Site site = 0; site < record.names().size(); ++site) {
      const Shape& shape = shapes[static_cast<std::size_t>(site)];
      if (record.is_requested(site) || shape.empty()) continue;
      const TensorView value = record.reserve(site, shape);
      std::fill_n(value.data, element_count(shape), std::numeric_limits<float>::quiet_NaN());
      ++poisoned;
    }
  };
  const std::vector<float> clean = gradient(lab, [](Record&) {});
  const std::vector<float> others_poisoned = gradient(lab, poison);
  CHECK_MESSAGE(poisoned > 0, title);
  CHECK_MESSAGE(std::ranges::none_of(clean, [](float x) { return std::isnan(x); }), title);
  CHECK_MESSAGE(clean == others_poisoned, title);
}

}  // namespace

TEST_CASE("backward reads no activation that request_for_backward did not request") {
  check_contract(base(), "plain");
  check_contract(bert(), "BERT");
  check_contract(gpt2(), "GPT-2");
  check_contract(llama(), "Llama");
  check_contract(encoder_decoder(), "encoder–decoder");

  ModelConfig config = base();
  config.block.feed_forward = nn::BlockConfig::FeedForwardKind::linear_of_sum;
  check_contract(config, "linear of sum");
  config = base();
  config.block.attention.out_projection = false;
  check_contract(config, "no output projection");
  config = base();
  config.block.attention.normalisation = nn::Normalisation::none;
  check_contract(config, "no softmax");

  const std::vector<float> mems(2 * 2 * 3 * 12, 0.5f);
  for (const auto norm : {nn::BlockConfig::NormPlacement::pre, nn::BlockConfig::NormPlacement::post}) {
    config = base();
    config.positions = Positions::transformer_xl;
    config.mem_length = 3;
    config.block.norm = norm;
    train::Batch batch = Lab(config).batch;
    batch.inputs.mems = {3, mems};
    check_contract(config, "Transformer-XL", &batch);
  }

  config = base();
  config.block.attention.global_tokens = true;
  config.block.attention.window = 1;
  const std::vector<std::uint8_t> marks = {1, 0, 1, 0, 1, 0, 0, 0, 1, 0};
  train::Batch batch = Lab(config).batch;
  batch.inputs.global_attention_mask = marks;
  check_contract(config, "Longformer", &batch);
}

TEST_CASE("the check of the contract fails where backward reads what was not requested") {
  Lab lab(base());
  const Site pattern = lab.model.pattern(0);
  const std::vector<float> clean = gradient(lab, [](Record&) {});
  const std::vector<float> poisoned = gradient(lab, [&](Record& record) {
    const TensorView value = record.reserve(pattern, record.shape(pattern));
    std::fill_n(value.data, 4, std::numeric_limits<float>::quiet_NaN());
  });
  CHECK_FALSE(clean == poisoned);
}

TEST_CASE("interventions change what is requested, and the contract holds for them, too") {
  Lab lab(base());
  Intervention half;
  half.at = lab.model.pattern(1);
  half.op = Intervention::Op::scale;
  half.value = 0.5f;
  lab.trainer.set_interventions({half});
  Record activations = lab.trainer.make_record(), gradients(lab.model.activation_names());
  const Site masked = lab.model.activation_names().find("blocks.1.attn.masked_scores");
  CHECK(activations.is_requested(masked));  // the softmax is made again from them
  CHECK_FALSE(activations.is_requested(lab.model.activation_names().find("blocks.0.attn.masked_scores")));
  lab.trainer.differentiate(lab.batch, activations, gradients);
  CHECK(activations.has(masked));
}
