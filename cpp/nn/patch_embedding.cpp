// Copies patches of pixels into rows, and multiplies them with the packed weights.
#include "nn/patch_embedding.h"

#include <algorithm>

namespace attention_lab::nn {

void check(const ImageConfig& image) {
  require_size(1, image.channels, "image.channels");
  require_size(1, image.patch_height, "image.patchSize[0]");
  require_size(1, image.patch_width, "image.patchSize[1]");
  require_at_least(image.patch_height, image.height, "image.size[0]");
  require_at_least(image.patch_width, image.width, "image.size[1]");
  element_count({image.channels, image.height, image.width});
}

PatchEmbedding::PatchEmbedding(const ImageConfig& image, Index d_model, kernels::WeightFormat format)
    : image_(image), class_token_(Vector::Zero(d_model)), projection_(image.patch_size(), d_model, format) {}

void PatchEmbedding::name_all(Parameters& parameters, const std::string& name) {
  parameters.push_back({name + ".class_token",
                        {class_token_.size()},
                        Parameter::Layout::dense,
                        class_token_.data(),
                        0,
                        0,
                        Parameter::Initialisation::embedding});
  projection_.name_all(parameters, name + ".patch", true);
  parameters[parameters.size() - 2].dims = {class_token_.size(), image_.channels, image_.patch_height,
                                            image_.patch_width};
}

void PatchEmbedding::gather(const float* picture, const MatrixView& patches) const {
  const Index across = image_.width / image_.patch_width;
  for (Index patch = 0; patch < patches.rows; ++patch) {
    const float* const corner =
        picture + patch / across * image_.patch_height * image_.width + patch % across * image_.patch_width;
    float* to = patches.row(patch);
    for (Index c = 0; c < image_.channels; ++c)
      for (Index y = 0; y < image_.patch_height; ++y) {
        const float* const line = corner + (c * image_.height + y) * image_.width;
        to = std::copy(line, line + image_.patch_width, to);
      }
  }
}

void PatchEmbedding::forward(const float* pixels, Index batch, const MatrixView& x,
                             kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const MatrixView patches = workspace.take(image_.patches(), image_.patch_size());
  for (Index b = 0; b < batch; ++b) {
    float* const first = x.row(b * image_.length());
    std::copy(class_token_.data(), class_token_.data() + class_token_.size(), first);
    gather(pixels + b * image_.pixels(), patches);
    projection_.forward(patches, {first + x.stride, patches.rows, x.cols, x.stride}, workspace);
  }
}

void PatchEmbedding::backward(const float* pixels, Index batch, const ConstMatrixView& dx,
                              const Backward& backward) const {
  const kernels::Workspace::Scope scope(backward.workspace);
  const MatrixView patches = backward.workspace.take(image_.patches(), image_.patch_size());
  float* const dtoken = backward.gradient_of(class_token_.data());
  for (Index b = 0; b < batch; ++b) {
    const float* const first = dx.row(b * image_.length());
    for (Index i = 0; i < dx.cols; ++i) dtoken[i] += first[i];
    gather(pixels + b * image_.pixels(), patches);
    projection_.backward(patches, {first + dx.stride, patches.rows, dx.cols, dx.stride}, {}, {}, backward);
  }
}

}  // namespace attention_lab::nn
