// What a forward pass carries from layer to layer: the record of activations, and scratch memory.
#pragma once

#include "kernels/workspace.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// The counterpart of Backward. A layer calls record.produced(site, value) where an activation comes into being, and
/// record.skipped(site) where a fused path never makes it; see record.h for the contract.
struct Forward {
  Record& record;
  kernels::Workspace& workspace;
};

}  // namespace attention_lab::nn
