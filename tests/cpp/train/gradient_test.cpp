// Every kind of model's gradients against finite differences of its own loss; the exact check, against PyTorch in double
// precision, is tests/cpp/golden/golden_gradients_test.cpp.
#include <doctest/doctest.h>

#include <cmath>

#include "message_of.h"
#include "train/lab.h"

using namespace attention_lab;
using namespace attention_lab::testing;

namespace {

/// Along a random direction of each parameter: Σ gradient · direction = (loss(+h) − loss(−h)) / 2h.
void check_gradients(Lab& lab, const std::string& title) {
  Record activations = lab.trainer.make_record(), gradients(lab.model.activation_names());
  lab.trainer.differentiate(lab.batch, activations, gradients);
  Random random(4);
  for (const Parameter& parameter : lab.model.parameters()) {
    const std::size_t count = static_cast<std::size_t>(element_count(parameter.dims));
    std::vector<float> weights(count), gradient(count), direction(count), moved(count);
    parameter.get(weights);
    lab.trainer.gradient_of(parameter).get(gradient);
    double length = 0.0, predicted = 0.0;
    for (float& d : direction) d = random.uniform(1.0f), length += d * d;
    for (float& d : direction) d /= static_cast<float>(std::sqrt(length));
    for (std::size_t i = 0; i < count; ++i) predicted += static_cast<double>(gradient[i]) * direction[i];
    const auto loss_at = [&](float h) {
      for (std::size_t i = 0; i < count; ++i) moved[i] = weights[i] + h * direction[i];
      parameter.set(moved);
      const double loss = lab.trainer.evaluate(lab.batch).loss;
      parameter.set(weights);
      return loss;
    };
    constexpr float kStep = 0.01f;
    const double found = (loss_at(kStep) - loss_at(-kStep)) / (2.0 * kStep);
    CHECK_MESSAGE(std::abs(found - predicted) < 2e-4 + 5e-3 * std::abs(found), title, ": ", parameter.name,
                  ": expected ", found, ", got ", predicted);
  }
}

void check_gradients(const ModelConfig& config, const std::string& title) {
  Lab lab(config);
  check_gradients(lab, title);
}

}  // namespace

TEST_CASE("gradients of every kind of model agree with finite differences") {
  check_gradients(bert(), "BERT");
  check_gradients(gpt2(), "GPT-2");
  check_gradients(llama(), "Llama");
  check_gradients(encoder_decoder(), "encoder–decoder");
}

TEST_CASE("gradients of every variant of attention agree with finite differences") {
  ModelConfig config = base();
  config.block.attention.out_projection = false;
  check_gradients(config, "no output projection");
  config = base();
  config.block.attention.shared_heads = true;
  check_gradients(config, "shared heads");
  config = base();
  config.block.attention.d_head = 3;  // projections that begin inside a panel
  check_gradients(config, "an odd head size");
  config = encoder_decoder();
  config.block.attention.d_head = 3;
  check_gradients(config, "an odd head size with cross-attention");
  config = encoder_decoder();
  config.block.norm = nn::BlockConfig::NormPlacement::pre;
  config.block.attention.shared_heads = true;
  check_gradients(config, "shared heads with cross-attention, norm first");
  config = base();
  config.block.attention.normalisation = nn::Normalisation::none;
  check_gradients(config, "no softmax");
  config = base();
  config.block.attention.masked_value = -3.0f;
  config.block.attention.causal = true;
  check_gradients(config, "a finite masked value");
  config = base();
  config.block.attention.scale_by = nn::MultiHeadAttentionConfig::ScaleBy::d_model;
  check_gradients(config, "scaled by d_model");
  config = base();
  config.block.feed_forward = nn::BlockConfig::FeedForwardKind::linear_of_sum;
  check_gradients(config, "linear of sum");
  config = bert();
  config.tie_embeddings = false;
  config.position_offset = 2;
  config.pad_token_id = 1;
  check_gradients(config, "RoBERTa's positions, untied");
  config = gpt2();
  config.positions = Positions::alibi;
  check_gradients(config, "ALiBi");
  config = base();
  config.windows = {1, 2};
  check_gradients(config, "a window for each layer");
}

TEST_CASE("gradients of a mask of cells agree with finite differences") {
  Lab lab(gpt2());
  std::vector<std::uint8_t> cells(2 * 3 * 5 * 5);
  for (std::size_t i = 0; i < cells.size(); ++i) cells[i] = i % 3 != 1;
  lab.batch.overrides.cells = cells.data();
  lab.batch.overrides.cells_batch_stride = 75;
  lab.batch.overrides.cells_head_stride = 25;
  lab.batch.overrides.temperature = 0.7f;
  check_gradients(lab, "cells");
}

TEST_CASE("gradients of positions in the scores, and of what mems meet, agree with finite differences") {
  ModelConfig config = encoder_decoder();
  config.positions = config.encoder->positions = Positions::t5_bias;
  config.t5_bias = {6, 5, false};
  config.encoder->t5_bias = {4, 3, true};
  check_gradients(config, "T5's bias");
  for (const bool causal : {true, false})
    for (const Index length : {0, 3, 6})
      for (const auto norm : {nn::BlockConfig::NormPlacement::pre, nn::BlockConfig::NormPlacement::post}) {
        config = base();
        config.positions = Positions::transformer_xl;
        config.mem_length = 6;
        config.block.attention.causal = causal;
        config.block.norm = norm;
        Lab lab(config);
        std::vector<float> mems(static_cast<std::size_t>(2 * 2 * length * 12));
        Random random(6);
        for (float& value : mems) value = random.uniform(1.0f);
        lab.batch.inputs.mems = {length, mems};
        check_gradients(lab, "Transformer-XL, mems of " + std::to_string(length) + " tokens");
      }
}

TEST_CASE("gradients of global tokens agree with finite differences, and those of an earlier batch leave no trace") {
  ModelConfig config = base();
  config.block.attention.global_tokens = true;
  config.block.attention.window = 1;
  Lab lab(config);
  const std::vector<std::uint8_t> marks = {1, 0, 1, 0, 1, 0, 0, 0, 1, 0};  // one of them padding
  lab.batch.inputs.global_attention_mask = marks;
  check_gradients(lab, "global tokens");

  const auto after_steps = [&](std::span<const std::uint8_t> first) {
    Lab other(config);
    other.batch.inputs.global_attention_mask = first;
    other.trainer.optimizer().config().lr = 0.0;
    other.trainer.step(other.batch);
    other.batch.inputs.global_attention_mask = {};
    return other.trainer.step(other.batch).grad_norm;
  };
  CHECK(after_steps(marks) == after_steps({}));
}

TEST_CASE("gradients pass through interventions") {
  using Op = Intervention::Op;
  const auto edit = [](const Model& model, const char* at, Op op) {
    Intervention intervention;
    intervention.at = model.activation_names().find(at);
    intervention.op = op;
    return intervention;
  };
  for (const char* const at :
       {"embed", "pos_embed", "token_type_embed", "blocks.0.resid_pre", "blocks.1.attn.q", "blocks.1.attn.k",
        "blocks.0.attn.v", "blocks.0.attn.scores", "blocks.1.attn.masked_scores", "blocks.1.attn.pattern",
        "blocks.0.attn.z", "blocks.0.attn.out", "blocks.0.resid_mid", "blocks.1.mlp.pre", "blocks.0.mlp.post",
        "blocks.0.mlp.out", "blocks.0.resid_post", "logits"})
    for (const Op op : {Op::zero, Op::mean, Op::set, Op::add, Op::scale}) {
      Lab lab(bert());
      lab.batch.inputs.attention_mask = {};  // a mean over −∞ is −∞
      Intervention first = edit(lab.model, at, op), second = edit(lab.model, at, Op::scale);
      first.batch = 1;
      if (lab.model.activation_names().axes(first.at).back() == 'k')
        first.key = 2;
      else
        first.index = 1;
      first.value = 0.75f;
      second.value = 1.5f;
      lab.trainer.set_interventions({first, second});
      check_gradients(lab, std::string(at) + " " + std::to_string(static_cast<int>(op)));
    }
}

TEST_CASE("recorded gradients are those of the recorded values") {
  // Of the sum of two terms each has the sum's gradient; a scaled value's gradient is that of what came after the scaling.
  Lab lab(gpt2());
  const ActivationNames& names = lab.model.activation_names();
  Record activations = lab.trainer.make_record(), gradients(names);
  gradients.request_all();
  lab.trainer.differentiate(lab.batch, activations, gradients);
  for (Site site = 0; site < names.size(); ++site) CHECK_MESSAGE(gradients.has(site), names.name(site));
  const auto of = [&](const char* name) { return gradients.values(names.find(name)); };
  CHECK(std::ranges::equal(of("embed"), of("pos_embed")));
  CHECK(std::ranges::equal(of("blocks.1.resid_post"), of("blocks.1.mlp.out")));
  CHECK(std::ranges::equal(of("blocks.0.resid_post"), of("blocks.1.resid_pre")));
}

TEST_CASE("what cannot be trained is refused by name") {
  ModelConfig config = base();
  config.lm_head = false;
  Model headless(config);
  CHECK(message_of([&] { train::Trainer(headless, {}); }).find("a head that makes logits") != std::string::npos);
  config = bert();
  config.pooler = true;
  Model pooled(config);
  CHECK(message_of([&] { train::Trainer(pooled, {}); }).find("pooler") != std::string::npos);
}

TEST_CASE("gradients of a picture's patches, class token and classifier agree with finite differences") {
  ModelConfig config = base();
  config.vocab_size = 0;
  config.lm_head = false;
  config.num_labels = 4;
  config.image = {4, 6, 2, 2, 3};
  config.max_len = config.image.length();
  config.embed_norm = config.final_norm = true;
  Lab lab(config);
  std::vector<float> pixels(static_cast<std::size_t>(2 * config.image.pixels()));
  Random random(8);
  for (float& pixel : pixels) pixel = random.uniform(1.0f);
  const std::vector<int> labels = {3, 1};
  lab.batch.inputs = {2, config.image.length(), {}, {}, {}, {}};
  lab.batch.inputs.pixel_values = pixels;
  lab.batch.labels = labels;
  check_gradients(lab, "ViT");
}
