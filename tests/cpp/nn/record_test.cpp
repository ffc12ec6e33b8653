// The record of activations: what it keeps, and how each edit changes a value where it is produced.
#include "nn/record.h"

#include <doctest/doctest.h>

#include <numeric>

#include "compare.h"
#include "message_of.h"

using namespace attention_lab;
using attention_lab::testing::compare;
using attention_lab::testing::message_of;

namespace {

/// A value [B 2, H 2, T 2, S 3] holding 0, 1, 2, …, with a record of one site `pattern`.
struct Fixture {
  ActivationNames names;
  Site pattern = names.add("pattern", "bhqk");
  Site resid = names.add("resid", "bqi");
  std::vector<float> values = std::vector<float>(24);
  TensorView tensor = TensorView::dense(values.data(), {2, 2, 2, 3});

  Fixture() { std::iota(values.begin(), values.end(), 0.0f); }

  std::vector<float> after(Intervention intervention) {
    intervention.at = pattern;
    Record record(names);
    record.edit(std::move(intervention));
    record.produced(pattern, tensor);
    CHECK_FALSE(record.has(pattern));
    return values;
  }
};

std::vector<float> counted(std::size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

}  // namespace

TEST_CASE("a value that nobody observes is neither kept nor changed") {
  Fixture f;
  Record record(f.names);
  record.produced(f.pattern, f.tensor);
  CHECK_FALSE(record.has(f.pattern));
  CHECK_FALSE(record.is_observed(f.pattern));
  CHECK(f.values == counted(24));
}

TEST_CASE("a requested value is kept row-major whatever its strides") {
  Fixture f;
  // The transpose of the last two axes: [2, 2, 3, 2].
  const TensorView transposed{f.values.data(), 4, {2, 2, 3, 2}, {12, 6, 1, 3}};
  Record record(f.names);
  record.request(f.pattern);
  record.produced(f.pattern, transposed);
  CHECK(record.shape(f.pattern) == Shape{2, 2, 3, 2});
  const std::vector<float> first_head = {0, 3, 1, 4, 2, 5};
  CHECK(compare(record.values(f.pattern).first(6), first_head, 0, 0));
}

TEST_CASE("a value produced in the record's own memory is kept without a copy") {
  Fixture f;
  Record record(f.names);
  record.request(f.pattern);
  const TensorView reserved = record.reserve(f.pattern, {1, 1, 2, 2});
  std::iota(reserved.data, reserved.data + 4, 5.0f);
  record.produced(f.pattern, reserved);
  CHECK(record.values(f.pattern).data() == reserved.data);
  CHECK(record.values(f.pattern)[3] == 8.0f);
}

TEST_CASE("zero with a selected head leaves the other head alone") {
  Intervention zero;
  zero.head = 1;
  std::vector<float> expected = counted(24);
  for (const std::size_t at : {6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23}) expected[at] = 0;
  CHECK(compare(Fixture().after(zero), expected, 0, 0));
}

TEST_CASE("set, add and scale act on one cell") {
  Intervention cell;
  cell.batch = 1, cell.head = 0, cell.query = 1, cell.key = 2;  // element 17
  const auto expect = [&](Intervention::Op op, float value, float outcome) {
    cell.op = op, cell.value = value;
    std::vector<float> expected = counted(24);
    expected[17] = outcome;
    CHECK(compare(Fixture().after(cell), expected, 0, 0));
  };
  expect(Intervention::Op::set, -3, -3);
  expect(Intervention::Op::add, 0.5f, 17.5f);
  expect(Intervention::Op::scale, 2, 34);
}

TEST_CASE("a value tensor has the shape of the selection") {
  Intervention add;
  add.batch = 0, add.query = 1, add.op = Intervention::Op::add;
  add.operand = Intervention::Operand::selection;
  add.values = {100, 200, 300, 400, 500, 600};
  add.values_shape = {2, 3};
  std::vector<float> expected = counted(24);
  const std::size_t cells[] = {3, 4, 5, 9, 10, 11};
  for (std::size_t i = 0; i < 6; ++i) expected[cells[i]] += add.values[i];
  CHECK(compare(Fixture().after(add), expected, 0, 0));

  add.values_shape = {3, 2};
  CHECK(message_of([&] { Fixture().after(add); }) ==
        "shape: interventions at 'pattern': value: expected [2, 3], got [3, 2]");
  add.values = {}, add.values_shape = {0};
  CHECK(message_of([&] { Fixture().after(add); }) ==
        "shape: interventions at 'pattern': value: expected [2, 3], got [0]");
}

TEST_CASE("another run's activation is patched in with the same selection") {
  Intervention patch;
  patch.batch = 1, patch.key = 1, patch.op = Intervention::Op::set;
  patch.operand = Intervention::Operand::activation;
  for (const float x : counted(24)) patch.values.push_back(x + 100);
  patch.values_shape = {2, 2, 2, 3};
  std::vector<float> expected = counted(24);
  for (const std::size_t at : {13, 16, 19, 22}) expected[at] += 100;
  CHECK(compare(Fixture().after(patch), expected, 0, 0));

  patch.values_shape = {2, 2, 3, 2};
  CHECK(message_of([&] { Fixture().after(patch); }) ==
        "shape: interventions at 'pattern': from: expected [2, 2, 2, 3], got [2, 2, 3, 2]: the runs differ in their "
        "number of "
        "tokens");
  patch.values_shape = {1, 4, 2, 3};
  CHECK(message_of([&] { Fixture().after(patch); }).ends_with("the runs differ in their number of sequences"));
  patch.values_shape = {24};
  CHECK(message_of([&] { Fixture().after(patch); }).starts_with("shape: interventions at 'pattern': from: expected"));
}

TEST_CASE("mean is taken over batch and queries, each head and key by itself") {
  Intervention mean;
  mean.op = Intervention::Op::mean;
  mean.head = 0;
  std::vector<float> expected = counted(24);
  for (std::size_t key = 0; key < 3; ++key) {
    const std::size_t cells[] = {key, key + 3, key + 12, key + 15};
    float sum = 0;
    for (const std::size_t cell : cells) sum += static_cast<float>(cell);
    for (const std::size_t cell : cells) expected[cell] = sum / 4;
  }
  CHECK(compare(Fixture().after(mean), expected, 0, 0));
}

TEST_CASE("edits at one name apply in the order given") {
  Fixture f;
  Record record(f.names);
  Intervention add, scale;
  add.at = scale.at = f.pattern;
  add.op = Intervention::Op::add, add.value = 1;
  scale.op = Intervention::Op::scale, scale.value = 10;
  record.edit(add);
  record.edit(scale);
  record.request(f.pattern);
  record.produced(f.pattern, f.tensor);
  CHECK(record.values(f.pattern)[2] == 30.0f);
}

TEST_CASE("errors of edits name the activation, what was expected and what came") {
  Intervention out_of_range;
  out_of_range.query = 2;
  CHECK(message_of([&] { Fixture().after(out_of_range); }) ==
        "range: interventions at 'pattern': query: expected 0 to 1, got 2");

  Fixture f;
  Intervention no_such_axis;
  no_such_axis.at = f.resid;
  no_such_axis.head = 0;
  CHECK(message_of([&] { Record(f.names).edit(no_such_axis); }) ==
        "name: interventions at 'resid': this activation has no axis 'head'");
  CHECK(message_of([&] { f.names.find("blocks.0.attn.probs"); }).starts_with("name: no activation is called"));
}
