// What a case may do: models forward, backward and word by word, layers, attention by itself, recurrent networks, broadcasts;
// with memory that fails now and then.
#include "run_case.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include "arbitrary.h"
#include "bindings/broadcast.h"
#include "failing_memory.h"
#include "models/attention_layer.h"
#include "models/generation.h"
#include "models/recurrent.h"
#include "train/trainer.h"

namespace attention_lab::fuzz {

namespace {

using models::Model;

/// Runs one call of the library, which may refuse. True where it did not.
bool attempt(Bytes& bytes, const std::function<void()>& call) {
  static constexpr const char* kCodes[] = {"config", "shape", "range", "name", "value", "memory", "not_finite"};
  const bool failing = bytes.rarely(12);
  if (failing) testing::fail_allocation(bytes.byte());
  bool done = false;
  try {
    call();
    done = true;
  } catch (const Error& error) {
    testing::restore_memory();
    if (std::find(std::begin(kCodes), std::end(kCodes), error.code()) == std::end(kCodes))
      throw std::logic_error("an error of code " + error.code() + ": " + error.what());
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  testing::restore_memory();
  return done;
}

template <class Owner>
void initialise(Owner& owner, Bytes& bytes) {
  owner.initialise(bytes.byte());
  for (Index i = bytes.below(3); i > 0; --i) {  // some weights of any size
    const Parameters& parameters = owner.parameters();
    const Parameter& one =
        parameters[static_cast<std::size_t>(bytes.below(std::min<Index>(256, static_cast<Index>(parameters.size()))))];
    std::vector<float> values(static_cast<std::size_t>(element_count(one.dims)), bytes.number());
    one.set(values);
  }
}

void forward(Model& model, Bytes& bytes) {
  const models::StackConfig& config = model.config();
  const Index B = 1 + bytes.below(3), H = config.block.attention.num_heads;
  Inputs inputs(config, B, bytes);
  Record record(model.activation_names());
  attempt(bytes, [&] { ask(record, bytes); });
  const Index T = inputs.values.length;
  if (model.encoder()) {
    const models::StackConfig& of_encoder = model.encoder()->config();
    Inputs source(of_encoder, B, bytes);
    const Index S = source.values.length;
    const Overrides overrides(B, of_encoder.block.attention.num_heads, S, S, bytes), cross(B, H, T, S, bytes);
    if (source.values.batch != inputs.values.batch) return;  // the bindings refuse it
    if (!attempt(bytes, [&] {
          inputs.values.cross.encoder_hidden_states = model.encode(source.values, overrides.values, record);
        }))
      return;
    inputs.values.cross.overrides = cross.values;
    const Overrides own(B, H, T, T, bytes);
    attempt(bytes, [&] { model.forward(inputs.values, own.values, record); });
    return;
  }
  if (inputs.values.batch != B) inputs.values.batch = B;
  const Overrides overrides(B, H, T, rows_of(inputs.values.mems.length) + rows_of(T), bytes);
  attempt(bytes, [&] { model.forward(inputs.values, overrides.values, record); });
}

void train_model(Model& model, Bytes& bytes) {
  attempt(bytes, [&] {
    train::OptimizerConfig options;
    options.lr = bytes.flag() ? static_cast<double>(bytes.number()) : 1e-3;
    options.warmup_steps = bytes.size(0, 3), options.total_steps = bytes.size(0, 9);
    train::Trainer trainer(model, options);
    if (bytes.flag())
      attempt(bytes, [&] { trainer.set_interventions(interventions_of(model.activation_names(), bytes)); });
    if (bytes.rarely(4))
      attempt(bytes, [&] { trainer.optimizer().set_steps(static_cast<double>(bytes.size(0, 100))); });
    for (Index i = 1 + bytes.below(3); i > 0; --i) {
      const Index B = 1 + bytes.below(3);
      const Inputs inputs(model.config(), B, bytes);
      std::optional<Inputs> source;
      if (model.encoder()) source.emplace(model.encoder()->config(), B, bytes);
      train::Batch batch;
      batch.inputs = inputs.values;
      if (source) batch.encoder = source->values;
      const Index classes = model.config().num_labels, V = classes > 0 ? classes : model.config().vocab_size;
      const Index rows = classes > 0 ? B : B * rows_of(inputs.values.length);
      std::vector<int> labels;
      for (Index r = bytes.rarely(60) ? rows - 1 : rows; r > 0; --r)
        labels.push_back(bytes.rarely(5)    ? train::kIgnored
                         : bytes.rarely(60) ? static_cast<int>(bytes.size(-1, 30))
                                            : static_cast<int>(bytes.below(std::clamp<Index>(V, 1, 100))));
      batch.labels = labels;
      std::vector<float> disagreement;
      if (bytes.rarely(6)) disagreement.assign(static_cast<std::size_t>(2 * B * rows_of(inputs.values.length)), 0.5f);
      if (disagreement.size() < 10000) batch.disagreement = disagreement;
      switch (bytes.below(4)) {
        case 0: attempt(bytes, [&] { trainer.evaluate(batch); }); break;
        case 1: {
          attempt(bytes, [&] {
            Record activations = trainer.make_record(), gradients(model.activation_names());
            ask(gradients, bytes);
            trainer.differentiate(batch, activations, gradients);
          });
          break;
        }
        default: attempt(bytes, [&] { trainer.step(batch); });
      }
    }
  });
}

void generate(Model& model, Bytes& bytes) {
  attempt(bytes, [&] {
    models::Source source;
    const Index V = model.encoder() ? std::clamp<Index>(model.encoder()->config().vocab_size, 1, 100) : 1;
    for (Index i = bytes.below(5); i > 0; --i) source.ids.push_back(static_cast<int>(bytes.below(V)));
    if (bytes.flag()) source.mask.assign(source.ids.size() - (bytes.rarely(20) && !source.ids.empty()), 1);
    models::SamplingOptions options{bytes.flag() ? bytes.number() : 0.0f, bytes.size(0, 5),
                                    bytes.flag() ? bytes.number() : 1.0f};
    if (bytes.rarely(4)) options.repetition_penalty = bytes.number();
    models::Generation generation(model, bytes.size(1, 12), options, bytes.byte(), source);
    std::vector<int> tokens;
    for (Index i = 1 + bytes.below(4); i > 0; --i) tokens.push_back(static_cast<int>(bytes.below(24)));
    for (Index i = 1 + bytes.below(12); i > 0; --i) {
      const std::vector<int> suppressed(static_cast<std::size_t>(bytes.below(2)), static_cast<int>(bytes.size(0, 24)));
      attempt(bytes, [&] { tokens.assign(1, generation.next(tokens, suppressed)); });
    }
  });
}

void run_model(Bytes& bytes) {
  const models::ModelConfig config = model_config_of(bytes);
  std::optional<Model> model;
  if (!attempt(bytes, [&] { model.emplace(config); }) || !model) return;
  if (!attempt(bytes, [&] { initialise(*model, bytes); })) return;
  for (Index i = 1 + bytes.below(3); i > 0; --i) switch (bytes.below(4)) {
      case 0: train_model(*model, bytes); break;
      case 1: generate(*model, bytes); break;
      default: forward(*model, bytes);
    }
}

void run_layer(Bytes& bytes) {
  const nn::MultiHeadAttentionConfig config = attention_config_of(bytes);
  std::optional<models::AttentionLayer> layer;
  if (!attempt(bytes, [&] { layer.emplace(config); }) || !layer) return;
  if (!attempt(bytes, [&] { initialise(*layer, bytes); })) return;
  const Index B = 1 + bytes.below(2), T = 1 + bytes.below(40), S = 1 + bytes.below(40), D = config.d_model;
  if (D > 10000) return;
  std::vector<float> query(static_cast<std::size_t>(B * T * D), bytes.number()),
      key(static_cast<std::size_t>(B * S * D));
  for (float& x : key) x = bytes.number();
  const bool self = bytes.flag();
  const ConstMatrixView q{query.data(), B * T, D, D}, k = self ? q : ConstMatrixView{key.data(), B * S, D, D};
  const Overrides overrides(B, config.num_heads, T, self ? T : S, bytes);
  Record record(layer->activation_names());
  attempt(bytes, [&] { ask(record, bytes); });
  attempt(bytes, [&] { layer->forward(q, k, k, B, overrides.values, record); });
}

/// nn::attend as bindings/attention.cpp calls it, with a mask and a bias laid over it by broadcast_of.
void run_attention(Bytes& bytes) {
  const Index B = 1 + bytes.below(2), H = 1 + bytes.below(3), T = 1 + bytes.below(60), S = 1 + bytes.below(60);
  const Index K = 1 + bytes.below(9), V = 1 + bytes.below(9), A = 1 + bytes.below(4);
  const auto numbers = [&](Index count) {
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& x : values) x = bytes.number();
    return values;
  };
  std::vector<float> q = numbers(B * H * T * K), k = numbers(B * H * S * K), v = numbers(B * H * S * V),
                     z(static_cast<std::size_t>(B * H * T * V));
  const std::vector<float> w = numbers(std::max(K, A) * K), wk = numbers(A * K), a = numbers(A);
  nn::AttentionOptions options;
  options.score.kind = bytes.one_of(nn::ScoreFunction::Kind::additive);
  if (options.score.kind == nn::ScoreFunction::Kind::general) options.score.w = {w.data(), K, K, K};
  options.score.wq = {w.data(), A, K, K}, options.score.wk = {wk.data(), A, K, K},
  options.score.v = {a.data(), 1, A, A};
  options.scale = bytes.number(), options.temperature = bytes.flag() ? bytes.number() : 1.0f;
  options.normalisation = bytes.one_of(nn::Normalisation::none);
  options.mask.causal = bytes.flag();
  options.mask.window = bytes.flag() ? bytes.size(-1, 20) : -1;
  options.mask.first_query = bytes.below(20);
  if (bytes.rarely(4)) options.mask.masked_value = bytes.number();
  const Shape leading{B, H};
  const auto laid_over = [&](auto& values, const auto*& data, Index& by_batch, Index& by_head, Index& by_row) {
    Shape dims;
    for (Index axis = bytes.below(3); axis > 0; --axis) dims.push_back(bytes.flag() ? 1 : bytes.size(0, 3));
    dims.push_back(bytes.rarely(30) ? bytes.size(0, 60) : T), dims.push_back(bytes.rarely(30) ? bytes.size(0, 60) : S);
    attempt(bytes, [&] {
      const bindings::Broadcast over = bindings::broadcast_of("mask", dims, leading, T, S);
      const Index count = element_count(dims);
      if (count > 100000) return;
      values.resize(static_cast<std::size_t>(count));
      for (auto& value : values) value = static_cast<std::decay_t<decltype(value)>>(bytes.byte() & 1);
      data = values.data(), by_batch = over.batch_stride, by_head = over.head_stride, by_row = over.row_stride;
    });
  };
  std::vector<std::uint8_t> cells;
  std::vector<float> bias;
  nn::BatchMask& mask = options.mask;
  if (bytes.flag())
    laid_over(cells, mask.cells, mask.cells_batch_stride, mask.cells_head_stride, mask.cells_row_stride);
  if (bytes.flag()) laid_over(bias, mask.bias, mask.bias_batch_stride, mask.bias_head_stride, mask.bias_row_stride);
  ActivationNames names;
  const nn::AttentionSites sites = nn::name_attention_activations(names, "");
  Record record(names);
  attempt(bytes, [&] { ask(record, bytes); });
  kernels::Workspace workspace;
  attempt(bytes, [&] {
    nn::attend({TensorView::dense(q.data(), {B, H, T, K}), TensorView::dense(k.data(), {B, H, S, K}),
                TensorView::dense(v.data(), {B, H, S, V})},
               options, sites, {record, workspace}, TensorView::dense(z.data(), {B, H, T, V}));
  });
}

void run_recurrent(Bytes& bytes) {
  const models::RecurrentConfig config{bytes.size(0, 9), bytes.size(1, 6), bytes.size(1, 6), bytes.size(1, 3)};
  std::optional<models::Recurrent> network;
  if (!attempt(bytes, [&] { network.emplace(config); }) || !network) return;
  if (!attempt(bytes, [&] { initialise(*network, bytes); })) return;
  const Index B = 1 + bytes.below(3), T = 1 + bytes.below(8), I = config.input_size;
  std::vector<int> ids;
  std::vector<float> vectors;
  if (bytes.flag())
    for (Index i = 0; i < B * T; ++i)
      ids.push_back(static_cast<int>(bytes.rarely(60) ? bytes.size(-1, 10)
                                                      : bytes.below(std::clamp<Index>(config.vocab_size, 1, 100))));
  else if (I < 10000)
    vectors.assign(static_cast<std::size_t>(B * T * I), bytes.number());
  std::vector<float> influence(static_cast<std::size_t>(B * T * T));
  const bool measures = bytes.flag();
  Record record(network->activation_names());
  attempt(bytes, [&] { ask(record, bytes); });
  attempt(bytes, [&] {
    network->forward({bytes.rarely(60) ? bytes.size(-1, 3) : B, bytes.rarely(60) ? bytes.size(-1, 9) : T, ids, vectors},
                     measures ? MatrixView{influence.data(), B * T, T, T} : MatrixView{}, record);
  });
}

/// A model that stays: its weights and its outputs must be the same bits at the end of every case.
void check_sound_model() {
  struct Sound {
    Model model;
    std::vector<int> ids = {3, 1, 4, 1, 5};
    std::vector<float> expected;

    static models::ModelConfig config() {
      models::ModelConfig small;
      small.vocab_size = 9, small.max_len = 6, small.num_layers = 2;
      small.positions = models::StackConfig::Positions::learned;
      small.block.attention.d_model = 8, small.block.attention.num_heads = 2, small.block.attention.d_head = 4;
      small.block.mlp.d_ff = 7;
      return small;
    }
    std::vector<float> run() {
      Record nothing(model.activation_names());
      const ConstMatrixView y = model.forward({1, 5, ids, {}, {}, {}}, {}, nothing).last_hidden_state;
      return {y.data, y.data + y.rows * y.cols};
    }
    Sound() : model(config()) {
      model.initialise(7);
      expected = run();
    }
  };
  static Sound sound;
  if (sound.run() != sound.expected) throw std::logic_error("a model that no case touches has changed");
}

}  // namespace

void run_case(const std::uint8_t* data, std::size_t size) {
  check_sound_model();
  Bytes bytes(data, size);
  switch (bytes.below(8)) {
    case 0: run_layer(bytes); break;
    case 1: run_attention(bytes); break;
    case 2: run_recurrent(bytes); break;
    default: run_model(bytes);
  }
  check_sound_model();
}

}  // namespace attention_lab::fuzz
