// Autoregressive generation with a cache of keys and values.
#pragma once

#include <span>
#include <vector>

#include "models/model.h"
#include "nn/random.h"

namespace attention_lab::models {

/// How a token is picked from logits. Temperature 0 is greedy: the first of the largest logits.
struct SamplingOptions {
  float temperature = 0.0f;
  Index top_k = 0;  // only the k most likely tokens; 0: all
  float top_p =
      1.0f;  // only the fewest most likely tokens whose probabilities reach p (Holtzman et al. 2020, arXiv:1904.09751)
  float repetition_penalty = 1.0f;  // logits of tokens that were read: negative ones times it, others divided by it
                                    // (Keskar et al. 2019, arXiv:1909.05858, section 4.1)
};

/// A token drawn from softmax(logits / temperature), restricted first to top_k, then to top_p.  logits: [V].
/// Throws where a logit is NaN or the largest is infinite.
int sample(std::span<const float> logits, const SamplingOptions& options, Random& random);

/// What the encoder of an encoder–decoder reads.
struct Source {
  std::vector<int> ids;            // [S]
  std::vector<std::uint8_t> mask;  // [S], 1 = a token, 0 = padding; empty: all tokens
};

/// Continues one sequence. Needs a causal model with a head that makes logits; one with an encoder needs a source, which is
/// encoded once, as are the keys and values that every layer's cross-attention makes of it.
class Generation {
 public:
  /// Room for `capacity` tokens, prompt included.
  Generation(Model& model, Index capacity, const SamplingOptions& options, std::uint64_t seed, Source source = {});

  /// Reads `tokens` (the prompt, then the token picked last) and picks the next one, never one of `suppressed`. If that
  /// throws, the generation is as it was before.
  int next(std::span<const int> tokens, std::span<const int> suppressed = {});

 private:
  int pick(std::span<const int> tokens, std::span<const int> suppressed);

  Model& model_;
  SamplingOptions options_;
  Random random_;
  Source source_;
  std::vector<bool> read_;  // [V], the tokens read so far; empty without a penalty
  nn::KeyValueCache cache_, cross_cache_;
};

}  // namespace attention_lab::models
