// The one record of activations: which named values a forward pass keeps, and which it edits, as they are produced.
#pragma once

#include <cassert>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/workspace.h"
#include "nn/matrix.h"

namespace attention_lab {

/// Index of an activation's name in ActivationNames.
using Site = int;

/// The activations that a model can record: names, and what each axis means.
class ActivationNames {
 public:
  /// `axes` has one letter an axis: b batch, h head, q query, k key, i index within a vector.
  Site add(std::string name, std::string_view axes);
  Site find(const std::string& name) const;  // throws where there is none

  Index size() const { return static_cast<Index>(entries_.size()); }
  const std::string& name(Site site) const { return entries_[static_cast<std::size_t>(site)].name; }
  std::string_view axes(Site site) const { return entries_[static_cast<std::size_t>(site)].axes; }

 private:
  struct Entry {
    std::string name;
    std::string_view axes;
  };
  std::vector<Entry> entries_;
};

/// An edit of an activation, as data. A selector of −1 takes the whole axis.
struct Intervention {
  enum class Op {
    zero,   // x ← 0
    mean,   // x ← its mean over the batch and the positions selected, each head and index by itself
    set,    // x ← value
    add,    // x ← x + value
    scale,  // x ← x · value; a masked score, −∞, stays masked
  };
  Site at = 0;
  Index batch = -1, head = -1, query = -1, key = -1, index = -1;
  Op op = Op::zero;
  /// What set, add and scale take: one number; a tensor of the selection's shape (selected axes dropped); or the same
  /// activation of another run, of which the same part is selected. Tensors are row-major.
  enum class Operand { number, selection, activation } operand = Operand::number;
  float value = 0.0f;
  std::vector<float> values;
  Shape values_shape;
};

/// Keeps and edits the activations of one forward pass. A pass that requests nothing costs nothing.
///
/// The contract of a layer, for each of its sites in every pass, is one of
///   produced(site, value)  the value has come into being: the record edits it in place and keeps a copy if requested;
///   stored(site)           a kernel has written it to the record's own memory, from reserve(), and nobody edits it;
///   skipped(site)          a fused path never makes it, which is allowed only where nobody observes it.
/// A layer chooses its path by is_observed(site), or by needs_intermediates() of nn/attention.h, and debug builds assert
/// that it chose well. Backward reads only what its request_for_backward() requested.
class Record {
 public:
  explicit Record(const ActivationNames& names);

  void request(Site site);
  void request_all();
  /// Throws where the intervention selects along an axis that the activation does not have.
  void edit(Intervention intervention);

  /// Throws where a site before `first` is observed: a pass that begins there never makes it.
  void require_none_before(Site first) const;

  bool is_requested(Site site) const { return slot(site).requested; }
  bool is_edited(Site site) const { return slot(site).edited; }
  /// Somebody keeps or edits the value, so that it must come into being.
  bool is_observed(Site site) const { return is_requested(site) || is_edited(site); }

  /// Memory of the record itself for a requested value, for a producer that can write there directly; a later
  /// produced() of the same memory then copies nothing.
  TensorView reserve(Site site, const Shape& shape);
  void produced(Site site, const TensorView& value);
  void stored([[maybe_unused]] Site site) const { assert(!is_edited(site) && (!is_requested(site) || has(site))); }
  void skipped([[maybe_unused]] Site site) const { assert(!is_observed(site)); }

  /// The vector–Jacobian product of the interventions at a site, the last one first: replaces the gradient with respect
  /// to the edited value by that with respect to the value before the edits, in place.
  void backpropagate_edits(Site site, const TensorView& gradient) const;

  bool has(Site site) const { return !slot(site).shape.empty(); }
  const Shape& shape(Site site) const { return slot(site).shape; }
  std::span<const float> values(Site site) const { return slot(site).values; }
  /// The values of a site with axes bqi as rows [B·T, D]; with axes bhqk as [B·H·T, S].
  ConstMatrixView rows(Site site) const;
  /// The matrix at (b, h) of a site with four axes.
  ConstMatrixView matrix(Site site, Index b, Index h) const;
  const ActivationNames& names() const { return *names_; }

 private:
  struct Slot {
    bool requested = false;
    bool edited = false;
    Shape shape;
    std::vector<float> values;  // row-major
  };
  const Slot& slot(Site site) const { return slots_[static_cast<std::size_t>(site)]; }
  Slot& slot(Site site) { return slots_[static_cast<std::size_t>(site)]; }

  const ActivationNames* names_;
  std::vector<Slot> slots_;
  std::vector<Intervention> interventions_;
};

}  // namespace attention_lab
