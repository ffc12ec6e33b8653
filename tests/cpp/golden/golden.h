// The golden cases of tests/golden (see its README.md) for the C++ tests: manifests, tensors, configs in C++'s terms.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "golden/json.h"
#include "models/config.h"

namespace attention_lab::testing {

/// A tensor of a safetensors file. Floats of 16 bits are widened; one of the three vectors holds the values.
struct Tensor {
  Shape dims;
  std::vector<float> floats;
  std::vector<int> integers;
  std::vector<std::uint8_t> bytes;
};
using Tensors = std::map<std::string, Tensor>;

Tensors read_safetensors(const std::string& path);

struct Case {
  std::string name;  // group/case
  std::string kind;
  Json options;
  double absolute = 0.0, relative = 0.0;
  std::string valid,
      valid_encoder;  // the input [B, T] whose zeros are not compared, or empty; for values of an encoder
  Tensors inputs, parameters, expected;
  Json config;      // of an attention layer or a model, else null
  Json generation;  // what a checkpoint says of generated tokens, else null
  Json steps;       // of a generation: which ids are suppressed or forced, for each new token; else null

  bool has(const std::string& input) const { return inputs.contains(input); }
  /// The option's value, or else `otherwise`.
  double number(const std::string& option, double otherwise) const;
  bool boolean(const std::string& option, bool otherwise) const;
  /// The input that the option names as 'tensor:NAME', or nullptr.
  const Tensor* tensor(const Json& option) const;
};

/// The cases of one kind, of every manifest.
std::vector<const Case*> cases_of(const std::string& kind);

nn::MultiHeadAttentionConfig attention_config_of(const Json& config);
nn::RotaryConfig rotary_config_of(const Json& config);
nn::T5BiasConfig t5_bias_config_of(const Json& config);
models::ModelConfig model_config_of(const Json& config);
kernels::Activation activation_of(const std::string& name);

}  // namespace attention_lab::testing
