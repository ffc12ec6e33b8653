// Sizes stay small, so that thousands of models a second are made; the wild ones come from Bytes::size.
#include "arbitrary.h"

#include <algorithm>

namespace attention_lab::fuzz {

namespace {

using models::ModelConfig;
using models::StackConfig;

template <class T, class Make>
std::vector<T> many(Index count, Make make) {
  std::vector<T> values;
  if (count < 0 || count > 100000) return values;  // of a wild size: as if none had been given
  values.reserve(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i) values.push_back(static_cast<T>(make()));
  return values;
}

/// Whether products of it may be computed here, before the library has checked it.
bool is_small(Index size) { return size > 0 && size < 256; }
bool is_small(const nn::ImageConfig& image) {
  return is_small(image.channels) && is_small(image.height) && is_small(image.width) && is_small(image.patch_height) &&
         is_small(image.patch_width);
}

/// The number of values that are given where `right` are expected.
Index roughly(Index right, Bytes& bytes) { return bytes.rarely(60) ? right + bytes.below(3) - 1 : right; }

std::vector<int> ids_of(Index count, Index end, Bytes& bytes) {
  const Index known = std::clamp<Index>(end, 1, 100);
  return many<int>(count, [&] { return bytes.rarely(100) ? bytes.size(-1, known + 1) : bytes.below(known); });
}

std::vector<std::uint8_t> mask_of(Index count, Bytes& bytes) {
  return many<std::uint8_t>(count, [&] { return !bytes.rarely(4); });
}

StackConfig stack_config_of(Bytes& bytes) {
  StackConfig config;
  config.block.attention = attention_config_of(bytes);
  config.vocab_size = bytes.size(0, 20);
  config.max_len = bytes.size(1, 20);
  config.type_vocab_size = bytes.flag() ? bytes.size(0, 3) : 0;
  config.num_layers = bytes.size(1, 2);
  config.embed_scale = bytes.flag() ? bytes.number() : 1.0f;
  config.positions = bytes.one_of(StackConfig::Positions::transformer_xl);
  config.position_offset = bytes.flag() ? bytes.size(0, 3) : 0;
  config.pad_token_id = bytes.flag() ? bytes.size(-1, 22) : -1;
  config.rotary.theta = bytes.flag() ? bytes.number() : 10000.0;
  config.rotary.linear_factor = bytes.flag() ? bytes.number() : 1.0;
  config.rotary.llama3_factor = bytes.flag() ? bytes.number() : 1.0;
  config.t5_bias = {bytes.size(2, 10), bytes.size(2, 30), bytes.flag()};
  config.mem_length = bytes.flag() ? bytes.size(0, 4) : 0;
  config.embed_norm = bytes.flag();
  config.block.mlp.d_ff = bytes.size(1, 9);
  config.block.mlp.activation = bytes.one_of(kernels::Activation::tanh);
  config.block.mlp.gated = bytes.flag();
  config.block.mlp.mlp_bias = bytes.flag();
  config.block.norm_kind = bytes.one_of(nn::Norm::Kind::rms);
  config.block.norm_eps = bytes.flag() ? bytes.number() : 1e-5f;
  config.block.norm = bytes.one_of(nn::BlockConfig::NormPlacement::pre);
  config.block.feed_forward =
      bytes.rarely(6) ? nn::BlockConfig::FeedForwardKind::linear_of_sum : nn::BlockConfig::FeedForwardKind::mlp;
  if (bytes.rarely(6))
    config.windows =
        many<Index>(roughly(std::min<Index>(config.num_layers, 4), bytes), [&] { return bytes.size(-1, 4); });
  config.final_norm = bytes.flag();
  if (bytes.rarely(5)) {
    config.vocab_size = 0;
    config.image = {bytes.size(1, 8), bytes.size(1, 8), bytes.size(1, 3), bytes.size(1, 4), bytes.size(1, 4)};
    if (is_small(config.image)) config.max_len = config.image.length();
  }
  return config;
}

}  // namespace

nn::MultiHeadAttentionConfig attention_config_of(Bytes& bytes) {
  nn::MultiHeadAttentionConfig config;
  config.num_heads = bytes.size(1, 4);
  config.d_head = bytes.size(1, 6);
  const bool fits = is_small(config.num_heads) && is_small(config.d_head) && !bytes.rarely(4);
  config.d_model = fits ? config.num_heads * config.d_head : bytes.size(1, 16);
  config.num_kv_heads = bytes.flag() ? bytes.size(0, 4) : 0;
  config.bias = bytes.flag();
  config.out_bias = bytes.flag();
  config.out_projection = !bytes.rarely(4);
  config.fused = bytes.flag();
  config.shared_heads = bytes.rarely(5);
  config.scale_by = bytes.one_of(nn::MultiHeadAttentionConfig::ScaleBy::none);
  config.normalisation = bytes.rarely(5) ? nn::Normalisation::none : nn::Normalisation::softmax;
  if (bytes.rarely(5)) config.masked_value = bytes.flag() ? -1e20f : bytes.number();
  config.causal = bytes.flag();
  config.window = bytes.rarely(4) ? bytes.size(0, 5) : -1;
  config.global_tokens = bytes.rarely(5);
  return config;
}

ModelConfig model_config_of(Bytes& bytes) {
  ModelConfig config;
  static_cast<StackConfig&>(config) = stack_config_of(bytes);
  if (bytes.rarely(4)) {
    config.encoder = stack_config_of(bytes);
    if (!bytes.rarely(4)) config.encoder->block.attention.d_model = config.d_model();
    config.block.cross_attention = !bytes.rarely(20);
    if ((config.share_embeddings = bytes.flag()) && bytes.flag()) config.encoder->vocab_size = config.vocab_size;
  }
  switch (bytes.below(5)) {
    case 0: config.lm_head = true; break;
    case 1: config.masked_lm_head = true; break;
    case 2: config.num_labels = bytes.size(1, 5); break;
    case 3: config.lm_head = bytes.flag(), config.masked_lm_head = bytes.rarely(9); break;
    default: config.pooler = true; break;
  }
  config.lm_head_bias = bytes.flag();
  config.tie_embeddings = bytes.flag();
  return config;
}

Inputs::Inputs(const StackConfig& config, Index batch, Bytes& bytes) {
  const Index D = rows_of(config.d_model());
  const Index T = is_small(config.image) ? rows_of(config.image.length()) : 1 + bytes.below(bytes.rarely(8) ? 60 : 8);
  values.batch = bytes.rarely(100) ? bytes.size(-1, 3) : batch;
  values.length = bytes.rarely(100) ? bytes.size(-1, 9) : T;
  const auto number = [&] { return bytes.number(); };
  const Index rows = batch * T;
  if (is_small(config.image) && !bytes.rarely(20))
    pixels = many<float>(roughly(batch * rows_of(config.image.pixels()), bytes), number);
  else if (bytes.rarely(8))
    resid = many<float>(roughly(rows * D, bytes), number);
  else if (config.vocab_size == 0 || bytes.rarely(8))
    embeds = many<float>(roughly(rows * D, bytes), number);
  else
    ids = ids_of(roughly(rows, bytes), config.vocab_size, bytes);
  if (bytes.rarely(60)) ids = ids_of(rows, config.vocab_size, bytes);
  if (bytes.flag()) mask = mask_of(roughly(rows, bytes), bytes);
  if (config.block.attention.global_tokens && bytes.flag()) global_mask = mask_of(roughly(rows, bytes), bytes);
  if (config.type_vocab_size > 0 && bytes.flag()) types = ids_of(roughly(rows, bytes), config.type_vocab_size, bytes);
  if (config.mem_length > 0 && bytes.flag()) {
    values.mems.length = bytes.size(0, 4);
    const Index layers = std::clamp<Index>(config.num_layers, 0, 4);
    if (values.mems.length >= 0 && values.mems.length < 16)
      mems = many<float>(roughly(layers * batch * values.mems.length * D, bytes), number);
  }
  values.input_ids = ids;
  values.inputs_embeds = embeds;
  values.attention_mask = mask;
  values.token_type_ids = types;
  values.pixel_values = pixels;
  values.start = {resid.empty() ? 0 : bytes.size(0, 2), resid};
  values.global_attention_mask = global_mask;
  values.mems.hidden_states = mems;
}

Overrides::Overrides(Index batch, Index heads, Index T, Index S, Bytes& bytes) {
  if (bytes.rarely(3)) values.causal = bytes.flag();
  if (bytes.rarely(5)) values.temperature = bytes.number();
  if (batch < 1 || heads < 1 || T < 1 || S < 1 || batch > 64 || heads > 64) return;
  if (T > kMostRows || S > kMostRows || batch * T > 100000 / S) return;
  if (bytes.rarely(5)) {
    keys = mask_of(batch * S, bytes);
    values.key_mask = keys.data();
  }
  if (bytes.rarely(4)) {
    const Index b = bytes.flag() ? batch : 1, h = bytes.flag() ? heads : 1;
    cells = mask_of(b * h * T * S, bytes);
    values.cells = cells.data();
    values.cells_batch_stride = b > 1 ? h * T * S : 0;
    values.cells_head_stride = h > 1 ? T * S : 0;
  }
}

std::vector<Intervention> interventions_of(const ActivationNames& names, Bytes& bytes) {
  std::vector<Intervention> edits;
  for (Index i = bytes.below(4); i > 0 && names.size() > 0; --i) {
    Intervention edit;
    edit.at = static_cast<Site>(bytes.below(std::min<Index>(names.size(), 256)));
    const std::string_view axes = names.axes(edit.at);
    const auto selector = [&](char axis) {
      const bool has = axes.find(axis) != std::string_view::npos || bytes.rarely(30);
      return has && bytes.flag() ? bytes.size(0, 3) : Index{-1};
    };
    edit.batch = selector('b'), edit.head = selector('h'), edit.query = selector('q'), edit.key = selector('k');
    edit.index = selector('i');
    edit.op = bytes.one_of(Intervention::Op::scale);
    edit.value = bytes.number();
    if (bytes.rarely(3)) {
      edit.operand = bytes.one_of(Intervention::Operand::activation);
      for (Index axis = bytes.below(5); axis > 0; --axis) edit.values_shape.push_back(1 + bytes.below(4));
      edit.values = many<float>(roughly(element_count(edit.values_shape), bytes), [&] { return bytes.number(); });
    }
    edits.push_back(std::move(edit));
  }
  return edits;
}

void ask(Record& record, Bytes& bytes) {
  const Index names = std::min<Index>(record.names().size(), 256);
  if (names == 0) return;
  if (bytes.rarely(4)) record.request_all();
  for (Index i = bytes.below(4); i > 0; --i) record.request(static_cast<Site>(bytes.below(names)));
  for (Intervention& edit : interventions_of(record.names(), bytes)) record.edit(std::move(edit));
}

}  // namespace attention_lab::fuzz
