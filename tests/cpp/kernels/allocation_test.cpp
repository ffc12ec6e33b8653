// After the first pass the kernels allocate nothing: all scratch comes from the Workspace.
#include <doctest/doctest.h>

#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/workspace.h"
#include "matrix.h"

using namespace attention_lab;
using namespace attention_lab::testing;

TEST_CASE("a warm pass takes no new memory and finds the same") {
  Random random(1);
  const Matrix q(70, 16, random), k(90, 16, random), v(90, 16, random), weight(33, 16, random);
  std::vector<float> packed(static_cast<std::size_t>(kernels::PackedView::storage_size(16, 33)));
  kernels::pack_weight(weight.view(), 0, packed.data());
  Matrix out(70, 16), y(70, 33), scores(70, 90), product(70, 16);
  kernels::Workspace workspace;
  const auto pass = [&] {
    const kernels::Workspace::Scope scope(workspace);
    kernels::attention({q.view(), k.view(), v.view(), 1.0f, {}, out.view(), {}, {}, {}}, workspace);
    kernels::linear(out.view(), {packed.data(), 16, 33}, {}, y.view(), workspace);
    kernels::matmul_transposed(1.0f, q.view(), k.view(), scores.view(), workspace);
    kernels::matmul(scores.view(), v.view(), product.view(), workspace);
    return workspace.take(1);
  };
  pass();
  const Index capacity = workspace.capacity();
  float* const first = pass();
  CHECK(pass() == first);
  CHECK(workspace.capacity() == capacity);
}
