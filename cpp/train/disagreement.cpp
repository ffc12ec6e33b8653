// The gradient of the heads' overlap, from their recorded patterns.
#include "train/disagreement.h"

#include <algorithm>

namespace attention_lab::train {

bool Disagreement::depends_on(Site site) const { return std::ranges::find(patterns_, site) != patterns_.end(); }

/// ∂ / ∂ P_g[t, s] = u_t w_s Σ_{h ≠ g} P_h[t, s].
void Disagreement::add_gradient(Site site, const Record& record, const TensorView& gradient) const {
  const Index B = gradient.dims[0], H = gradient.dims[1], T = gradient.dims[2];
  const float *const u = weights_.data(), *const w = u + B * T;
  for (Index b = 0; b < B; ++b)
    for (Index h = 0; h < H; ++h) {
      const ConstMatrixView other = record.matrix(site, b, h);
      for (Index g = 0; g < H; ++g) {
        const MatrixView own = gradient.matrix(b, g);
        for (Index t = 0; g != h && t < T; ++t)
          for (Index s = 0; s < T; ++s) own.row(t)[s] += u[b * T + t] * w[b * T + s] * other.row(t)[s];
      }
    }
}

}  // namespace attention_lab::train
