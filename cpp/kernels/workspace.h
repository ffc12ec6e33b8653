// What a pass works with: scratch memory that it takes and gives back, after the first pass without allocating, and the
// interrupt that may end it.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/checked.h"
#include "kernels/interrupt.h"

namespace attention_lab::kernels {

/// A stack of floats. Memory taken inside a Scope is given back when the Scope ends.
/// Pointers stay valid until then, whatever else is taken meanwhile.
class Workspace {
 public:
  static constexpr Index kAlignment = 64;  // bytes: a cache line, and any vector type's need

  class Scope {
   public:
    explicit Scope(Workspace& workspace);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Workspace& workspace_;
    std::size_t chunk_;
    Index used_;
  };

  /// `count` floats, uninitialised and aligned to kAlignment. Throws std::bad_alloc where there is no such memory, or
  /// where the count is negative or above kMostFloats.
  float* take(Index count);
  MatrixView take(Index rows, Index cols) { return {take(checked_product(rows, cols)), rows, cols, cols}; }
  /// The same, filled with zeros.
  MatrixView zeros(Index rows, Index cols);

  /// Floats held from the system, in use or not.
  Index capacity() const;

  /// Who is asked whether to go on; null: nobody. Must outlive the workspace.
  void set_interrupt(Interrupt* interrupt) { interrupt_ = interrupt; }
  /// To be called by loops that may take long, for each piece of rows · cols · depth multiply-adds: a few million at most.
  void count_work(Index rows, Index cols, Index depth) {
    if (interrupt_)
      interrupt_->count(static_cast<double>(rows) * static_cast<double>(cols) * static_cast<double>(depth));
  }

 private:
  struct Chunk {
    std::unique_ptr<float[]> storage;
    float* begin = nullptr;  // aligned start within storage
    Index size = 0;
    Index used = 0;
  };
  std::vector<Chunk> chunks_;
  std::size_t current_ = 0;
  Interrupt* interrupt_ = nullptr;
};

}  // namespace attention_lab::kernels
