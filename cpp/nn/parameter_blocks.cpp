// Sizes of blocks are found from the parameters that lie in them.
#include "nn/parameter_blocks.h"

#include <algorithm>

#include "kernels/gemm.h"

namespace attention_lab {

namespace {

using kernels::PackedView;

/// Floats of the storage as far as this parameter tells.
Index extent(const Parameter& parameter) {
  if (parameter.layout == Parameter::Layout::dense) return element_count(parameter.dims);
  return PackedView::storage_size(parameter.in, parameter.first_out + parameter.dims[0]);
}

}  // namespace

ParameterBlocks::ParameterBlocks(const Parameters& parameters) {
  for (const Parameter& parameter : parameters) {
    const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                    [&](const Block& block) { return block.storage == parameter.storage; });
    if (found == blocks_.end())
      blocks_.push_back({parameter.storage, extent(parameter), 0});
    else
      found->size = std::max(found->size, extent(parameter));
  }
  for (Block& block : blocks_) {
    block.offset = size_;
    size_ += block.size;
  }
  std::vector<bool> named(static_cast<std::size_t>(size_));
  for (const Parameter& parameter : parameters)
    if (parameter.layout == Parameter::Layout::packed_bias)
      for (Index o = 0; o < parameter.dims[0]; ++o)
        named[static_cast<std::size_t>(offset_of(parameter.storage) +
                                       PackedView::position(parameter.in, parameter.first_out + o, -1))] = true;
  for (const Parameter& parameter : parameters)
    if (parameter.layout == Parameter::Layout::packed_weight)
      for (Index o = 0; o < parameter.dims[0]; ++o) {
        const Index bias =
            offset_of(parameter.storage) + PackedView::position(parameter.in, parameter.first_out + o, -1);
        if (!named[static_cast<std::size_t>(bias)]) unnamed_.push_back(bias);
      }
}

Index ParameterBlocks::offset_of(const float* storage) const {
  for (const Block& block : blocks_)
    if (block.storage == storage) return block.offset;
  fail("internal", {"a layer's storage is behind none of the parameters"});
}

Parameter ParameterBlocks::within(float* flat, const Parameter& parameter) const {
  Parameter counterpart = parameter;
  counterpart.storage = flat + offset_of(parameter.storage);
  return counterpart;
}

void ParameterBlocks::clear_unnamed(float* flat) const {
  for (const Index position : unnamed_) flat[position] = 0.0f;
}

}  // namespace attention_lab
