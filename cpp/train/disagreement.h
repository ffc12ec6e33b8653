// A term of the loss that makes the heads of a layer attend to different keys.
#pragma once

#include <span>

#include "nn/backward.h"

namespace attention_lab::train {

/// In every attention   ½ Σ_t u_t Σ_s w_s Σ_{g ≠ h} P_g[t, s] P_h[t, s],   P the patterns [B, H, T, T] of its heads:
/// disagreement on positions, Li et al. 2018, arXiv:1810.10183, section 3.1.
class Disagreement final : public nn::ActivationLoss {
 public:
  /// `patterns`: the sites of the attentions' patterns. `weights` [2, B·T]: u of every query, then w of every key. Both must
  /// outlive this.
  Disagreement(std::span<const Site> patterns, std::span<const float> weights)
      : patterns_(patterns), weights_(weights) {}

  bool depends_on(Site site) const override;
  void add_gradient(Site site, const Record& record, const TensorView& gradient) const override;

 private:
  std::span<const Site> patterns_;
  std::span<const float> weights_;
};

}  // namespace attention_lab::train
