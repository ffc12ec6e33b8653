// Attention of a window and of global tokens: Longformer's. Time and memory grow with T, not with T².
#pragma once

#include "nn/attention.h"

namespace attention_lab::nn {

/// Tokens that see all others and are seen by all others, through projections of their own.
struct GlobalTokens {
  const std::uint8_t* marks = nullptr;  // [B, T], 1 = global
  TensorView q, k, v;                   // q′ [B, H, T, K], k′ and v′ [B, G, T, K]
};

/// Beltagy, Peters & Cohan 2020, arXiv:2004.05150, section 3.1; transformers' LongformerSelfAttention. By head, S = T:
///   t not global:  scores[t, s] = scale · q_t · k_s     s with |t − s| ≤ window, or global    z_t = Σ pattern[t, s] v_s
///   t global:      scores[t, s] = scale · q′_t · k′_s   every s                               z_t = Σ pattern[t, s] v′_s
/// The other parts of options.mask (padding, causality, cells) hold for all; it has no bias. A padded token is not global.
/// A record that looks inside makes [B, H, T, S]; else nothing has more than T · (number of global tokens) cells.
void attend_globally(const TensorView& q, const TensorView& k, const TensorView& v, const GlobalTokens& global,
                     const AttentionOptions& options, const AttentionSites& sites, Record& record,
                     kernels::Workspace& workspace, const TensorView& z);

/// The way back, as attend_backward's; marks: [B, T]; `global`: q′, k′ and v′.
void attend_globally_backward(const AttentionOperands& of, const std::uint8_t* marks, const AttentionOperands& global,
                              const AttentionOptions& options, const AttentionSites& sites, const TensorView& dz,
                              const Backward& backward);

}  // namespace attention_lab::nn
