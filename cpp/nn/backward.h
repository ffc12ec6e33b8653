// What a backward pass carries from layer to layer: the forward pass's record, and where gradients go.
#pragma once

#include "kernels/workspace.h"
#include "nn/parameter_blocks.h"
#include "nn/record.h"

namespace attention_lab::nn {

/// A term of the loss that is a function of recorded activations and not of the model's output.
class ActivationLoss {
 public:
  virtual bool depends_on(Site site) const = 0;
  /// Adds ∂ term / ∂ value to the gradient of a site that the term depends on.
  virtual void add_gradient(Site site, const Record& record, const TensorView& gradient) const = 0;

 protected:
  ~ActivationLoss() = default;
};

/// A layer's backward takes the gradient of the loss with respect to its output and returns that of its inputs. It reads
/// the activations which its request_for_backward() had the forward pass keep, and no others. It mirrors forward, last
/// step first: where forward says record.produced(site, value), backward says record_gradient(site, gradient).
struct Backward {
  const Record& record;  // of the forward pass
  Record& gradients;     // the same sites: keeps the gradients that were requested
  const ParameterBlocks& blocks;
  float* parameters;  // flat as the blocks: gradients of parameters are added here
  kernels::Workspace& workspace;
  const ActivationLoss* activation_loss = nullptr;  // or none

  /// Where a layer adds the gradient of the weights that lie at `storage`.
  float* gradient_of(const float* storage) const { return parameters + blocks.offset_of(storage); }

  /// To be called where the layers above have added all they contribute to the gradient of a site's value. Adds the
  /// activation loss's share, keeps the gradient if it is requested, then backpropagates it, in place, through the
  /// edits that made the value.
  void record_gradient(Site site, const TensorView& gradient) const {
    if (activation_loss && activation_loss->depends_on(site)) activation_loss->add_gradient(site, record, gradient);
    gradients.produced(site, gradient);
    record.backpropagate_edits(site, gradient);
  }
  /// Whether record_gradient() does anything to or with the gradient of this site.
  bool is_observed(Site site) const {
    return record.is_edited(site) || gradients.is_observed(site) ||
           (activation_loss && activation_loss->depends_on(site));
  }
};

/// A gradient that is the sum of several terms, the first of which may be there already. Each term is written as
/// dx = so_far + term, after which so_far is dx.
struct GradientSum {
  ConstMatrixView so_far;  // empty: no term yet; may be dx's memory
  MatrixView dx;
};

}  // namespace attention_lab::nn
