// Products against their double-precision reference, at every size around a tile's edges.
#include "kernels/gemm.h"

#include <doctest/doctest.h>

#include "matrix.h"

using namespace attention_lab;
using namespace attention_lab::testing;
using kernels::PackedView;

namespace {

/// Packed storage of exactly the size that is promised, so that a sanitizer sees a read past it.
std::vector<float> packed(ConstMatrixView weight, const float* bias) {
  std::vector<float> storage(static_cast<std::size_t>(PackedView::storage_size(weight.cols, weight.rows)));
  kernels::pack_weight(weight, 0, storage.data());
  for (Index o = 0; o < weight.rows; ++o)
    storage[static_cast<std::size_t>(PackedView::position(weight.cols, o, -1))] = bias[o];
  return storage;
}

void check_linear(const Matrix& x, const Matrix& weight, Activation activation, bool with_residual, Random& random) {
  const Index rows = x.view().rows, in = x.view().cols, out = weight.view().rows;
  const Matrix bias(1, out, random), residual(rows, out, random);
  const auto storage = packed(weight.view(), bias.view().data);
  kernels::Workspace workspace;
  Matrix y(rows, out);
  const kernels::Epilogue epilogue{activation, with_residual ? residual.view() : ConstMatrixView{}};
  kernels::linear(x.view(), {storage.data(), in, out}, epilogue, y.view(), workspace);
  const Comparison result =
      y.compared(linear(x.view(), weight.view(), bias.view().data, activation, epilogue.residual));
  CHECK_MESSAGE(result.ok, rows << " × " << in << " → " << out << ": " << result.message);
}

}  // namespace

TEST_CASE("linear agrees with the reference at every size") {
  Random random(1);
  for (const Index rows : kSizes)
    for (const Index in : kSizes)
      for (const Index out : kSizes)
        check_linear(Matrix(rows, in, random), Matrix(out, in, random), Activation::none, false, random);
}

TEST_CASE("linear agrees with the reference for every number of rows of a tile and a few blocks") {
  Random random(2);
  for (const Index rows : {1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 16, 17, 23, 25, 600})
    check_linear(Matrix(rows, 301, random), Matrix(19, 301, random), Activation::gelu, true, random);
}

TEST_CASE("linear applies every activation, then the residual") {
  Random random(3);
  for (const Activation activation : {Activation::none, Activation::relu, Activation::gelu, Activation::gelu_tanh,
                                      Activation::silu, Activation::tanh})
    for (const Index rows : {1, 2, 9})
      for (const Index out : {7, 16, 33}) {
        check_linear(Matrix(rows, 31, random), Matrix(out, 31, random), activation, true, random);
        check_linear(Matrix(rows, 31, random), Matrix(out, 31, random), activation, false, random);
      }
}

TEST_CASE("the residual may be the output itself") {
  Random random(4);
  const Matrix x(13, 9, random), weight(21, 9, random), bias(1, 21, random);
  Matrix y(13, 21, random);
  const Reference expected = linear(x.view(), weight.view(), bias.view().data, Activation::relu, y.view());
  const auto storage = packed(weight.view(), bias.view().data);
  kernels::Workspace workspace;
  kernels::linear(x.view(), {storage.data(), 9, 21}, {Activation::relu, y.view()}, y.view(), workspace);
  const Comparison result = y.compared(expected);
  CHECK_MESSAGE(result.ok, result.message);
}

TEST_CASE("linear keeps its bound for huge, tiny and denormal operands and long sums") {
  Random random(5);
  check_linear(Matrix(7, 33, random, -1e4f, 1e4f), Matrix(9, 33, random, -1e4f, 1e4f), Activation::none, true, random);
  check_linear(Matrix(7, 33, random, -1e-20f, 1e-20f), Matrix(9, 33, random, -1e-20f, 1e-20f), Activation::none, false,
               random);
  check_linear(Matrix(7, 33, random, -1e-39f, 1e-39f), Matrix(9, 33, random), Activation::gelu, false, random);
  check_linear(Matrix(3, 20000, random, 0.0f, 1.0f), Matrix(9, 20000, random, 0.0f, 1.0f), Activation::none, false,
               random);
}

TEST_CASE("a NaN or an infinity in one row of x reaches that row of y and no other") {
  Random random(6);
  for (const float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Matrix x(11, 31, random), weight(17, 31, random), bias(1, 17, random), y(11, 17);
    x.at(4, 30) = poison;
    const auto storage = packed(weight.view(), bias.view().data);
    kernels::Workspace workspace;
    kernels::linear(x.view(), {storage.data(), 31, 17}, {}, y.view(), workspace);
    for (Index r = 0; r < 11; ++r)
      for (Index o = 0; o < 17; ++o) CHECK(std::isfinite(y.at(r, o)) == (r != 4));
  }
}

TEST_CASE("unpack_weight is the inverse of pack_weight, for parts that begin inside a panel too") {
  Random random(7);
  for (const Index in : kSizes) {
    const Matrix upper(5, in, random), lower(12, in, random);
    std::vector<float> storage(static_cast<std::size_t>(PackedView::storage_size(in, 17)));
    kernels::pack_weight(upper.view(), 0, storage.data());
    kernels::pack_weight(lower.view(), 5, storage.data());
    Matrix upper_again(5, in), lower_again(12, in);
    kernels::unpack_weight(storage.data(), 0, upper_again.view());
    kernels::unpack_weight(storage.data(), 5, lower_again.view());
    CHECK(upper_again.compared(exactly(upper)).ok);
    CHECK(lower_again.compared(exactly(lower)).ok);
  }
}

TEST_CASE("matmul_transposed and matmul agree with the reference at every size") {
  Random random(8);
  kernels::Workspace workspace;
  for (const Index m : kSizes)
    for (const Index k : kSizes)
      for (const Index n : kSizes) {
        const Matrix a(m, k, random), b(n, k, random), c(k, n, random);
        Matrix ab(m, n), ac(m, n);
        kernels::matmul_transposed(0.125f, a.view(), b.view(), ab.view(), workspace);
        kernels::matmul(a.view(), c.view(), ac.view(), workspace);
        const Comparison transposed = ab.compared(matmul_transposed(0.125f, a.view(), b.view()));
        const Comparison plain = ac.compared(matmul(a.view(), c.view()));
        CHECK_MESSAGE(transposed.ok, m << " × " << k << " × " << n << ": " << transposed.message);
        CHECK_MESSAGE(plain.ok, m << " × " << k << " × " << n << ": " << plain.message);
      }
}
