// Sampling by sorted candidates, in double so that the order of the sum does not decide.
#include "models/generation.h"

#include <algorithm>
#include <cmath>

#include "kernels/scalar_math.h"

namespace attention_lab::models {

int sample(std::span<const float> logits, const SamplingOptions& options, Random& random) {
  const auto largest = std::max_element(logits.begin(), logits.end());  // the first, where several are
  const float most = *largest;
  if (!std::isfinite(most) || std::any_of(logits.begin(), logits.end(), [](float x) { return std::isnan(x); }))
    fail("value", {"logits: expected finite numbers to pick a token from, got NaN or infinity"});
  if (options.temperature == 0.0f) return static_cast<int>(largest - logits.begin());

  struct Candidate {
    int id;
    double weight;
  };
  std::vector<Candidate> candidates(logits.size());
  for (std::size_t id = 0; id < logits.size(); ++id)
    candidates[id] = {static_cast<int>(id),
                      kernels::exponential((static_cast<double>(logits[id]) - most) / options.temperature)};
  // By weight, equal ones by id. A heap's code is a third of std::sort's.
  const auto before = [](const Candidate& a, const Candidate& b) {
    return a.weight > b.weight || (a.weight == b.weight && a.id < b.id);
  };
  std::make_heap(candidates.begin(), candidates.end(), before);
  std::sort_heap(candidates.begin(), candidates.end(), before);

  const auto total = [&] {
    double sum = 0.0;
    for (const Candidate& candidate : candidates) sum += candidate.weight;
    return sum;
  };
  if (options.top_k > 0 && options.top_k < static_cast<Index>(candidates.size()))
    candidates.resize(static_cast<std::size_t>(options.top_k));
  if (options.top_p < 1.0f) {
    const double enough = static_cast<double>(options.top_p) * total();
    double sum = 0.0;
    std::size_t count = 0;
    while (count < candidates.size() && (count == 0 || sum < enough)) sum += candidates[count++].weight;
    candidates.resize(count);
  }

  double remaining = static_cast<double>(random.next() >> 11) * 0x1p-53 * total();
  for (const Candidate& candidate : candidates) {
    remaining -= candidate.weight;
    if (remaining < 0.0) return candidate.id;
  }
  return candidates.back().id;
}

Generation::Generation(Model& model, Index capacity, const SamplingOptions& options, std::uint64_t seed, Source source)
    : model_(model), options_(options), random_(seed), source_(std::move(source)) {
  const ModelConfig& config = model.config();
  if (!config.block.attention.causal || !config.lm_head)
    fail("value", {"generate: expected a causal model with a language-model head"});
  require_size(1, capacity, "capacity");
  if (config.has_longest()) capacity = std::min(capacity, config.max_len);
  if (options.repetition_penalty != 1.0f) read_.resize(static_cast<std::size_t>(config.vocab_size));
  cache_ = model.make_cache(1, capacity);
  if (model.encoder() && !source_.mask.empty())
    require_count("attentionMask", static_cast<Index>(source_.ids.size()), source_.mask.size());
  if (model.encoder()) cross_cache_ = model.make_cache(1, static_cast<Index>(source_.ids.size()));
}

int Generation::next(std::span<const int> tokens, std::span<const int> suppressed) {
  const Index seen = cache_.length(), source_seen = cross_cache_.length();
  try {
    return pick(tokens, suppressed);
  } catch (...) {  // as if nothing had been read
    cache_.advance(seen - cache_.length());
    cross_cache_.advance(source_seen - cross_cache_.length());
    throw;
  }
}

int Generation::pick(std::span<const int> tokens, std::span<const int> suppressed) {
  Record nothing(model_.activation_names());
  ForwardInputs inputs{1, static_cast<Index>(tokens.size()), tokens, {}, {}, {}};
  inputs.cache = &cache_;
  inputs.last_logits_only = true;
  if (model_.encoder()) {
    inputs.cross.cache = &cross_cache_;
    if (!source_.mask.empty()) inputs.cross.overrides.key_mask = source_.mask.data();
    if (cross_cache_.length() == 0)
      inputs.cross.encoder_hidden_states =
          model_.encode({1, static_cast<Index>(source_.ids.size()), source_.ids, {}, source_.mask, {}}, {}, nothing);
  }
  const ConstMatrixView logits = model_.forward(inputs, {}, nothing).logits;
  std::vector<float> candidates(logits.data, logits.data + logits.cols);
  if (!read_.empty()) {
    for (const int id : tokens) read_[static_cast<std::size_t>(id)] = true;
    for (std::size_t id = 0; id < read_.size(); ++id)
      if (read_[id])
        candidates[id] = candidates[id] < 0.0f ? candidates[id] * options_.repetition_penalty
                                               : candidates[id] / options_.repetition_penalty;
  }
  for (const int id : suppressed) {
    require_in_range("suppressed", id, logits.cols);
    candidates[static_cast<std::size_t>(id)] = -std::numeric_limits<float>::infinity();
  }
  return sample(candidates, options_, random_);
}

}  // namespace attention_lab::models
