// Golden gradients and training runs, from autograd, finite differences and PyTorch's optimizer: scripts/golden/gradients.py, differences.py.
#include <algorithm>
#include <cmath>

#include "golden/expectations.h"
#include "golden/models.h"
#include "train/trainer.h"

namespace attention_lab::testing {

namespace {

/// What js/training/disagreement.ts makes of the option `disagreement`: the weight of every query, then of every key.
std::vector<float> disagreement_of(const Case& test_case, const models::ModelConfig& config) {
  const Json* const option = test_case.options.find("disagreement");
  if (!option) return {};
  const std::vector<int>& labels = test_case.inputs.at("labels").integers;
  const auto asked = [](int label) { return label != train::kIgnored; };
  const double H = static_cast<double>(config.block.attention.num_heads);
  const double cost = 2.0 * (*option)["weight"].number() /
                      (static_cast<double>(config.num_layers * std::ranges::count_if(labels, asked)) * H * (H - 1.0));
  std::vector<float> weights;
  for (const int label : labels) weights.push_back(asked(label) ? static_cast<float>(cost) : 0.0f);
  for (const int id : test_case.inputs.at("inputIds").integers) {
    const auto is_free = [&](const Json& except) { return static_cast<int>(except.number()) == id; };
    weights.push_back(std::ranges::any_of((*option)["except"].items(), is_free) ? 0.0f : 1.0f);
  }
  return weights;
}

/// Sequences [first, first + count) of a case's batch, with the memory that they point into.
struct Batch {
  std::vector<std::uint8_t> mask, decoder_mask, global_mask;
  std::vector<float> mems;  // mems.0, mems.1 …: one for each layer
  train::Batch values;

  Batch(const Case& test_case, const nn::ImageConfig& image, Index first, Index count) {
    const auto part = [&](const char* name, auto member) {
      using Values = std::remove_cvref_t<decltype(std::declval<Tensor>().*member)>;
      if (!test_case.has(name)) return std::span<const typename Values::value_type>();
      const Tensor& tensor = test_case.inputs.at(name);
      const std::size_t each = (tensor.*member).size() / static_cast<std::size_t>(tensor.dims[0]);
      return std::span(tensor.*member)
          .subspan(static_cast<std::size_t>(first) * each, static_cast<std::size_t>(count) * each);
    };
    const auto length = [&](const char* name) { return test_case.has(name) ? test_case.inputs.at(name).dims[1] : 0; };
    const bool translates = test_case.has("decoderInputIds");
    models::ForwardInputs& reads = translates ? values.encoder : values.inputs;
    const Index T =
        test_case.has("pixelValues") ? image.length() : length(test_case.has("inputIds") ? "inputIds" : "inputsEmbeds");
    reads = {count,
             T,
             part("inputIds", &Tensor::integers),
             part("inputsEmbeds", &Tensor::floats),
             {},
             part("tokenTypeIds", &Tensor::integers)};
    reads.pixel_values = part("pixelValues", &Tensor::floats);
    const auto mask_of = [&](const char* name, std::vector<std::uint8_t>& copy) {
      const std::span<const int> given = part(name, &Tensor::integers);
      copy.assign(given.begin(), given.end());
      return std::span<const std::uint8_t>(copy);
    };
    reads.attention_mask = mask_of("attentionMask", mask);
    reads.global_attention_mask = mask_of("globalAttentionMask", global_mask);
    for (std::string name = "mems.0"; test_case.has(name.c_str()); ++name.back()) {
      const std::span<const float> of_layer = part(name.c_str(), &Tensor::floats);
      mems.insert(mems.end(), of_layer.begin(), of_layer.end());
      reads.mems = {test_case.inputs.at(name).dims[1], mems};
    }
    if (translates)
      values.inputs = {count,
                       length("decoderInputIds"),
                       part("decoderInputIds", &Tensor::integers),
                       {},
                       mask_of("decoderAttentionMask", decoder_mask),
                       {}};
    values.labels = part("labels", &Tensor::integers);
    values.targets = part("labels", &Tensor::floats);
  }
  Batch(const Batch&) = delete;
};

/// Compares a gradient, and what it says of the derivative along the direction sin 1, sin 2, …, if the case expects them.
void compare_gradient(Expectations& expectations, const std::string& name, std::span<const float> gradient,
                      const Shape& dims) {
  expectations.compare_if_expected(name, gradient, dims);
  double along = 0.0;
  for (std::size_t i = 0; i < gradient.size(); ++i) along += gradient[i] * std::sin(static_cast<double>(i + 1));
  const float difference = static_cast<float>(along);
  expectations.compare_if_expected("differences." + name, std::span(&difference, 1), {1});
}

}  // namespace

TEST_CASE("golden: gradients agree with PyTorch's autograd and with finite differences in double precision") {
  for (const Case* const test_case : some_cases_of("gradients")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);
    train::Trainer trainer(model, {});
    if (const Json* const edits = test_case->options.find("interventions")) {
      std::vector<Intervention> interventions;
      for (const Json& edit : edits->items()) interventions.push_back(intervention_of(*test_case, edit, model));
      trainer.set_interventions(interventions);
    }
    const ActivationNames& names = model.activation_names();
    Record activations = trainer.make_record(), gradients(names);
    activations.request_all();
    gradients.request_all();
    Batch batch(*test_case, model.config().image, 0, test_case->inputs.at("labels").dims[0]);
    const std::vector<float> disagreement = disagreement_of(*test_case, model.config());
    batch.values.disagreement = disagreement;
    const train::Evaluation evaluation = trainer.differentiate(batch.values, activations, gradients);

    Expectations expectations(*test_case);
    const float loss = static_cast<float>(evaluation.loss);
    expectations.compare_if_expected("loss", std::span(&loss, 1), {1});
    for (const Parameter& parameter : model.parameters()) {
      std::vector<float> gradient(static_cast<std::size_t>(element_count(parameter.dims)));
      trainer.gradient_of(parameter).get(gradient);
      compare_gradient(expectations, "parameters." + parameter.name, gradient, parameter.dims);
    }
    expectations.compare_if_expected(activations);
    for (Site site = 0; site < names.size(); ++site)
      compare_gradient(expectations, "grad." + names.name(site), gradients.values(site), gradients.shape(site));
  }
}

TEST_CASE("golden: training follows torch.optim.AdamW") {
  for (const Case* const test_case : some_cases_of("training")) {
    models::Model model(model_config_of(test_case->config));
    set_parameters(model.parameters(), *test_case);
    train::OptimizerConfig config;
    config.lr = test_case->number("lr", 0);
    config.beta1 = test_case->options["betas"].items()[0].number();
    config.beta2 = test_case->options["betas"].items()[1].number();
    config.eps = test_case->number("eps", 0);
    config.weight_decay = test_case->number("weightDecay", 0);
    config.clip_norm = test_case->number("clipNorm", 0);
    config.warmup_steps = static_cast<Index>(test_case->number("warmupSteps", 0));
    config.total_steps = static_cast<Index>(test_case->number("totalSteps", 0));
    train::Trainer trainer(model, config);
    const Index batches = static_cast<Index>(test_case->number("batches", 1));
    const Index size = test_case->inputs.at("labels").dims[0] / batches,
                steps = static_cast<Index>(test_case->number("steps", 0));
    std::vector<float> losses, norms;
    for (Index step = 0; step < steps; ++step) {
      const train::StepResult result =
          trainer.step(Batch(*test_case, model.config().image, step % batches * size, size).values);
      losses.push_back(static_cast<float>(result.loss));
      norms.push_back(static_cast<float>(result.grad_norm));
    }
    Expectations expectations(*test_case);
    expectations.compare_if_expected("losses", losses, {steps});
    expectations.compare_if_expected("gradNorms", norms, {steps});
  }
}

}  // namespace attention_lab::testing
