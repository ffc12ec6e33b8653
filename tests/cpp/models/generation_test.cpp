// Generation: a cache must not change what is computed, and a token is drawn from the distribution that was asked for.
#include "models/generation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <set>

#include "compare.h"
#include "message_of.h"

using namespace attention_lab;
using attention_lab::models::ForwardInputs;
using attention_lab::models::Generation;
using attention_lab::models::Model;
using attention_lab::models::ModelConfig;
using attention_lab::models::sample;
using attention_lab::models::SamplingOptions;
using attention_lab::testing::compare;
using attention_lab::testing::message_of;

namespace {

ModelConfig small_gpt2() {
  ModelConfig config;
  config.vocab_size = 30;
  config.max_len = 12;
  config.num_layers = 2;
  config.positions = ModelConfig::Positions::learned;
  config.block.attention.d_model = 12;
  config.block.attention.num_heads = 3;
  config.block.attention.d_head = 4;
  config.block.attention.fused = true;
  config.block.attention.causal = true;
  config.block.mlp.d_ff = 20;
  config.block.norm = nn::BlockConfig::NormPlacement::pre;
  config.final_norm = true;
  config.lm_head = true;
  return config;
}

ModelConfig small_llama() {
  ModelConfig config = small_gpt2();
  config.positions = ModelConfig::Positions::rotary;
  config.block.attention.num_heads = 4;
  config.block.attention.num_kv_heads = 2;
  config.block.attention.d_head = 6;
  config.block.attention.fused = false;
  config.block.norm_kind = nn::Norm::Kind::rms;
  config.block.mlp.gated = true;
  config.block.mlp.activation = kernels::Activation::silu;
  config.tie_embeddings = false;
  return config;
}

ModelConfig with_positions(ModelConfig::Positions positions) {
  ModelConfig config = small_gpt2();
  config.positions = positions;
  config.t5_bias = {6, 5, false};
  return config;
}

ModelConfig small_translator() {
  ModelConfig config = small_gpt2();
  config.positions = ModelConfig::Positions::sinusoidal_halves;
  config.block.attention.fused = false;
  config.encoder = config;
  config.encoder->block.attention.causal = false;
  config.encoder->num_layers = 1;
  config.block.cross_attention = true;
  config.share_embeddings = true;
  config.lm_head_bias = true;
  return config;
}

ForwardInputs inputs_of(Index batch, Index length, std::span<const int> ids) {
  ForwardInputs inputs;
  inputs.batch = batch;
  inputs.length = length;
  inputs.input_ids = ids;
  return inputs;
}

std::vector<float> logits_of(Model& model, const ForwardInputs& inputs) {
  Record record(model.activation_names());
  const ConstMatrixView logits = model.forward(inputs, {}, record).logits;
  return {logits.data, logits.data + logits.rows * logits.cols};
}

const std::vector<int> kIds = {7, 3, 3, 21, 9, 20, 11, 5, 0, 29, 1, 2};

std::map<int, int> counts(const std::vector<float>& logits, const SamplingOptions& options, int draws) {
  std::map<int, int> found;
  for (int seed = 0; seed < draws; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    ++found[sample(logits, options, random)];
  }
  return found;
}

std::set<int> ids_of(const std::map<int, int>& found) {
  std::set<int> ids;
  for (const auto& [id, count] : found) ids.insert(id);
  return ids;
}

}  // namespace

TEST_CASE("with a key-value cache the logits are those without, however the tokens are cut into passes") {
  using Positions = ModelConfig::Positions;
  for (const ModelConfig& config : {small_gpt2(), small_llama(), with_positions(Positions::t5_bias),
                                    with_positions(Positions::alibi), with_positions(Positions::transformer_xl)}) {
    Model model(config);
    model.initialise(3);
    const Index T = 12, V = config.vocab_size;
    const std::vector<float> whole = logits_of(model, inputs_of(1, T, kIds));
    for (const Index first : {1, 5, 11}) {
      nn::KeyValueCache cache = model.make_cache(1, T);
      Index seen = 0;
      for (Index next = first; seen < T; next = 1) {
        ForwardInputs inputs =
            inputs_of(1, next, std::span(kIds).subspan(static_cast<std::size_t>(seen), static_cast<std::size_t>(next)));
        inputs.cache = &cache;
        const std::vector<float> part = logits_of(model, inputs);
        const auto expected = std::span(whole).subspan(static_cast<std::size_t>(seen * V), part.size());
        CHECK(compare(part, expected, 1e-5, 1e-5));
        seen += next;
      }
      CHECK(cache.length() == T);
    }
  }
}

TEST_CASE("a cache with two sequences keeps them apart") {
  Model model(small_llama());
  model.initialise(4);
  const Index V = model.config().vocab_size;
  const std::vector<float> whole = logits_of(model, inputs_of(2, 6, kIds));
  nn::KeyValueCache cache = model.make_cache(2, 6);
  for (std::size_t t = 0; t < 6; ++t) {
    const std::vector<int> column = {kIds[t], kIds[6 + t]};
    ForwardInputs inputs = inputs_of(2, 1, column);
    inputs.cache = &cache;
    const std::vector<float> part = logits_of(model, inputs);
    for (std::size_t b = 0; b < 2; ++b) {
      const std::size_t width = static_cast<std::size_t>(V);
      CHECK(compare(std::span(part).subspan(b * width, width), std::span(whole).subspan((b * 6 + t) * width, width),
                    1e-5, 1e-5));
    }
  }
}

TEST_CASE("a decoder with its own and the encoder's keys and values cached gives what a whole pass gives") {
  for (const auto norm : {nn::BlockConfig::NormPlacement::post, nn::BlockConfig::NormPlacement::pre}) {
    ModelConfig config = small_translator();
    config.block.norm = norm;
    Model model(config);
    model.initialise(8);
    const Index B = 2, S = 4, T = 6, V = config.vocab_size;
    const std::vector<std::uint8_t> mask = {1, 1, 1, 1, 1, 1, 0, 0};
    ForwardInputs source = inputs_of(B, S, std::span(kIds).first(8));
    source.attention_mask = mask;
    Record nothing(model.activation_names());
    nn::CrossAttentionInputs cross{model.encode(source, {}, nothing), {}, nullptr};
    cross.overrides.key_mask = mask.data();
    ForwardInputs target = inputs_of(B, T, kIds);
    target.cross = cross;
    const std::vector<float> whole = logits_of(model, target);

    nn::KeyValueCache cache = model.make_cache(B, T), cross_cache = model.make_cache(B, S);
    cross.cache = &cross_cache;
    for (Index t = 0; t < T; ++t) {
      const std::vector<int> column = {kIds[static_cast<std::size_t>(t)], kIds[static_cast<std::size_t>(T + t)]};
      ForwardInputs inputs = inputs_of(B, 1, column);
      inputs.cache = &cache;
      inputs.cross = cross;
      const std::vector<float> part = logits_of(model, inputs);
      cross.encoder_hidden_states = {};  // from now on the cache has it
      for (Index b = 0; b < B; ++b) {
        const auto row = [&](const std::vector<float>& logits, Index r) {
          return std::span(logits).subspan(static_cast<std::size_t>(r * V), static_cast<std::size_t>(V));
        };
        CHECK(compare(row(part, b), row(whole, b * T + t), 1e-5, 1e-5));
      }
    }
    CHECK(cross_cache.length() == S);
    target.cross = {};
    CHECK(message_of([&] {
            logits_of(model, target);
          }).starts_with("shape: encoder hidden states: expected [2 · S, 12]"));
  }
}

TEST_CASE("a suppressed token is never picked, and a source is needed where there is an encoder") {
  Model model(small_translator());
  model.initialise(9);
  const std::vector<int> start = {1};
  const auto run = [&](std::span<const int> suppressed) {
    Generation generation(model, 5, {}, 0, {{4, 5, 6}, {}});
    return generation.next(start, suppressed);
  };
  const std::vector<int> likeliest = {run({})};
  CHECK(run(likeliest) != likeliest[0]);
  const std::vector<int> outside = {30};
  CHECK(message_of([&] { run(outside); }) == "range: suppressed: expected 0 to 29, got 30");
  CHECK(
      message_of([&] { Generation(model, 5, {}, 0).next(start); }).starts_with("shape: inputs: expected at least one"));
  Model single(small_gpt2());
  Record nothing(single.activation_names());
  CHECK(message_of([&] {
          single.encode(inputs_of(1, 3, std::span(kIds).first(3)), {}, nothing);
        }).starts_with("value: encode: "));
}

TEST_CASE("logits of the last token alone are the last of all") {
  Model model(small_gpt2());
  model.initialise(5);
  ForwardInputs inputs = inputs_of(2, 6, kIds);
  const std::vector<float> all = logits_of(model, inputs);
  inputs.last_logits_only = true;
  const std::vector<float> last = logits_of(model, inputs);
  REQUIRE(last.size() == 60);
  CHECK(compare(std::span(last).first(30), std::span(all).subspan(5 * 30, 30), 1e-6, 1e-6));
  CHECK(compare(std::span(last).last(30), std::span(all).subspan(11 * 30, 30), 1e-6, 1e-6));
}

TEST_CASE("greedy picks the largest logit, the first of several, whatever the seed") {
  const std::vector<float> logits = {-1.0f, 2.5f, 0.0f, 2.5f, 2.25f};
  CHECK(ids_of(counts(logits, {}, 50)) == std::set{1});
  CHECK(ids_of(counts({-5.0f, -INFINITY, -5.5f}, {}, 10)) == std::set{0});
}

TEST_CASE("top-k keeps the k likeliest, top-p the fewest whose probabilities reach p") {
  // softmax of the logarithms: 0.05, 0.4, 0.25, 0.3
  const std::vector<float> logits = {std::log(0.05f), std::log(0.4f), std::log(0.25f), std::log(0.3f)};
  const auto set = [&](Index top_k, float top_p) {
    return ids_of(counts(logits, {.temperature = 1.0f, .top_k = top_k, .top_p = top_p}, 2000));
  };
  CHECK(set(0, 1.0f) == std::set{0, 1, 2, 3});
  CHECK(set(1, 1.0f) == std::set{1});
  CHECK(set(3, 1.0f) == std::set{1, 2, 3});
  CHECK(set(9, 1.0f) == std::set{0, 1, 2, 3});
  CHECK(set(0, 0.01f) == std::set{1});
  CHECK(set(0, 0.39f) == std::set{1});
  CHECK(set(0, 0.41f) == std::set{1, 3});
  CHECK(set(0, 0.69f) == std::set{1, 3});
  CHECK(set(0, 0.71f) == std::set{1, 2, 3});
  // After top-2 the two have 4/7 and 3/7: top-p counts anew.
  CHECK(set(2, 0.5f) == std::set{1});
  CHECK(set(2, 0.6f) == std::set{1, 3});
}

TEST_CASE("tokens come as often as softmax(logits / temperature) says") {
  const std::vector<float> logits = {0.5f, -1.0f, 1.5f, 0.0f, -INFINITY};
  constexpr int kDraws = 20000;
  for (const float temperature : {0.5f, 1.0f, 3.0f}) {
    std::vector<double> probabilities;
    double sum = 0.0;
    for (const float logit : logits)
      sum += probabilities.emplace_back(std::exp(static_cast<double>(logit) / temperature));
    std::map<int, int> found = counts(logits, {.temperature = temperature}, kDraws);
    for (int id = 0; id < 5; ++id) {
      const double p = probabilities[static_cast<std::size_t>(id)] / sum;
      const double bound = 5.0 * std::sqrt(kDraws * p * (1.0 - p));  // five standard deviations
      CHECK(std::abs(found[id] - kDraws * p) <= bound);
    }
  }
}

TEST_CASE("the same seed draws the same tokens, another one others") {
  Model model(small_llama());
  model.initialise(6);
  const auto run = [&](std::uint64_t seed) {
    Generation generation(model, 12, {.temperature = 2.0f}, seed);
    std::vector<int> ids = {generation.next(std::span(kIds).first(2))};
    while (ids.size() < 10) ids.push_back(generation.next(std::span(ids).last(1)));
    return ids;
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

TEST_CASE("generation refuses what it cannot continue, and the model works afterwards") {
  Model model(small_gpt2());
  model.initialise(7);
  const std::vector<float> before = logits_of(model, inputs_of(1, 12, kIds));
  std::vector<int> too_long = kIds;
  too_long.push_back(1);
  CHECK(message_of([&] { Generation(model, 20, {}, 0).next(too_long); }) ==
        "range: inputs: expected at most 12 tokens (maxLen), got 13");
  CHECK(message_of([&] { Generation(model, 3, {}, 0).next(std::span(kIds).first(4)); }) ==
        "range: inputs: expected at most 3 tokens (the cache's capacity), got 4");
  CHECK(message_of([&] { Generation(model, 3, {}, 0).next({}); }).starts_with("shape: inputs: "));
  ModelConfig config = small_gpt2();
  config.lm_head = false;
  Model headless(config);
  CHECK(message_of([&] { Generation(headless, 3, {}, 0); }) ==
        "value: generate: expected a causal model with a language-model head");
  Random random(0);
  for (const float wrong : {NAN, INFINITY})
    CHECK(
        message_of([&] { sample(std::vector<float>{0.0f, wrong, 1.0f}, {}, random); }).starts_with("value: logits: "));
  CHECK(compare(logits_of(model, inputs_of(1, 12, kIds)), before, 0, 0));
}
