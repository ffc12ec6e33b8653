// What a backward pass carries from layer to layer: the forward pass's record, and where gradients go.
#pragma once

#include "kernels/workspace.h"
#include "nn/parameter_blocks.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// A layer's backward takes the loss's gradient with respect to its output and gives that of its inputs, reading the
/// activations which its request_for_backward() had the forward pass keep. It mirrors forward, last step first: where
/// that says record.produced(site, value), this says backward.reached(site, gradient).
struct Backward {
  const Record& record;  // of the forward pass
  Record& gradients;     // the same sites: keeps the gradients that were asked for
  const ParameterBlocks& blocks;
  float* parameters;  // flat as the blocks: gradients of parameters are added here
  kernels::Workspace& workspace;
  /// Where set, [2, B·T]: a weight u of every query and w of every key, and the loss has another term, in every attention
  /// ½ Σ_t u_t Σ_s w_s Σ_{g ≠ h} P_g[t, s] P_h[t, s]: disagreement on positions, Li et al. 2018, arXiv:1810.10183, 3.1.
  const float* overlap = nullptr;

  /// Where a layer adds the gradient of the weights that lie at `storage`.
  float* gradient_of(const float* storage) const { return parameters + blocks.offset_of(storage); }

  /// To be called where the gradient of a site's value is complete: keeps it if it is wanted, then takes it back, in
  /// place, through the edits that made the value.
  void reached(Site site, const TensorView& gradient) const {
    gradients.produced(site, gradient);
    record.undo_edits(site, gradient);
  }
  bool touches(Site site) const { return record.edits(site) || gradients.wants(site); }
};

}  // namespace attention_lab::nn
