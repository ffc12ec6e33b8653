// The sum of the embeddings, term by term.
#include "models/embeddings.h"

#include "nn/sublayer.h"

namespace attention_lab::models {

using nn::by_token;

namespace {

nn::PositionEmbedding::Kind embedding_kind(StackConfig::Positions positions) {
  using Kind = nn::PositionEmbedding::Kind;
  switch (positions) {
    case StackConfig::Positions::learned: return Kind::learned;
    case StackConfig::Positions::sinusoidal: return Kind::sinusoidal;
    case StackConfig::Positions::sinusoidal_halves: return Kind::sinusoidal_halves;
    default: return Kind::none;
  }
}

}  // namespace

Embeddings::Embeddings(const StackConfig& config, nn::Embedding* shared)
    : config_(config),
      tokens_(shared ? shared : &own_tokens_),
      positions_(embedding_kind(config.positions), config.max_len + config.position_offset, config.embedding_width()) {
  const Index E = config.embedding_width();
  if (config.vocab_size > 0 && !shared) own_tokens_ = nn::Embedding(config.vocab_size, E, config.weights());
  if (config.image) patches_ = nn::PatchEmbedding(config.image, E, config.weights());
  if (config.type_vocab_size > 0) types_ = nn::Embedding(config.type_vocab_size, E, config.weights());
  if (config.embed_norm) norm_ = nn::Norm(config.block.norm_kind, E, config.block.norm_eps);
  if (config.d_embed > 0) projection_ = nn::Linear(E, config.d_model(), config.weights());
}

void Embeddings::name_all(Parameters& parameters, const std::string& prefix) {
  if (own_tokens_) own_tokens_.name_all(parameters, prefix + "embed.token");
  if (patches_) patches_.name_all(parameters, prefix + "embed");
  positions_.name_all(parameters, prefix + "embed.position");
  if (types_) types_.name_all(parameters, prefix + "embed.token_type");
  if (config_.embed_norm) norm_.name_all(parameters, prefix + "embed.norm");
  if (projection_.out() > 0) projection_.name_all(parameters, prefix + "embed.projection", true);
}

void Embeddings::name_activations(ActivationNames& names, const std::string& prefix) {
  if (tokens() || patches_) sites_.embed = names.add(prefix + "embed", "bqi");
  if (positions_) sites_.pos_embed = names.add(prefix + "pos_embed", "bqi");
  if (types_) sites_.token_type_embed = names.add(prefix + "token_type_embed", "bqi");
}

/// Calls visit(row, position): tokens count from position_offset, padding is not counted.
template <class Visit>
void Embeddings::each_position(const ForwardInputs& inputs, Visit visit) const {
  const Index first = config_.position_offset + inputs.seen();
  for (Index b = 0; b < inputs.batch; ++b) {
    Index position = first;
    for (Index t = 0; t < inputs.length; ++t) {
      const Index r = b * inputs.length + t;
      const bool padding = config_.pad_token_id >= 0 && !inputs.input_ids.empty() &&
                           inputs.input_ids[static_cast<std::size_t>(r)] == config_.pad_token_id;
      visit(r, padding ? config_.pad_token_id : position);
      if (!padding) ++position;
    }
  }
}

void Embeddings::positions(const ForwardInputs& inputs, const MatrixView& term) const {
  positions_.reach(config_.position_offset + inputs.seen() + inputs.length);
  each_position(inputs, [&](Index r, Index position) {
    kernels::copy(positions_.row(position), {term.row(r), 1, term.cols, term.stride});
  });
}

void Embeddings::token_types(const ForwardInputs& inputs, const MatrixView& term) const {
  if (!inputs.token_type_ids.empty()) return types_.forward(inputs.token_type_ids, "tokenTypeIds", term);
  const int first_type = 0;
  for (Index r = 0; r < term.rows; ++r)
    types_.forward({&first_type, 1}, "tokenTypeIds", {term.row(r), 1, term.cols, term.stride});
}

/// The first term: what the sequence holds.
void Embeddings::content(const ForwardInputs& inputs, const MatrixView& x, kernels::Workspace& workspace) const {
  if (!inputs.inputs_embeds.empty()) {
    kernels::copy({inputs.inputs_embeds.data(), x.rows, x.cols, x.cols}, x);
  } else if (patches_) {
    patches_.forward(inputs.pixel_values.data(), inputs.batch, x, workspace);
  } else {
    tokens().forward(inputs.input_ids, "inputIds", x);
    if (config_.embed_scale != 1.0f) map(x) *= config_.embed_scale;
  }
}

void Embeddings::forward(const ForwardInputs& inputs, const MatrixView& x, const nn::Forward& forward) const {
  Record& record = forward.record;
  kernels::Workspace& workspace = forward.workspace;
  const kernels::Workspace::Scope scope(workspace);
  const bool projects = projection_.out() > 0;
  const MatrixView sum = projects ? workspace.take(x.rows, projection_.in()) : x;
  content(inputs, sum, workspace);
  if (tokens() || patches_) record.produced(sites_.embed, by_token(sum, inputs.batch));

  const MatrixView term = workspace.take(sum.rows, sum.cols);  // what is added to the sum
  const auto add_term = [&](Site site) {
    record.produced(site, by_token(term, inputs.batch));
    kernels::add(sum, term, sum);
  };
  if (positions_) {
    positions(inputs, term);
    add_term(sites_.pos_embed);
  }
  if (types_) {
    token_types(inputs, term);
    add_term(sites_.token_type_embed);
  }
  if (config_.embed_norm) norm_.forward(sum, sum);
  if (projects) projection_.forward(sum, x, workspace);
}

void Embeddings::request_for_backward(Record& record) const {
  if (!config_.embed_norm && projection_.out() == 0) return;
  // The norm and the projection read the sum of these.
  if (tokens() || patches_) record.request(sites_.embed);
  if (positions_) record.request(sites_.pos_embed);
  if (types_) record.request(sites_.token_type_embed);
}

MatrixView Embeddings::sum_of_terms(const ForwardInputs& inputs, const nn::Backward& backward) const {
  const MatrixView sum = backward.workspace.take(inputs.batch * inputs.length, config_.embedding_width());
  if (tokens() || patches_)
    kernels::copy(backward.record.rows(sites_.embed), sum);
  else
    kernels::copy({inputs.inputs_embeds.data(), sum.rows, sum.cols, sum.cols}, sum);
  if (positions_) kernels::add(sum, backward.record.rows(sites_.pos_embed), sum);
  if (types_) kernels::add(sum, backward.record.rows(sites_.token_type_embed), sum);
  return sum;
}

void Embeddings::backward(const ForwardInputs& inputs, const MatrixView& d_x, const nn::Backward& backward) const {
  const kernels::Workspace::Scope scope(backward.workspace);
  const bool projects = projection_.out() > 0;
  const MatrixView sum = projects || config_.embed_norm ? sum_of_terms(inputs, backward) : MatrixView{};
  const MatrixView gradient = projects ? backward.workspace.take(sum.rows, sum.cols) : d_x;
  if (projects) {
    const MatrixView normed = config_.embed_norm ? backward.workspace.take(sum.rows, sum.cols) : sum;
    if (config_.embed_norm) norm_.forward(sum, normed);
    projection_.backward(normed, d_x, {}, gradient, backward);
  }
  if (config_.embed_norm) norm_.backward(sum, gradient, {}, gradient, backward);
  if (types_) {
    const ConstMatrixView term = gradient_of_term(sites_.token_type_embed, gradient, inputs.batch, backward);
    const int first_type = 0;
    for (Index r = 0; r < term.rows; ++r)
      types_.backward({inputs.token_type_ids.empty() ? &first_type : &inputs.token_type_ids[r], 1},
                      {term.row(r), 1, term.cols, term.stride}, backward);
  }
  if (positions_) {
    const ConstMatrixView term = gradient_of_term(sites_.pos_embed, gradient, inputs.batch, backward);
    if (positions_.learned())
      each_position(inputs, [&](Index r, Index position) {
        positions_.backward(position, {term.row(r), 1, term.cols, term.stride}, backward);
      });
  }
  if (tokens() || patches_) backward.record_gradient(sites_.embed, by_token(gradient, inputs.batch));
  if (!inputs.pixel_values.empty()) patches_.backward(inputs.pixel_values.data(), inputs.batch, gradient, backward);
  if (inputs.input_ids.empty()) return;
  if (config_.embed_scale != 1.0f) map(gradient) *= config_.embed_scale;
  tokens().backward(inputs.input_ids, gradient, backward);
}

}  // namespace attention_lab::models
