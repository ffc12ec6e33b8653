// Backward kernels against finite differences of the forward pass's double-precision reference, and the two products of a
// linear layer's backward pass against plain sums.
#include <doctest/doctest.h>

#include <functional>

#include "kernels/adam_w.h"
#include "kernels/elementwise_backward.h"
#include "kernels/gemm_backward.h"
#include "matrix.h"

using namespace attention_lab;
using namespace attention_lab::testing;
using kernels::PackedView;

namespace {

/// aᵀ b + start, a: [k, m], b: [k, n].
Reference transposed_product(ConstMatrixView a, ConstMatrixView b, double alpha, const Reference& start) {
  Reference y = start;
  for (Index m = 0; m < a.cols; ++m)
    for (Index n = 0; n < b.cols; ++n) {
      const Approximate sum = dot(
          a.rows, start.at(m, n), alpha, [&](Index k) { return a.row(k)[m]; }, [&](Index k) { return b.row(k)[n]; });
      y.at(m, n) = sum.value;
      y.bound_at(m, n) = sum.bound;
    }
  return y;
}

std::vector<float> packed(ConstMatrixView weight) {
  std::vector<float> storage(static_cast<std::size_t>(PackedView::storage_size(weight.cols, weight.rows)));
  kernels::pack_weight(weight, 0, storage.data());
  return storage;
}

/// What `f` of one row, in double, has as its gradient dy · f'(x), by central differences.
using RowFunction = std::function<std::vector<double>(const std::vector<double>&)>;
std::vector<double> differences(const RowFunction& f, std::vector<double> x, const float* dy) {
  constexpr double kStep = 1e-5;
  std::vector<double> gradient;
  for (double& at : x) {
    const double middle = at;
    at = middle + kStep;
    const std::vector<double> above = f(x);
    at = middle - kStep;
    const std::vector<double> below = f(x);
    at = middle;
    double sum = 0.0;
    for (std::size_t i = 0; i < above.size(); ++i) sum += dy[i] * (above[i] - below[i]) / (2.0 * kStep);
    gradient.push_back(sum);
  }
  return gradient;
}

std::vector<double> row_of(ConstMatrixView m, Index r) { return {m.row(r), m.row(r) + m.cols}; }

Comparison close(const Matrix& actual, const std::vector<std::vector<double>>& expected, double tolerance) {
  const ConstMatrixView view = actual.view();
  Reference reference(view.rows, view.cols);
  for (Index r = 0; r < view.rows; ++r)
    for (Index c = 0; c < view.cols; ++c) {
      reference.at(r, c) = expected[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
      reference.bound_at(r, c) = tolerance;
    }
  return actual.compared(reference);
}

std::vector<double> normalised(const std::vector<double>& x, const float* gain, double eps, bool centred) {
  double mean = 0.0, variance = 0.0;
  for (const double v : x) mean += v / static_cast<double>(x.size());
  if (!centred) mean = 0.0;
  for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  std::vector<double> y;
  for (std::size_t i = 0; i < x.size(); ++i) y.push_back((x[i] - mean) / std::sqrt(variance + eps) * gain[i]);
  return y;
}

}  // namespace

TEST_CASE("a linear layer's weight gradient agrees with the reference at every size, and is added") {
  Random random(1);
  for (const Index rows : kSizes)
    for (const Index in : {1, 3, 7, 8, 9, 33, 129})
      for (const Index out : {1, 7, 8, 9, 31, 33}) {
        const Matrix x(rows, in, random), dy(rows, out, random), start(out, in, random), bias_start(1, out, random);
        std::vector<float> gradient = packed(start.view());
        for (Index o = 0; o < out; ++o)
          gradient[static_cast<std::size_t>(PackedView::position(in, o, -1))] = bias_start.view().row(0)[o];
        kernels::Workspace workspace;
        kernels::linear_backward_weight(x.view(), dy.view(), gradient.data(), workspace);
        Matrix found(out, in), bias(1, out);
        kernels::unpack_weight(gradient.data(), 0, found.view());
        for (Index o = 0; o < out; ++o)
          bias.at(0, o) = gradient[static_cast<std::size_t>(PackedView::position(in, o, -1))];
        Comparison result = found.compared(transposed_product(dy.view(), x.view(), 1.0, exactly(start)));
        CHECK_MESSAGE(result.ok, rows << " × " << in << " → " << out << ": " << result.message);
        Matrix ones(rows, 1);
        for (Index r = 0; r < rows; ++r) ones.at(r, 0) = 1.0f;
        result = bias.compared(transposed_product(ones.view(), dy.view(), 1.0, exactly(bias_start)));
        CHECK_MESSAGE(result.ok, rows << " × " << in << " → " << out << ", bias: " << result.message);
        for (Index o = out; o % 8 != 0; ++o)
          for (Index i = -1; i < in; ++i)
            CHECK(gradient[static_cast<std::size_t>(PackedView::position(in, o, i))] == 0.0f);
      }
}

TEST_CASE("products longer and wider than a block agree with the reference") {
  Random random(2);
  const Matrix a(700, 9, random), b(700, 11, random);
  const Matrix wide(13, 1100, random), narrow(13, 10, random);
  const auto check = [](const Matrix& left, const Matrix& right) {
    Matrix y(left.view().cols, right.view().cols);
    Reference zero(left.view().cols, right.view().cols);
    for (Index r = 0; r < zero.rows; ++r) std::fill_n(y.view().row(r), zero.cols, 0.0f);
    kernels::Workspace workspace;
    kernels::add_transposed_matmul(0.5f, left.view(), right.view(), y.view(), workspace);
    const Comparison result = y.compared(transposed_product(left.view(), right.view(), 0.5, zero));
    CHECK_MESSAGE(result.ok, result.message);
  };
  check(a, b);
  check(wide, narrow);
}

TEST_CASE("a linear layer's input gradient agrees with the reference at every size") {
  Random random(3);
  for (const Index rows : kSizes)
    for (const Index in : {1, 3, 8, 9, 33})
      for (const Index out : {1, 7, 8, 9, 31}) {
        const Matrix dy(rows, out, random), weight(out, in, random);
        Matrix residual(rows, in, random);
        const auto storage = packed(weight.view());
        Reference expected = matmul(dy.view(), weight.view());
        kernels::Workspace workspace;
        Matrix dx(rows, in);
        kernels::linear_backward_input(dy.view(), {storage.data(), in, out}, {}, dx.view(), workspace);
        Comparison result = dx.compared(expected);
        CHECK_MESSAGE(result.ok, rows << " × " << in << " → " << out << ": " << result.message);
        for (Index r = 0; r < rows; ++r)
          for (Index i = 0; i < in; ++i) {
            expected.at(r, i) += static_cast<double>(residual.at(r, i));
            expected.bound_at(r, i) += kUnit * std::abs(expected.at(r, i)) + kTiny;
          }
        kernels::linear_backward_input(dy.view(), {storage.data(), in, out}, residual.view(), residual.view(),
                                       workspace);
        result = residual.compared(expected);
        CHECK_MESSAGE(result.ok, rows << " × " << in << " → " << out << ", residual: " << result.message);
      }
}

TEST_CASE("the slope of every activation agrees with finite differences") {
  const auto forward = [](Activation activation, double x) { return activated(activation, {x, 0.0}).value; };
  for (const Activation activation : {Activation::none, Activation::gelu, Activation::gelu_tanh, Activation::silu,
                                      Activation::tanh, Activation::relu})
    for (const Index size : {1, 3, 4, 7, 401}) {
      std::vector<float> x, dy, dx(static_cast<std::size_t>(size));
      for (Index i = 0; i < size; ++i) {
        x.push_back(static_cast<float>(i - size / 2) / 17.0f + 0.003f);  // relu has no slope at 0
        dy.push_back(i % 2 ? -1.5f : 1.0f);
      }
      kernels::activation_backward(activation, x, dy, dx);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double slope = (forward(activation, x[i] + 1e-5) - forward(activation, x[i] - 1e-5)) / 2e-5;
        CHECK_MESSAGE(std::abs(dx[i] - dy[i] * slope) < 3e-6 * (1.0 + std::abs(slope)),
                      static_cast<int>(activation)
                          << " at " << x[i] << ": expected " << dy[i] * slope << ", got " << dx[i]);
      }
    }
}

TEST_CASE("the slopes of far-off values are their limits") {
  for (const Activation activation : {Activation::relu, Activation::gelu, Activation::gelu_tanh, Activation::silu}) {
    const std::vector<float> x = {-1e30f, -200.0f, 200.0f, 1e30f}, dy = {1.0f, 1.0f, 1.0f, 1.0f};
    std::vector<float> dx(4);
    kernels::activation_backward(activation, x, dy, dx);
    CHECK(dx == std::vector<float>{0.0f, 0.0f, 1.0f, 1.0f});
  }
}

TEST_CASE("the gradients of LayerNorm and RMSNorm agree with finite differences") {
  Random random(5);
  for (const bool centred : {true, false})
    for (const Index size : {1, 2, 3, 4, 5, 31, 64, 129}) {
      constexpr Index kRows = 4;
      const float eps = 1e-3f;
      const Matrix x(kRows, size, random, -2.0f, 3.0f), dy(kRows, size, random), gain(1, size, random),
          residual(kRows, size, random);
      Matrix dx(kRows, size);
      std::vector<float> dgain(static_cast<std::size_t>(size), 0.5f), dshift(static_cast<std::size_t>(size), 0.25f);
      const float* const gains = gain.view().data;
      if (centred)
        kernels::layer_norm_backward(x.view(), gains, eps, dy.view(), residual.view(), dx.view(), dgain.data(),
                                     dshift.data());
      else
        kernels::rms_norm_backward(x.view(), gains, eps, dy.view(), residual.view(), dx.view(), dgain.data());
      std::vector<std::vector<double>> expected;
      std::vector<double> expected_gain(static_cast<std::size_t>(size), 0.5),
          expected_shift(static_cast<std::size_t>(size), 0.25);
      const std::vector<float> ones(static_cast<std::size_t>(size), 1.0f);
      for (Index r = 0; r < kRows; ++r) {
        expected.push_back(
            differences([&](const std::vector<double>& row) { return normalised(row, gains, eps, centred); },
                        row_of(x.view(), r), dy.view().row(r)));
        const std::vector<double> normal = normalised(row_of(x.view(), r), ones.data(), eps, centred);
        for (Index i = 0; i < size; ++i) {
          const std::size_t at = static_cast<std::size_t>(i);
          expected.back()[at] += static_cast<double>(residual.view().row(r)[i]);
          expected_gain[at] += dy.view().row(r)[i] * normal[at];
          expected_shift[at] += static_cast<double>(dy.view().row(r)[i]);
        }
      }
      Comparison result = close(dx, expected, 1e-5);
      CHECK_MESSAGE(result.ok, size << ": " << result.message);
      const std::vector<double> bound(static_cast<std::size_t>(size), 1e-5);
      CHECK(compare(dgain, std::span<const double>(expected_gain), bound));
      if (centred) CHECK(compare(dshift, std::span<const double>(expected_shift), bound));
    }
}

TEST_CASE("the gradient of softmax agrees with finite differences, and is zero where a row is masked") {
  Random random(6);
  for (const Index size : {1, 3, 4, 5, 33, 127}) {
    constexpr Index kRows = 3;
    const Matrix scores(kRows, size, random, -3.0f, 3.0f), dy(kRows, size, random);
    Matrix pattern(kRows, size), dscores(kRows, size);
    kernels::softmax(scores.view(), pattern.view());
    for (Index i = 0; i < size; ++i) pattern.at(2, i) = 0.0f;  // as a fully masked row
    kernels::softmax_backward(pattern.view(), dy.view(), dscores.view());
    std::vector<std::vector<double>> expected;
    for (Index r = 0; r < 2; ++r)
      expected.push_back(differences(
          [&](const std::vector<double>& row) {
            Reference one(1, size);
            one.value = row;
            return softmax(one).value;
          },
          row_of(scores.view(), r), dy.view().row(r)));
    expected.emplace_back(static_cast<std::size_t>(size), 0.0);
    const Comparison result = close(dscores, expected, 1e-6);
    CHECK_MESSAGE(result.ok, size << ": " << result.message);
  }
}

TEST_CASE("AdamW agrees with its equations in double") {
  Random random(7);
  for (const Index size : {1, 4, 7, 33}) {
    Matrix weights(1, size, random), first(1, size, random), second(1, size, random, 0.0f, 1.0f);
    const Matrix gradient(1, size, random);
    const kernels::AdamWStep step{0.5f, 0.99f, 0.9f, 0.999f, 0.01f, 0.3f, 1e-8f};
    Reference w = exactly(weights), m = exactly(first), v = exactly(second);
    for (Index i = 0; i < size; ++i) {
      const double g = 0.5 * gradient.view().row(0)[i];
      m.at(0, i) = 0.9f * m.at(0, i) + (1.0 - 0.9f) * g;
      v.at(0, i) = 0.999f * v.at(0, i) + (1.0f - 0.999f) * g * g;
      w.at(0, i) = 0.99f * w.at(0, i) - 0.01f * m.at(0, i) / (std::sqrt(v.at(0, i)) / 0.3f + 1e-8);
      m.bound_at(0, i) = v.bound_at(0, i) = w.bound_at(0, i) = 4e-7;
    }
    kernels::adam_w(step, gradient.view().data, size, weights.view().data, first.view().data, second.view().data);
    for (const auto& [name, result] :
         {std::pair{"weights", weights.compared(w)}, std::pair{"first moments", first.compared(m)},
          std::pair{"second moments", second.compared(v)}})
      CHECK_MESSAGE(result.ok, name << ": " << result.message);
  }
}

TEST_CASE("a moment that no gradient feeds becomes 0 before it is denormal") {
  float weight = 1.0f, first = 1e-30f, second = 0.0f;
  const float gradient = 0.0f;
  kernels::adam_w({1.0f, 1.0f, 0.9f, 0.999f, 0.01f, 1.0f, 1e-8f}, &gradient, 1, &weight, &first, &second);
  CHECK(first == 0.0f);
  CHECK(weight == 1.0f);
}

TEST_CASE("the sum of squares is exact where floats are") {
  std::vector<float> x(3001, 2.0f);
  CHECK(kernels::sum_of_squares(x.data(), 3001) == 12004.0);
  CHECK(kernels::sum_of_squares(x.data(), 0) == 0.0);
}
