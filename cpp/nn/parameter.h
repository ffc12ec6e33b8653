// Named parameters: how callers read and write a layer's weights, whatever layout the layer keeps them in.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/packed.h"
#include "nn/matrix.h"
#include "nn/random.h"

namespace attention_lab {

/// One named tensor inside a layer's storage. A reference: valid while the layer lives and does not move.
struct Parameter {
  enum class Layout {
    dense,          // row-major
    packed_weight,  // rows [first_out, first_out + dims[0]) of kernels::PackedView storage, `in` numbers each
    packed_bias,    // the biases of those rows
  };
  enum class Initialisation { uniform, embedding, ones, zeros };

  std::string name;
  Shape dims;
  Layout layout;
  float* storage;
  Index first_out = 0;
  Index in = 0;  // inputs of the packed storage; for `uniform`, the fan-in
  Initialisation initialisation = Initialisation::zeros;
  kernels::WeightType type = kernels::WeightType::f32;  // of the packed storage; biases in it are f32 whatever it is

  /// Rows [first, first + count) of it, as a parameter of their own.
  Parameter rows(Index first, Index count) const;
  /// Copies `values` (row-major, of shape dims) into the layer, rounded where its weights are f16 or int8. Throws where one of
  /// these cannot hold a value.
  void set(std::span<const float> values) const;
  /// Copies the layer's values out, widened to f32.
  void get(std::span<float> values) const;
  /// Initial values as PyTorch gives them: linear layers uniform in ±1/√in, norms 1 and 0; embeddings of standard
  /// deviation 0.02 (BERT), here uniform so that every machine has the same numbers.
  void initialise(Random& random) const;
};

using Parameters = std::vector<Parameter>;

/// The parameter called `name`; throws where there is none.
const Parameter& find_parameter(const Parameters& parameters, const std::string& name);

}  // namespace attention_lab
