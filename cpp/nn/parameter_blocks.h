// The memory behind named parameters as blocks laid end to end: the layout of gradients and of an optimizer's state.
#pragma once

#include <vector>

#include "nn/parameter.h"

namespace attention_lab {

/// Every distinct storage that a model's parameters lie in, with its place in a flat array. An array of size() floats then
/// holds one value for each weight, in the weight's own layout. Parameters that share storage (tied embeddings, the parts of a
/// fused projection) share a block.
class ParameterBlocks {
 public:
  struct Block {
    float* storage;
    Index size;
    Index offset;  // where it begins in a flat array
  };

  explicit ParameterBlocks(const Parameters& parameters);

  Index size() const { return size_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  /// Where the block that begins at `storage` lies in a flat array; throws where no parameter has it.
  Index offset_of(const float* storage) const;
  /// The parameter's counterpart in a flat array, to be read and written by name.
  Parameter within(float* flat, const Parameter& parameter) const;
  /// Zeroes what the layout has room for but no parameter names: the biases of layers without a bias.
  void clear_unnamed(float* flat) const;

 private:
  std::vector<Block> blocks_;
  std::vector<Index> unnamed_;  // positions in a flat array
  Index size_ = 0;
};

}  // namespace attention_lab
