// Broadcasting of masks and biases over the scores.
#pragma once

#include <string_view>

#include "nn/matrix.h"

namespace attention_lab::bindings {

/// How a tensor [T, S] with fewer leading axes, or with axes of 1, is laid over [B, H, T, S]: strides in elements.
struct Broadcast {
  Index batch_stride, head_stride, row_stride;
};

/// `leading` are the axes before [T, S] of the scores; all but the last of them count as the batch. Throws where `dims`
/// do not fit.
Broadcast broadcast_of(std::string_view name, const Shape& dims, const Shape& leading, Index T, Index S);

}  // namespace attention_lab::bindings
