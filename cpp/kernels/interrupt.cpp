// Out of line, so that the throw is not in every loop that counts.
#include "kernels/interrupt.h"

namespace attention_lab::kernels {

void Interrupt::count(double work) {
  work_ += work;
  if (work_ < work_between_questions_) return;
  work_ = 0.0;
  if (is_requested()) throw Interrupted();
}

}  // namespace attention_lab::kernels
