// Initial weights of a model, a layer or a network: a block of rows at a time, so that the largest table needs no second copy.
#pragma once

#include <algorithm>

#include "kernels/workspace.h"
#include "nn/parameter.h"
#include "nn/random.h"

namespace attention_lab::models {

/// The same for the same seed on every machine. Asks the workspace's interrupt whether to go on.
inline void initialise(const Parameters& parameters, std::uint64_t seed, kernels::Workspace& workspace) {
  constexpr Index kBlock = 1 << 16, kWorkOfNumber = 32;
  Random random(seed);
  for (const Parameter& parameter : parameters) {
    const Index rows = parameter.dims[0], row = element_count(parameter.dims) / rows;
    const Index block = std::max<Index>(kBlock / row, 1);
    for (Index first = 0; first < rows; first += block) {
      const Index count = std::min(block, rows - first);
      parameter.rows(first, count).initialise(random);
      workspace.count_work(count, row, kWorkOfNumber);
    }
  }
}

}  // namespace attention_lab::models
