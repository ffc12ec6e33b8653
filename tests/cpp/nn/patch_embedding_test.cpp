// Pictures as tokens: each patch by a plain convolution in double, and what the layer's parameters look like outside.
#include "nn/patch_embedding.h"

#include <doctest/doctest.h>

#include "compare.h"
#include "message_of.h"

using namespace attention_lab;
using attention_lab::testing::message_of;

TEST_CASE("patches: the class token, then a convolution whose stride is its kernel's size") {
  const nn::ImageConfig image{7, 11, 2, 3, 4};  // 2 × 2 patches; a row and three columns are in none
  constexpr Index kBatch = 2, D = 5;
  nn::PatchEmbedding layer(image, D);
  Parameters parameters;
  layer.name_all(parameters, "embed");
  REQUIRE(parameters.size() == 3);
  CHECK(parameters[0].name == "embed.class_token");
  CHECK(parameters[0].dims == Shape{D});
  CHECK(parameters[1].name == "embed.patch.weight");
  CHECK(parameters[1].dims == Shape{D, 2, 3, 4});
  CHECK(parameters[2].name == "embed.patch.bias");

  Random random(3);
  const auto values = [&](Index count) {
    std::vector<float> result(static_cast<std::size_t>(count));
    for (float& value : result) value = random.uniform(1.0f);
    return result;
  };
  std::vector<std::vector<float>> weights;
  for (const Parameter& parameter : parameters) {
    weights.push_back(values(element_count(parameter.dims)));
    parameter.set(weights.back());
    std::vector<float> back(weights.back().size());
    parameter.get(back);
    CHECK(back == weights.back());
  }
  const std::vector<float> pixels = values(kBatch * image.pixels());
  const Index T = image.length();
  REQUIRE(T == 5);
  Matrix x(kBatch * T, D);
  kernels::Workspace workspace;
  layer.forward(pixels.data(), kBatch, view(x), workspace);

  const auto pixel = [&](Index b, Index c, Index row, Index col) {
    return static_cast<double>(pixels[static_cast<std::size_t>(((b * 2 + c) * 7 + row) * 11 + col)]);
  };
  std::vector<float> expected;
  for (Index b = 0; b < kBatch; ++b) {
    expected.insert(expected.end(), weights[0].begin(), weights[0].end());
    for (Index patch = 0; patch < 4; ++patch)
      for (std::size_t d = 0; d < D; ++d) {
        double sum = static_cast<double>(weights[2][d]);
        for (Index c = 0; c < 2; ++c)
          for (Index i = 0; i < 3; ++i)
            for (Index j = 0; j < 4; ++j)
              sum += static_cast<double>(weights[1][d * 24 + static_cast<std::size_t>((c * 3 + i) * 4 + j)]) *
                     pixel(b, c, patch / 2 * 3 + i, patch % 2 * 4 + j);
        expected.push_back(static_cast<float>(sum));
      }
  }
  const Shape dims{kBatch * T, D};
  const std::span<const float> found(x.data(), static_cast<std::size_t>(x.size()));
  const testing::Comparison comparison = testing::compare(found, dims, expected, dims, 1e-5, 1e-5);
  CHECK_MESSAGE(comparison.ok, comparison.message);
}

TEST_CASE("patches: sizes that do not fit are named") {
  const auto refused = [](const nn::ImageConfig& image) { return message_of([&] { nn::check(image); }); };
  CHECK(refused({4, 4, 1, 5, 2}) == "config: image.size[0]: expected at least 5, got 4");
  CHECK(refused({4, 4, 1, 2, 0}) == "config: image.patchSize[1]: expected at least 1, got 0");
  CHECK(refused({4, 4, 0, 2, 2}) == "config: image.channels: expected at least 1, got 0");
}
