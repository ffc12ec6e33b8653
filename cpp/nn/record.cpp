// Applies edits to strided tensors and copies them, gap-free, into the record.
#include "nn/record.h"

#include <algorithm>

namespace attention_lab {

Site ActivationNames::add(std::string name, std::string_view axes) {
  entries_.push_back({std::move(name), axes});
  return static_cast<Site>(entries_.size()) - 1;
}

Site ActivationNames::find(const std::string& name) const {
  for (std::size_t site = 0; site < entries_.size(); ++site)
    if (entries_[site].name == name) return static_cast<Site>(site);
  fail("name", {"no activation is called '", name, "'; activationNames() lists those there are"});
}

namespace {

/// Calls visit(first, count, stride, position) for every row along the last axis, position being that of its first
/// element in row-major order.
template <class Visit>
void for_each_row(const TensorView& tensor, Visit visit) {
  // Leading axes are padded with 1, so that four loops serve every rank.
  std::array<Index, 4> dims{1, 1, 1, 1}, strides{};
  for (int axis = 0; axis < tensor.rank; ++axis) {
    dims[static_cast<std::size_t>(4 - tensor.rank + axis)] = tensor.dims[static_cast<std::size_t>(axis)];
    strides[static_cast<std::size_t>(4 - tensor.rank + axis)] = tensor.strides[static_cast<std::size_t>(axis)];
  }
  std::size_t position = 0;
  for (Index i = 0; i < dims[0]; ++i)
    for (Index j = 0; j < dims[1]; ++j)
      for (Index k = 0; k < dims[2]; ++k, position += static_cast<std::size_t>(dims[3]))
        visit(tensor.data + i * strides[0] + j * strides[1] + k * strides[2], dims[3], strides[3], position);
}

/// The loops of for_each_row() once for all edits, each of which is rare.
using VisitRow = void (*)(void* context, float* row, Index count, Index stride, std::size_t position);
void visit_rows(const TensorView& tensor, VisitRow visit, void* context) {
  for_each_row(tensor, [&](float* row, Index count, Index stride, std::size_t position) {
    visit(context, row, count, stride, position);
  });
}

/// Calls visit(float&, position) for every element, position counting in row-major order.
template <class Visit>
void for_each(const TensorView& tensor, Visit visit) {
  visit_rows(
      tensor,
      [](void* context, float* row, Index count, Index stride, std::size_t position) {
        for (Index l = 0; l < count; ++l) (*static_cast<Visit*>(context))(row[l * stride], position++);
      },
      &visit);
}

Index selector(const Intervention& intervention, char axis) {
  switch (axis) {
    case 'b': return intervention.batch;
    case 'h': return intervention.head;
    case 'q': return intervention.query;
    case 'k': return intervention.key;
    default: return intervention.index;
  }
}

const char* axis_name(char axis) {
  switch (axis) {
    case 'b': return "batch";
    case 'h': return "head";
    case 'q': return "query";
    case 'k': return "key";
    default: return "index";
  }
}

/// The part of `value` that the intervention selects: selected axes dropped, and the same for their letters.
TensorView select(const Intervention& intervention, const std::string& place, std::string_view axes,
                  const TensorView& value, std::string& remaining) {
  TensorView part{value.data, 0, {}, {}};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const Index at = selector(intervention, axes[axis]);
    if (at >= 0) {
      require_in_range(place + axis_name(axes[axis]), at, value.dims[axis]);
      part.data += at * value.strides[axis];
    } else {
      part.dims[static_cast<std::size_t>(part.rank)] = value.dims[axis];
      part.strides[static_cast<std::size_t>(part.rank)] = value.strides[axis];
      remaining += axes[axis];
      ++part.rank;
    }
  }
  return part;
}

/// Every element becomes its mean over what is selected of the batch and the positions.
void set_to_mean(const TensorView& part, const std::string& axes, char position) {
  TensorView kept{part.data, 0, {}, {}}, averaged{part.data, 0, {}, {}};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    TensorView& side = axes[axis] == 'b' || axes[axis] == position ? averaged : kept;
    side.dims[static_cast<std::size_t>(side.rank)] = part.dims[axis];
    side.strides[static_cast<std::size_t>(side.rank++)] = part.strides[axis];
  }
  for_each(kept, [&](float& first, std::size_t) {
    TensorView group = averaged;
    group.data = &first;
    double sum = 0.0;
    std::size_t count = 0;
    for_each(group, [&](float& x, std::size_t) { sum += x, ++count; });
    const float mean = static_cast<float>(sum / static_cast<double>(count));
    for_each(group, [&](float& x, std::size_t) { x = mean; });
  });
}

/// The activation of another run must have the shape it has here; where it has not, says why.
void require_same_shape(const std::string& name, std::string_view axes, const Shape& expected, const Shape& actual) {
  if (expected.size() == actual.size())
    for (std::size_t axis = 0; axis < axes.size(); ++axis)
      if (expected[axis] != actual[axis]) {
        const char* const what = axes[axis] == 'b'                        ? "number of sequences"
                                 : axes[axis] == 'q' || axes[axis] == 'k' ? "number of tokens"
                                                                          : "sizes";
        fail("shape", {name, ": expected ", expected, ", got ", actual, ": the runs differ in their ", what});
      }
  require_shape(name, expected, actual);
}

/// What set, add and scale take, one number for each element of the selected part, or one for all.
std::vector<float> operand_of(const Intervention& intervention, const std::string& place, std::string_view axes,
                              const Shape& whole, const Shape& part) {
  switch (intervention.operand) {
    case Intervention::Operand::number: return {intervention.value};
    case Intervention::Operand::selection:
      require_shape(place + "value", part, intervention.values_shape);
      return intervention.values;
    case Intervention::Operand::activation: {
      require_same_shape(place + "from", axes, whole, intervention.values_shape);
      std::vector<float> other = intervention.values, selected;
      std::string remaining;
      for_each(select(intervention, place, axes, TensorView::dense(other.data(), whole), remaining),
               [&](float& x, std::size_t) { selected.push_back(x); });
      return selected;
    }
  }
  return {};
}

void apply(const Intervention& intervention, Intervention::Op op, const std::string& name, std::string_view axes,
           const TensorView& value) {
  const std::string place = "interventions at '" + name + "': ";
  std::string remaining;
  const TensorView part = select(intervention, place, axes, value, remaining);
  // Positions are queries, or keys where the value, not the selection, has no queries.
  if (op == Intervention::Op::mean)
    return set_to_mean(part, remaining, axes.find('q') != std::string_view::npos ? 'q' : 'k');
  const std::vector<float> operands = operand_of(intervention, place, axes, value.shape(), part.shape());
  for_each(part, [&](float& x, std::size_t position) {
    const float operand = operands[operands.size() == 1 ? 0 : position];
    switch (op) {
      case Intervention::Op::mean: break;
      case Intervention::Op::zero: x = 0.0f; break;
      case Intervention::Op::set: x = operand; break;
      case Intervention::Op::add: x += operand; break;
      case Intervention::Op::scale:
        if (x != -std::numeric_limits<float>::infinity()) x *= operand;
        break;
    }
  });
}

/// The edit that applies the transposed Jacobian of `op` to a gradient: each op is affine in x.
Intervention::Op adjoint(Intervention::Op op) {
  using Op = Intervention::Op;
  return op == Op::set ? Op::zero : op;  // zero, mean and scale are their own adjoints
}

}  // namespace

Record::Record(const ActivationNames& names) : names_(&names), slots_(static_cast<std::size_t>(names.size())) {}

void Record::request(Site site) { slot(site).requested = true; }

void Record::request_all() {
  for (Slot& slot : slots_) slot.requested = true;
}

void Record::edit(Intervention intervention) {
  for (const char axis : std::string_view("bhqki"))
    if (selector(intervention, axis) >= 0 && names_->axes(intervention.at).find(axis) == std::string_view::npos)
      fail("name", {"interventions at '", names_->name(intervention.at), "': this activation has no axis '",
                    axis_name(axis), "'"});
  if (intervention.operand != Intervention::Operand::number)
    require_count("interventions: value", element_count(intervention.values_shape), intervention.values.size());
  interventions_.push_back(std::move(intervention));
  slot(interventions_.back().at).edited = true;
}

void Record::require_none_before(Site first) const {
  for (Site site = 0; site < first; ++site)
    if (is_observed(site))
      fail("value", {"start: this pass begins at '", first < names_->size() ? names_->name(first) : "the output",
                     "' and never makes '", names_->name(site), "'"});
}

TensorView Record::reserve(Site site, const Shape& shape) {
  Slot& reserved = slot(site);
  reserved.values.resize(static_cast<std::size_t>(element_count(shape)));
  reserved.shape = shape;
  return TensorView::dense(reserved.values.data(), shape);
}

ConstMatrixView Record::rows(Site site) const {
  const Slot& recorded = slot(site);
  const Index cols = recorded.shape.back();
  return {recorded.values.data(), static_cast<Index>(recorded.values.size()) / cols, cols, cols};
}

ConstMatrixView Record::matrix(Site site, Index b, Index h) const {
  const ConstMatrixView all = rows(site);
  const Shape& dims = shape(site);
  return {all.row((b * dims[1] + h) * dims[2]), dims[2], all.cols, all.cols};
}

void Record::produced(Site site, const TensorView& value) {
  if (is_edited(site))
    for (const Intervention& intervention : interventions_)
      if (intervention.at == site) apply(intervention, intervention.op, names_->name(site), names_->axes(site), value);
  if (!is_requested(site) || value.data == slot(site).values.data()) return;
  float* const kept = reserve(site, value.shape()).data;
  for_each_row(value, [&](const float* row, Index count, Index stride, std::size_t position) {
    if (stride == 1)
      std::copy_n(row, count, kept + position);
    else
      for (Index l = 0; l < count; ++l) kept[position + static_cast<std::size_t>(l)] = row[l * stride];
  });
}

void Record::backpropagate_edits(Site site, const TensorView& gradient) const {
  if (!is_edited(site)) return;
  for (auto edit = interventions_.rbegin(); edit != interventions_.rend(); ++edit)
    if (edit->at == site && edit->op != Intervention::Op::add)
      apply(*edit, adjoint(edit->op), names_->name(site), names_->axes(site), gradient);
}

}  // namespace attention_lab
