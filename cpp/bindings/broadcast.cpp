// Matches axes from the right, as PyTorch does.
#include "bindings/broadcast.h"

namespace attention_lab::bindings {

Broadcast broadcast_of(std::string_view name, const Shape& dims, const Shape& leading, Index T, Index S) {
  Shape expected = leading;
  expected.insert(expected.end(), {T, S});
  const auto refuse = [&] {
    fail("shape", {name, ": expected ", Shape{T, S}, " or, broadcast from the right, ", expected, ", got ", dims});
  };
  if (dims.size() < 2 || dims.size() > expected.size() || dims.back() != S || dims[dims.size() - 2] != T) refuse();
  Shape own(expected.size() - dims.size(), 1);  // leading axes, missing ones as 1
  own.insert(own.end(), dims.begin(), dims.end() - 2);
  Broadcast broadcast{0, 0, S};
  if (own.empty()) return broadcast;
  const Index heads = own.back();
  if (heads != 1 && heads != leading.back()) refuse();
  broadcast.head_stride = heads == 1 ? 0 : T * S;
  own.pop_back();
  const Shape batch(leading.begin(), leading.end() - 1);
  if (own == batch)
    broadcast.batch_stride = heads * T * S;
  else if (own != Shape(own.size(), 1))
    refuse();
  return broadcast;
}

}  // namespace attention_lab::bindings
