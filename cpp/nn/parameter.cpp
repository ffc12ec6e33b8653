// Moves parameters in and out of their layouts.
#include "nn/parameter.h"

#include <algorithm>
#include <cmath>

namespace attention_lab {

namespace {

/// Throws where a value is not finite, or too large, for f16 or int8 weights.
void require_fits(const Parameter& parameter, std::span<const float> values) {
  if (parameter.type == kernels::WeightType::f32) return;
  const bool half = parameter.type == kernels::WeightType::f16;
  const float most = half ? kernels::kLargestHalf : kernels::kLargestInt8Weight;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!(std::abs(values[i]) <= most))
      fail("value", {parameter.name,
                     half ? ": expected numbers of at most 65504 in size, which f16 can hold"
                          : ": expected finite numbers, for int8",
                     ", got another at ", static_cast<Index>(i)});
}

}  // namespace

Parameter Parameter::rows(Index first, Index count) const {
  Parameter part = *this;
  part.dims[0] = count;
  if (layout == Layout::dense)
    part.storage += first * (element_count(dims) / dims[0]);
  else
    part.first_out += first;
  return part;
}

void Parameter::set(std::span<const float> values) const {
  switch (layout) {
    case Layout::dense: std::copy(values.begin(), values.end(), storage); return;
    case Layout::packed_weight:
      require_fits(*this, values);
      kernels::pack_weight({values.data(), dims[0], in, in}, first_out, storage, type);
      return;
    case Layout::packed_bias:
      for (Index o = 0; o < dims[0]; ++o)
        storage[kernels::PackedView::bias_position(in, first_out + o, type)] = values[static_cast<std::size_t>(o)];
      return;
  }
}

void Parameter::get(std::span<float> values) const {
  switch (layout) {
    case Layout::dense: std::copy(storage, storage + values.size(), values.begin()); return;
    case Layout::packed_weight:
      kernels::unpack_weight(storage, first_out, {values.data(), dims[0], in, in}, type);
      return;
    case Layout::packed_bias:
      for (Index o = 0; o < dims[0]; ++o)
        values[static_cast<std::size_t>(o)] = storage[kernels::PackedView::bias_position(in, first_out + o, type)];
      return;
  }
}

void Parameter::initialise(Random& random) const {
  std::vector<float> values(static_cast<std::size_t>(element_count(dims)));
  const auto fill_uniform = [&](float bound) {
    for (float& value : values) value = random.uniform(bound);
  };
  switch (initialisation) {
    case Initialisation::uniform: fill_uniform(1.0f / std::sqrt(static_cast<float>(in))); break;
    case Initialisation::embedding: fill_uniform(0.02f * std::sqrt(3.0f)); break;
    case Initialisation::ones: std::fill(values.begin(), values.end(), 1.0f); break;
    case Initialisation::zeros: break;
  }
  set(values);
}

const Parameter& find_parameter(const Parameters& parameters, const std::string& name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const Parameter& parameter) { return parameter.name == name; });
  if (found == parameters.end())
    fail("name", {"no parameter is called '", name, "'; parameters() lists those there are"});
  return *found;
}

}  // namespace attention_lab
