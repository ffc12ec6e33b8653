// Position biases: what a table or a number of heads must be, and ALiBi's slopes; agreement with Transformers is tested in tests/cpp/golden.
#include "nn/position_bias.h"

#include <doctest/doctest.h>

#include "message_of.h"

using namespace attention_lab;
using attention_lab::testing::message_of;
using nn::PositionBias;

TEST_CASE("every distance has a bucket of the table, and near ones a bucket of their own") {
  for (const bool bidirectional : {true, false})
    for (const Index buckets : {4, 7, 32, 33})
      for (const Index distance : {-100000, -129, -17, -3, -1, 0, 1, 3, 17, 129, 100000}) {
        const Index bucket = nn::t5_bucket({buckets, 128, bidirectional}, distance);
        CHECK(bucket >= 0);
        CHECK(bucket < buckets);
      }
  for (Index distance = 0; distance < 8; ++distance) {
    CHECK(nn::t5_bucket({32, 128, true}, -distance) == distance);
    CHECK(nn::t5_bucket({32, 128, false}, -distance) == distance);
  }
}

TEST_CASE("ALiBi's slopes are the paper's: 1/2, 1/4, … 1/256 for eight heads") {
  const Matrix slopes = nn::alibi_slopes(8);
  float expected = 1.0f;
  for (Index h = 0; h < 8; ++h) CHECK(slopes(0, h) == (expected /= 2.0f));
}

TEST_CASE("buckets that leave no room for the logarithm are refused") {
  CHECK(message_of([] { PositionBias(nn::Positions::t5_bias, {3, 128, true}, 2); }) ==
        "config: numBuckets: expected at least 4, got 3");
  CHECK(message_of([] { PositionBias(nn::Positions::t5_bias, {1, 128, false}, 2); }) ==
        "config: numBuckets: expected at least 2, got 1");
  CHECK(message_of([] { PositionBias(nn::Positions::t5_bias, {32, 8, true}, 2); }) ==
        "config: maxDistance: expected at least 9, got 8");
  CHECK(message_of([] {
          PositionBias(nn::Positions::t5_bias, {2000000000, 2000000000, true}, 2000000000);
        }).starts_with("memory: "));
}
