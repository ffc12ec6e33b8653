// What the golden tests of whole models share: parameters and interventions of a case in C++'s terms.
#pragma once

#include <doctest/doctest.h>

#include "golden/golden.h"
#include "models/model.h"

namespace attention_lab::testing {

/// Every parameter of the layer or model gets its golden value.
inline void set_parameters(const Parameters& parameters, const Case& test_case) {
  CHECK_MESSAGE(parameters.size() == test_case.parameters.size(), test_case.name);
  for (const auto& [name, tensor] : test_case.parameters) {
    const Parameter& parameter = find_parameter(parameters, name);
    require_shape(name, tensor.dims, parameter.dims);
    parameter.set(tensor.floats);
  }
}

/// `model` runs what an intervention patches in.
inline Intervention intervention_of(const Case& test_case, const Json& source, models::Model& model) {
  using Op = Intervention::Op;
  const ActivationNames& names = model.activation_names();
  Intervention edit;
  edit.at = names.find(source["at"].text());
  const std::pair<const char*, Index Intervention::*> selectors[] = {{"batch", &Intervention::batch},
                                                                     {"head", &Intervention::head},
                                                                     {"query", &Intervention::query},
                                                                     {"key", &Intervention::key},
                                                                     {"index", &Intervention::index}};
  for (const auto& [name, field] : selectors)
    if (const Json* const at = source.find(name)) edit.*field = static_cast<Index>(at->number());
  const std::string& op = source["op"].text();
  const std::pair<const char*, Op> ops[] = {
      {"zero", Op::zero}, {"mean", Op::mean}, {"set", Op::set}, {"add", Op::add}, {"scale", Op::scale}};
  for (const auto& [name, value] : ops)
    if (op == name) edit.op = value;
  if (const Json* const value = source.find("value")) {
    if (const Tensor* const tensor = test_case.tensor(*value)) {
      edit.operand = Intervention::Operand::selection;
      edit.values = tensor->floats;
      edit.values_shape = tensor->dims;
    } else {
      edit.value = static_cast<float>(value->number());
    }
  }
  if (const Json* const from = source.find("from")) {  // 'run:NAME': the ids of another run
    const Tensor& ids = test_case.inputs.at(from->text().substr(std::string_view("run:").size()));
    models::ForwardInputs inputs;
    inputs.batch = ids.dims[0], inputs.length = ids.dims[1];
    inputs.input_ids = ids.integers;
    Record other(names);
    other.request(edit.at);
    model.forward(inputs, {}, other);
    edit.operand = Intervention::Operand::activation;
    edit.values.assign(other.values(edit.at).begin(), other.values(edit.at).end());
    edit.values_shape = other.shape(edit.at);
  }
  return edit;
}

}  // namespace attention_lab::testing
