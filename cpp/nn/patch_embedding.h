// Pictures as tokens: a class token, then one linear map for each patch of pixels.
#pragma once

#include <string>

#include "nn/linear.h"

namespace attention_lab::nn {

/// The size of a picture [channels, height, width] and of the patches it is cut into, in pixels. Pixels at
/// the right and at the bottom that do not fill a patch are ignored, as by PyTorch's Conv2d with stride = kernel size.
struct ImageConfig {
  Index height = 0, width = 0, channels = 0;  // all 0: the model reads no pictures
  Index patch_height = 0, patch_width = 0;

  explicit operator bool() const { return channels > 0; }
  Index patches() const { return (height / patch_height) * (width / patch_width); }
  /// T: the class token and the patches.
  Index length() const { return 1 + patches(); }
  Index pixels() const { return channels * height * width; }
  /// Values per patch: C · Ph · Pw.
  Index patch_size() const { return channels * patch_height * patch_width; }
};

/// Throws an Error of code `config` that names the first field that does not fit.
void check(const ImageConfig& image);

/// x = [c; p₁ Wᵀ + b; …; p_n Wᵀ + b], c the learned class token and p_i the pixels of patch i, row by row of patches.
/// Dosovitskiy et al. 2021, arXiv:2010.11929, eq. 1 (its positions are nn/position.h); transformers ViTEmbeddings.
class PatchEmbedding {
 public:
  PatchEmbedding() = default;
  PatchEmbedding(const ImageConfig& image, Index d_model, kernels::WeightFormat format = {});

  explicit operator bool() const { return static_cast<bool>(image_); }
  const ImageConfig& image() const { return image_; }
  /// The projection C · Ph · Pw → D.
  const Linear& projection() const { return projection_; }
  /// `name`.class_token [D], `name`.patch.weight [D, C, Ph, Pw] and `name`.patch.bias [D].
  void name_all(Parameters& parameters, const std::string& name);

  /// One picture [C, H, W] as its patches [n, C · Ph · Pw], each in the order of the projection's inputs.
  void gather(const float* picture, const MatrixView& patches) const;

  /// pixels: [B, C, H, W], x: [B·T, D].
  void forward(const float* pixels, Index batch, const MatrixView& x, kernels::Workspace& workspace) const;

  /// The gradients of class token and projection are added.   dx: [B·T, D].
  void backward(const float* pixels, Index batch, const ConstMatrixView& dx, const Backward& backward) const;

 private:
  ImageConfig image_;
  Vector class_token_;  // [D]
  Linear projection_;
};

}  // namespace attention_lab::nn
