// Longformer's attention: fused equals step by step, with every mask; memory grows with T and not with T².
#include "nn/longformer_attention.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compare.h"
#include "nn/random.h"

using namespace attention_lab;
using attention_lab::testing::compare;

namespace {

std::vector<float> numbers(Index count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.uniform(2.0f);
  return values;
}

/// Two sequences, four heads of which two share keys and values, and global tokens at the given places of each sequence.
struct Call {
  static constexpr Index B = 2, H = 4, G = 2, K = 6, Kv = 5;
  Index T;
  std::vector<float> q, k, v, q_global, k_global, v_global;
  std::vector<std::uint8_t> marks;
  nn::AttentionOptions options;
  ActivationNames names;
  nn::AttentionSites sites = nn::name_attention_activations(names, "");
  kernels::Workspace workspace;

  Call(Index length, Index window, std::initializer_list<Index> first, std::initializer_list<Index> second)
      : T(length),
        q(numbers(B * H * T * K, 1)),
        k(numbers(B * G * T * K, 2)),
        v(numbers(B * G * T * Kv, 3)),
        q_global(numbers(B * H * T * K, 4)),
        k_global(numbers(B * G * T * K, 5)),
        v_global(numbers(B * G * T * Kv, 6)),
        marks(static_cast<std::size_t>(B * T)) {
    for (const Index t : first) marks[static_cast<std::size_t>(t)] = 1;
    for (const Index t : second) marks[static_cast<std::size_t>(T + t)] = 1;
    options.mask.window = window;
    options.scale = 0.7f;
  }

  std::vector<float> run(Record& record) {
    const auto tensor = [&](std::vector<float>& data, Index heads, Index width) {
      return TensorView::dense(data.data(), {B, heads, T, width});
    };
    std::vector<float> z(static_cast<std::size_t>(B * H * T * Kv));
    nn::attend_longformer({tensor(q, H, K), tensor(k, G, K), tensor(v, G, Kv)},
                          {marks.data(), {tensor(q_global, H, K), tensor(k_global, G, K), tensor(v_global, G, Kv)}},
                          options, sites, {record, workspace}, tensor(z, H, Kv));
    return z;
  }
  std::vector<float> fused() {
    Record record(names);
    return run(record);
  }
  std::vector<float> in_steps() {
    Record record(names);
    record.request(sites.pattern);
    return run(record);
  }

  /// The definition, in double.
  std::vector<float> reference() const {
    std::vector<float> z;
    for (Index b = 0; b < B; ++b)
      for (Index h = 0; h < H; ++h)
        for (Index t = 0; t < T; ++t) {
          const auto row = [&](const std::vector<float>& data, Index heads, Index head, Index at, Index width) {
            return data.data() + ((b * heads + head) * T + at) * width;
          };
          const bool own = is_global(b, t);
          std::vector<double> weights(static_cast<std::size_t>(T), -std::numeric_limits<double>::infinity()), sum(Kv);
          for (Index s = 0; s < T; ++s) {
            kernels::AttentionMask mask = options.mask.at(b, h, T, T);
            if (own || is_global(b, s)) mask.window = -1;
            if (!mask.allows(t, s)) continue;
            const float* const query = row(own ? q_global : q, H, h, t, K);
            const float* const key = row(own ? k_global : k, G, h / 2, s, K);
            double score = 0.0;
            for (Index i = 0; i < K; ++i) score += static_cast<double>(query[i]) * static_cast<double>(key[i]);
            weights[static_cast<std::size_t>(s)] = static_cast<double>(options.total_scale()) * score;
          }
          const double most = *std::max_element(weights.begin(), weights.end());
          double total = 0.0;
          for (double& weight : weights) total += weight = std::isinf(weight) ? 0.0 : std::exp(weight - most);
          for (Index s = 0; s < T && total > 0.0; ++s)
            for (Index i = 0; i < Kv; ++i)
              sum[static_cast<std::size_t>(i)] += weights[static_cast<std::size_t>(s)] / total *
                                                  static_cast<double>(row(own ? v_global : v, G, h / 2, s, Kv)[i]);
          z.insert(z.end(), sum.begin(), sum.end());
        }
    return z;
  }

  bool is_global(Index b, Index t) const {
    const auto at = static_cast<std::size_t>(b * T + t);
    return marks[at] && (!options.mask.keys || options.mask.keys[at]);
  }
};

void check_both(Call& call) {
  const std::vector<float> expected = call.reference();
  CHECK(compare(call.fused(), expected, 1e-5, 1e-5));
  CHECK(compare(call.in_steps(), expected, 1e-5, 1e-5));
}

}  // namespace

TEST_CASE("Longformer's attention, fused and step by step, is its definition") {
  for (const Index window : {0, 1, 5, 40, 1000}) {
    Call call(61, window, {0, 17, 18, 60}, {30});
    check_both(call);
  }
  Call one_sequence(29, 3, {}, {2, 28});
  check_both(one_sequence);
  Call all(5, 1, {0, 1, 2, 3, 4}, {0, 1, 2, 3, 4});
  check_both(all);
  Call one_token(1, 2, {0}, {});
  check_both(one_token);
}

TEST_CASE("Longformer's attention honours padding, causality, cells and temperature") {
  Call call(50, 4, {0, 20, 44}, {7, 8, 49});
  std::vector<std::uint8_t> keys(100, 1), cells(50 * 50);
  for (const Index padded : {44, 45, 49, 93, 99}) keys[static_cast<std::size_t>(padded)] = 0;  // 44 and 99 are marked
  Random random(9);
  for (std::uint8_t& cell : cells) cell = random.uniform(1.0f) > -0.4f;
  for (Index s = 0; s < 50; ++s)
    cells[static_cast<std::size_t>(31 * 50 + s)] = 0;  // a query that sees nothing gets zeros
  call.options.mask.keys = keys.data();
  call.options.mask.keys_batch_stride = 50;
  check_both(call);
  call.options.temperature = 0.3f;
  call.options.mask.cells = cells.data();
  call.options.mask.cells_row_stride = 50;
  check_both(call);
  call.options.mask.causal = true;
  check_both(call);
}

TEST_CASE("scores that are far apart leave the smaller share at nothing, not at NaN") {
  Call call(40, 2, {0, 39}, {20});
  call.options.scale = 30.0f;  // scores of several hundred: e to their difference is infinite
  const std::vector<float> expected = call.reference();
  CHECK(compare(call.fused(), expected, 2e-4, 2e-4));  // such a score is known to 3e-5, and so is the log of a weight
  CHECK(compare(call.in_steps(), expected, 2e-4, 2e-4));
}

TEST_CASE("memory of a pass that observes no pattern grows with the number of tokens, not with its square") {
  const auto memory_of = [](Index tokens) {
    Call call(tokens, 8, {0, 5}, {tokens - 1});
    call.fused();
    return static_cast<double>(call.workspace.capacity());
  };
  CHECK(memory_of(4096) <= 2.2 * memory_of(2048));
  CHECK(memory_of(4096) < 0.1 * 4096 * 4096);
}
