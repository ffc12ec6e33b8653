// Two linear layers; the activation and the residual ride in their epilogues unless someone looks in between.
#include "nn/feed_forward.h"

#include "nn/sublayer.h"

namespace attention_lab::nn {

void FeedForward::name_all(Parameters& parameters, const std::string& name) {
  fc1_.name_all(parameters, name + ".fc1", true);
  fc2_.name_all(parameters, name + ".fc2", true);
}

void FeedForward::name_activations(ActivationNames& names, const std::string& name) {
  sites_ = {names.add(name + ".pre", "bqi"), names.add(name + ".post", "bqi"), names.add(name + ".out", "bqi")};
}

void FeedForward::forward(ConstMatrixView x, Index batch, ConstMatrixView residual, MatrixView y, Record& record,
                          kernels::Workspace& workspace) const {
  const kernels::Workspace::Scope scope(workspace);
  const MatrixView hidden = workspace.take(x.rows, fc1_.out());  // [B·T, F]
  if (record.touches(sites_.pre)) {
    fc1_.forward(x, hidden, workspace);
    record.produced(sites_.pre, by_token(hidden, batch));
    const std::size_t count = static_cast<std::size_t>(hidden.rows * hidden.cols);
    kernels::activate(activation_, {hidden.data, count}, {hidden.data, count});
  } else {
    fc1_.forward(x, hidden, workspace, {activation_, {}});
  }
  if (record.touches(sites_.post)) record.produced(sites_.post, by_token(hidden, batch));
  forward_with_residual(fc2_, hidden, batch, residual, y, sites_.out, record, workspace);
}

}  // namespace attention_lab::nn
