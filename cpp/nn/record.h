// The one record of activations: which named values a forward pass keeps, and which it edits, as they are produced.
#pragma once

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

/// Keeps and edits the activations of one forward pass. A pass that asks for nothing costs nothing.
class Record {
 public:
  explicit Record(const ActivationNames& names);

  void request(Site site);
  void request_all();
  /// Throws where the intervention selects along an axis that the activation does not have.
  void edit(Intervention intervention);

  /// Throws where a value is asked for or edited that comes before `first`: a pass that begins there never makes it.
  void require_none_before(Site first) const;

  bool wants(Site site) const { return slot(site).wanted; }
  bool edits(Site site) const { return slot(site).edited; }
  bool touches(Site site) const { return wants(site) || edits(site); }

  /// Memory of the record itself for a wanted value, for a producer that can write there directly; a later
  /// produced() of the same memory then copies nothing.
  TensorView reserve(Site site, const Shape& shape);
  /// To be called where a value has just been produced: edits it in place, then keeps a copy if it is wanted.
  void produced(Site site, const TensorView& value);

  /// The way back through produced(): turns, in place, the loss's gradient with respect to the edited value into that
  /// with respect to the value before the edits, the last edit first.
  void undo_edits(Site site, const TensorView& gradient) const;

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
    bool wanted = false;
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
