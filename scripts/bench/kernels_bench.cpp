// The kernels and the machine's limits as plain wasm exports, for the benchmark alone: no part of the package.
#include <cstddef>

#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/layer_norm.h"
#include "kernels/simd.h"

using namespace attention_lab;
using namespace attention_lab::kernels;

#define EXPORT extern "C" __attribute__((used, visibility("default")))

namespace {
Workspace& workspace() {
  static Workspace instance;
  return instance;
}

constexpr int kAccumulators = 12;

template <class Step>
[[gnu::noinline]] float run_accumulators(int rounds, Step step) {
  using namespace simd;
  F4 sums[kAccumulators];
  for (int i = 0; i < kAccumulators; ++i) sums[i] = splat(0.001f * static_cast<float>(i));
  static constexpr float kFactor = 0.999f, kTerm = 0.5f;
  const F4 x = constant(kFactor), y = constant(kTerm);
  for (; rounds > 0; --rounds)
    for (F4& sum : sums) sum = step(sum, x, y);
  F4 total = sums[0];
  for (int i = 1; i < kAccumulators; ++i) total = total + sums[i];
  return first(total);
}
}  // namespace

/// Limit F: the variant's multiply_add on independent accumulators. 96 floating-point operations a round.
EXPORT float limit_multiply_add(int rounds) {
  return run_accumulators(rounds, [](simd::F4 sum, simd::F4 x, simd::F4 y) { return simd::multiply_add(sum, x, y); });
}
/// Limit M: the same as a product and a sum, each rounded.
EXPORT float limit_multiply_then_add(int rounds) {
  return run_accumulators(rounds, [](simd::F4 sum, simd::F4 x, simd::F4 y) { return sum * x + y; });
}
/// Limit B: reads `size` floats once.
EXPORT float limit_read(const float* x, int size) {
  using namespace simd;
  F4 sums[8] = {};
  for (int i = 0; i + 32 <= size; i += 32)
    for (int u = 0; u < 8; ++u) sums[u] = sums[u] + load(x + i + 4 * u);
  F4 total = sums[0];
  for (int u = 1; u < 8; ++u) total = total + sums[u];
  return first(total);
}

EXPORT float* allocate(int floats) { return new float[static_cast<std::size_t>(floats)]; }
EXPORT void release(float* p) { delete[] p; }
EXPORT int memory_bytes() { return static_cast<int>(__builtin_wasm_memory_size(0)) * 65536; }

/// `type`: kernels::WeightType.
EXPORT int packed_size(int in, int out, int type) {
  return static_cast<int>(PackedView::storage_size(in, out, static_cast<WeightType>(type)));
}
EXPORT void pack(const float* weight, const float* bias, int in, int out, int type, float* packed) {
  const auto weight_type = static_cast<WeightType>(type);
  for (int i = 0; i < packed_size(in, out, type); ++i) packed[i] = 0.0f;
  pack_weight({weight, out, in, in}, 0, packed, weight_type);
  for (int o = 0; o < out; ++o) packed[PackedView::bias_position(in, o, weight_type)] = bias[o];
}
EXPORT void run_linear(const float* x, const float* packed, int type, int rows, int in, int out, int activation,
                       float* y) {
  linear({x, rows, in, in}, {packed, in, out, static_cast<WeightType>(type)},
         {.activation = static_cast<Activation>(activation), .residual = {}}, {y, rows, out, out}, workspace());
}
EXPORT void run_softmax(const float* x, int rows, int cols, float* y) {
  softmax({x, rows, cols, cols}, {y, rows, cols, cols});
}
EXPORT void run_activation(int activation, const float* x, int size, float* y) {
  activate(static_cast<Activation>(activation), {x, static_cast<std::size_t>(size)},
           {y, static_cast<std::size_t>(size)});
}
EXPORT void run_layer_norm(const float* x, const float* gain, const float* shift, float eps, int rows, int cols,
                           float* y) {
  layer_norm({x, rows, cols, cols}, gain, shift, eps, {y, rows, cols, cols});
}
/// q, k, v, out: [heads, length, d_head]; pattern [heads, length, length] or null; window < 0: none.
EXPORT void run_attention(const float* q, const float* k, const float* v, int heads, int length, int d_head, int causal,
                          int window, float* out, float* pattern) {
  for (int h = 0; h < heads; ++h) {
    const Index at = Index(h) * length * d_head;
    AttentionArguments a;
    a.q = {q + at, length, d_head, d_head};
    a.k = {k + at, length, d_head, d_head};
    a.v = {v + at, length, d_head, d_head};
    a.scale = 1.0f / __builtin_sqrtf(static_cast<float>(d_head));
    a.mask.causal = causal != 0;
    a.mask.window = window;
    a.out = {out + at, length, d_head, d_head};
    if (pattern) a.pattern = {pattern + Index(h) * length * length, length, length, length};
    attention(a, workspace());
  }
}
