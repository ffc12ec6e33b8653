// Tiled attention against scores, mask, softmax and product in double, for every field of AttentionMask.
#include "kernels/attention.h"

#include <doctest/doctest.h>

#include "matrix.h"

using namespace attention_lab;
using namespace attention_lab::testing;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// Runs the kernel with and without its [T, S] outputs and checks all four against the reference.
void check_attention(const Matrix& q, const Matrix& k, const Matrix& v, float scale, const AttentionMask& mask) {
  const Index T = q.view().rows, S = k.view().rows, Kv = v.view().cols;
  const Reference scores = matmul_transposed(scale, q.view(), k.view());
  const Reference masked = mask_scores(scores, mask);
  const Reference pattern = softmax(masked);
  const Reference out = weighted_values(pattern, v.view());
  kernels::Workspace workspace;
  for (const int outputs : {0, 1, 2, 4, 7}) {  // bits: scores, masked_scores, pattern
    Matrix got_scores(T, S), got_masked(T, S), got_pattern(T, S), got_out(T, Kv);
    kernels::AttentionArguments a{q.view(), k.view(), v.view(), scale, mask, got_out.view(), {}, {}, {}};
    if (outputs & 1) a.scores = got_scores.view();
    if (outputs & 2) a.masked_scores = got_masked.view();
    if (outputs & 4) a.pattern = got_pattern.view();
    kernels::attention(a, workspace);
    const auto check = [&](const char* name, const Matrix& got, const Reference& expected) {
      const Comparison result = got.compared(expected);
      CHECK_MESSAGE(result.ok, name << " of " << T << " × " << S << " (outputs " << outputs << "): " << result.message);
    };
    check("out", got_out, out);
    if (a.scores) check("scores", got_scores, scores);
    if (a.masked_scores) check("masked_scores", got_masked, masked);
    if (a.pattern) check("pattern", got_pattern, pattern);
  }
}

void check_attention(Index T, Index S, Index K, Index Kv, const AttentionMask& mask, Random& random,
                     float size = 1.0f) {
  check_attention(Matrix(T, K, random, -size, size), Matrix(S, K, random, -size, size), Matrix(S, Kv, random), 0.35f,
                  mask);
}

}  // namespace

TEST_CASE("attention agrees with the reference at every size") {
  Random random(1);
  for (const Index T : kSizes)
    for (const Index S : kSizes) check_attention(T, S, 9, 7, {}, random);
  for (const Index K : kSizes)
    for (const Index Kv : kSizes) check_attention(9, 33, K, Kv, {}, random);
}

TEST_CASE("attention of so few queries that keys and values are not packed agrees with the reference") {
  Random random(11);
  for (const Index T : {1, 2})
    for (const Index S : kSizes)
      for (const Index K : {1, 7, 32, 33, 64}) {
        AttentionMask mask;
        check_attention(T, S, K, K + 3, mask, random);
        mask.window = 9;  // begins inside a panel of keys
        mask.first_query = S / 2;
        check_attention(T, S, K, K + 3, mask, random);
      }
}

TEST_CASE("attention is causal, from any position on") {
  Random random(2);
  for (const Index T : kSizes)
    for (const Index first : {0, 5, 64}) {
      AttentionMask mask;
      mask.causal = true;
      mask.first_query = first;
      check_attention(T, T, 8, 9, mask, random);
      check_attention(T, T + first, 8, 9, mask, random);
    }
}

TEST_CASE("attention keeps to a window, causal or not, even where it leaves no key") {
  Random random(3);
  for (const Index window : {0, 1, 7, 30, 500})
    for (const bool causal : {false, true})
      for (const Index first : {0, 40, 400}) {
        AttentionMask mask;
        mask.window = window;
        mask.causal = causal;
        mask.first_query = first;
        check_attention(129, 129, 8, 8, mask, random);
        check_attention(31, 3, 8, 8, mask, random);
      }
}

TEST_CASE("attention leaves out masked keys and cells, adds a bias, and gives zeros to a fully masked row") {
  Random random(4);
  for (const Index T : {1, 8, 33})
    for (const Index S : {1, 7, 33, 129}) {
      std::vector<std::uint8_t> keys(static_cast<std::size_t>(S)), cells(static_cast<std::size_t>(T * (S + 2)));
      for (auto& key : keys) key = random.bits() % 3 != 0;
      for (auto& cell : cells) cell = random.bits() % 2 == 0;
      for (Index s = 0; s < S; ++s) cells[static_cast<std::size_t>(s)] = 0;  // query 0 sees nothing
      Matrix bias(T, S, random, -4.0f, 4.0f);
      bias.at(T - 1, S / 2) = -kInfinity;
      for (int fields = 1; fields < 32; ++fields)
        for (const float masked_value : {-kInfinity, -1e20f, -2.0f}) {
          AttentionMask mask;
          if (fields & 1) mask.keys = keys.data();
          if (fields & 2) mask.cells = cells.data(), mask.cells_stride = S + 2;
          if (fields & 4) mask.bias = bias.view();
          mask.causal = (fields & 8) != 0;
          mask.window = fields & 16 ? 3 : -1;
          mask.masked_value = masked_value;
          check_attention(T, S, 5, 9, mask, random);
        }
    }
}

TEST_CASE("a finite masked_value makes a fully masked row uniform") {
  Random random(5);
  const Matrix q(2, 4, random), k(6, 4, random), v(6, 3, random);
  const std::vector<std::uint8_t> keys(6, 0);
  Matrix pattern(2, 6), out(2, 3);
  kernels::AttentionArguments a{q.view(), k.view(), v.view(), 1.0f, {}, out.view(), {}, {}, pattern.view()};
  a.mask.keys = keys.data();
  a.mask.masked_value = -1e20f;
  kernels::Workspace workspace;
  kernels::attention(a, workspace);
  for (Index s = 0; s < 6; ++s) CHECK(pattern.at(1, s) == doctest::Approx(1.0 / 6));
}

TEST_CASE("attention keeps its bound for scores of ±1e4 and for denormal operands") {
  Random random(6);
  check_attention(33, 65, 16, 8, {}, random, 60.0f);
  check_attention(33, 65, 16, 8, {}, random, 100.0f);
  check_attention(9, 33, 16, 8, {}, random, 1e-39f);
}

TEST_CASE("attention agrees with the reference over long rows") {
  Random random(7);
  AttentionMask mask;
  check_attention(3, 20001, 4, 3, mask, random);
  mask.causal = true;
  mask.first_query = 19990;
  check_attention(9, 20001, 4, 3, mask, random);
}

TEST_CASE("NaN in a query reaches its row alone; NaN in a key that nobody may see reaches nothing") {
  Random random(8);
  Matrix q(30, 8, random), k(30, 8, random), v(30, 8, random), out(30, 8);
  q.at(3, 1) = std::numeric_limits<float>::quiet_NaN();
  k.at(29, 2) = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::uint8_t> keys(30, 1);
  keys[29] = 0;
  kernels::AttentionArguments a{q.view(), k.view(), v.view(), 1.0f, {}, out.view(), {}, {}, {}};
  a.mask.keys = keys.data();
  kernels::Workspace workspace;
  kernels::attention(a, workspace);
  for (Index t = 0; t < 30; ++t)
    for (Index c = 0; c < 8; ++c) CHECK(std::isnan(out.at(t, c)) == (t == 3));
}

TEST_CASE("attention without [T, S] outputs needs scratch that grows with T, not with its square") {
  Random random(9);
  const auto capacity = [&](Index T) {
    const Matrix q(T, 8, random), k(T, 8, random), v(T, 8, random);
    Matrix out(T, 8);
    kernels::Workspace workspace;
    kernels::attention({q.view(), k.view(), v.view(), 1.0f, {}, out.view(), {}, {}, {}}, workspace);
    return workspace.capacity();
  };
  const Index small = capacity(1000), large = capacity(4000);
  CHECK(large < 5 * small);
  CHECK(large < 4000 * 100);
}

TEST_CASE("mask_scores agrees with the reference, in place too") {
  Random random(10);
  for (const Index T : kSizes)
    for (const Index S : kSizes) {
      Matrix scores(T, S, random), masked(T, S);
      const Matrix bias(T, S, random);
      AttentionMask mask;
      mask.causal = true;
      mask.window = 5;
      mask.bias = bias.view();
      const Reference expected = mask_scores(exactly(scores), mask);
      kernels::mask_scores(scores.view(), mask, masked.view());
      kernels::mask_scores(scores.view(), mask, scores.view());
      CHECK(masked.compared(expected).ok);
      CHECK(scores.compared(expected).ok);
    }
}
