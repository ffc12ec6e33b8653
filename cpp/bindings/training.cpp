// Batches into C++, results and gradients out of it, and the optimizer's state in both directions.
#include "bindings/training.h"

#include <emscripten/bind.h>

#include "bindings/model.h"
#include "train/trainer.h"

namespace attention_lab::bindings {

namespace {

train::OptimizerConfig optimizer_config_of(const val& options) {
  const auto number = [&](const char* field) { return options[field].as<double>(); };
  train::OptimizerConfig config;
  config.lr = number("lr");
  config.beta1 = number("beta1");
  config.beta2 = number("beta2");
  config.eps = number("eps");
  config.weight_decay = number("weightDecay");
  config.clip_norm = number("clipNorm");
  config.warmup_steps = index_of(options, "warmupSteps");
  config.total_steps = index_of(options, "totalSteps");
  return config;
}

val tensor_from(const Parameter& parameter) {
  std::vector<float> values(static_cast<std::size_t>(element_count(parameter.dims)));
  parameter.get(values);
  return to_tensor(values.data(), parameter.dims);
}

void copy_into(const Parameter& parameter, const val& tensor) {
  const HostTensor<float> values = tensor_of(parameter.name, tensor);
  require_shape(parameter.name, parameter.dims, values.dims);
  parameter.set(values.data);
}

val evaluation_of(const train::Evaluation& evaluation) {
  val result = val::object();
  result.set("loss", evaluation.loss);
  result.set("accuracy", evaluation.accuracy);
  return result;
}

class TrainerHandle {
 public:
  TrainerHandle(const std::shared_ptr<models::Model>& model, const train::OptimizerConfig& config)
      : model_(model), trainer_(*model_, config) {
    trainer_.set_interrupt(&host_interrupt());
  }

  val step(val source) {
    return guarded([&] {
      const Batch batch(*model_, source);
      const train::StepResult step = trainer_.step(batch.values);
      val result = evaluation_of(step);
      result.set("step", static_cast<double>(step.step));
      result.set("gradNorm", step.grad_norm);
      result.set("lr", step.lr);
      return result;
    });
  }

  val evaluate(val source) {
    return guarded([&] { return evaluation_of(trainer_.evaluate(Batch(*model_, source).values)); });
  }

  /// The activations called `values`, and the gradients of those called `gradients_of`.
  val gradients(val source, val values, val gradients_of) {
    return guarded([&] {
      const std::vector<std::string> of_values = strings_of(values), of_gradients = strings_of(gradients_of);
      Record activations = trainer_.make_record(), gradients(model_->activation_names());
      request(activations, of_values);
      request(gradients, of_gradients);
      const Batch batch(*model_, source);
      val result = evaluation_of(trainer_.differentiate(batch.values, activations, gradients));
      val parameters = val::object();
      for (const Parameter& parameter : model_->parameters())
        parameters.set(parameter.name, tensor_from(trainer_.gradient_of(parameter)));
      result.set("parameters", parameters);
      result.set("activations", to_trace(activations, of_values));
      result.set("gradients", to_trace(gradients, of_gradients));
      return result;
    });
  }

  val set_lr(double lr) {
    return guarded([&] {
      trainer_.optimizer().config().lr = lr;
      return val::object();
    });
  }

  val set_interventions(val edits) {
    return guarded([&] {
      std::vector<Intervention> interventions;
      for (int i = 0, count = edits["length"].as<int>(); i < count; ++i)
        interventions.push_back(intervention_of(edits[i], model_->activation_names()));
      trainer_.set_interventions(std::move(interventions));
      return val::object();
    });
  }

  double steps() { return static_cast<double>(trainer_.optimizer().steps()); }
  val set_steps(double steps) {
    return guarded([&] {
      trainer_.optimizer().set_steps(steps);
      return val::object();
    });
  }

  /// AdamW's moments of a parameter: { first, second }.
  val moments(val name) {
    return guarded([&] {
      const Parameter& parameter = find_parameter(model_->parameters(), name_of(name));
      val result = val::object();
      result.set("first", tensor_from(trainer_.first_moment_of(parameter)));
      result.set("second", tensor_from(trainer_.second_moment_of(parameter)));
      return result;
    });
  }

  val set_moments(val name, val first, val second) {
    return guarded([&] {
      const Parameter& parameter = find_parameter(model_->parameters(), name_of(name));
      copy_into(trainer_.first_moment_of(parameter), first);
      copy_into(trainer_.second_moment_of(parameter), second);
      return val::object();
    });
  }

 private:
  /// A batch, with the memory it points into.
  struct Batch {
    StackInputs inputs, encoder;
    std::vector<int> labels;
    std::vector<float> targets, disagreement;
    train::Batch values;

    Batch(const models::Model& model, const val& source)
        : inputs(model.encoder() ? source["decoder"] : source), encoder(source) {
      inputs.read_mems(source["mems"]);
      labels = emscripten::convertJSArrayToNumberVector<int>(source["labels"]);
      targets = emscripten::convertJSArrayToNumberVector<float>(source["targets"]);
      disagreement = emscripten::convertJSArrayToNumberVector<float>(source["disagreement"]);
      values = {inputs.values, encoder.values, {}, labels, targets, disagreement};
    }
    Batch(const Batch&) = delete;
  };

  std::shared_ptr<models::Model> model_;
  train::Trainer trainer_;
};

}  // namespace

val create_trainer(const std::shared_ptr<models::Model>& model, const val& options) {
  return guarded([&] { return val(std::make_unique<TrainerHandle>(model, optimizer_config_of(options))); });
}

EMSCRIPTEN_BINDINGS(attention_lab_training) {
  emscripten::class_<TrainerHandle>("Trainer")
      .function("step", &TrainerHandle::step)
      .function("evaluate", &TrainerHandle::evaluate)
      .function("gradients", &TrainerHandle::gradients)
      .function("setLr", &TrainerHandle::set_lr)
      .function("setInterventions", &TrainerHandle::set_interventions)
      .function("steps", &TrainerHandle::steps)
      .function("setSteps", &TrainerHandle::set_steps)
      .function("moments", &TrainerHandle::moments)
      .function("setMoments", &TrainerHandle::set_moments);
}

}  // namespace attention_lab::bindings
