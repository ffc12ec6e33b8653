// Reads manifests and safetensors files, once.
#include "golden/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace attention_lab::testing {

namespace {

Index index_of(const Json& value) { return static_cast<Index>(value.number()); }

Shape shape_of(const Json& sizes) {
  Shape shape;
  for (const Json& size : sizes.items()) shape.push_back(index_of(size));
  return shape;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": cannot be read");
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

template <class Value>
std::vector<Value> copy_of(std::string_view bytes) {
  std::vector<Value> values(bytes.size() / sizeof(Value));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
  return values;
}

float from_float16(std::uint16_t half) {
  const int exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                                        : std::ldexp(1.0f + static_cast<float>(fraction) / 1024.0f, exponent - 15);
  return half & 0x8000 ? -magnitude : magnitude;  // the files hold no infinity and no NaN of 16 bits
}

float from_bfloat16(std::uint16_t half) {
  const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

Tensor tensor_of(const std::string& dtype, std::string_view bytes) {
  Tensor tensor;
  const auto widen = [&](float (*convert)(std::uint16_t)) {
    for (const std::uint16_t half : copy_of<std::uint16_t>(bytes)) tensor.floats.push_back(convert(half));
  };
  if (dtype == "F32")
    tensor.floats = copy_of<float>(bytes);
  else if (dtype == "F16")
    widen(from_float16);
  else if (dtype == "BF16")
    widen(from_bfloat16);
  else if (dtype == "I32")
    tensor.integers = copy_of<int>(bytes);
  else if (dtype == "U8")
    tensor.bytes = copy_of<std::uint8_t>(bytes);
  else if (dtype != "I64")
    throw std::runtime_error("safetensors: unknown dtype " + dtype);
  return tensor;  // I64, which only an unused buffer has, is left out
}

Tensors section_of(const Json& test_case, const char* section, const Tensors& tensors) {
  Tensors result;
  for (const Json& name : test_case[section].items())
    result[name.text()] = tensors.at(test_case["name"].text() + "/" + section + "/" + name.text());
  return result;
}

/// [in, out] as [out, in].
Tensor transposed(const Tensor& tensor) {
  const std::size_t rows = static_cast<std::size_t>(tensor.dims[0]), cols = static_cast<std::size_t>(tensor.dims[1]);
  Tensor result;
  result.dims = {tensor.dims[1], tensor.dims[0]};
  for (std::size_t i = 0; i < rows * cols; ++i) result.floats.push_back(tensor.floats[i % rows * cols + i / rows]);
  return result;
}

/// The parameters of a checkpoint, in one file or in shards, by our names: `table` says which tensor each is.
Tensors checkpoint_parameters(const std::string& name, const Json& table) {
  Tensors saved;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(ATTENTION_LAB_GOLDEN_DIR "/checkpoints/") + name))
    if (entry.path().extension() == ".safetensors") saved.merge(read_safetensors(entry.path().string()));
  Tensors result;
  for (const auto& [ours, theirs] : table.members()) {
    if (theirs.is_string()) {
      result[ours] = saved.at(theirs.text());
      continue;
    }
    const Tensor& tensor = saved.at(theirs["tensor"].text());
    const Json* const turned = theirs.find("transposed");
    result[ours] = turned && turned->boolean() ? transposed(tensor) : tensor;
    if (const Json* const dims = theirs.find("dims")) result[ours].dims = shape_of(*dims);
  }
  return result;
}

std::vector<Case> read_group(const std::string& group) {
  const std::string path = std::string(ATTENTION_LAB_GOLDEN_DIR "/") + group;
  const Json manifest = Json::parse(read_file(path + ".json"));
  const Tensors tensors = read_safetensors(path + ".safetensors");
  std::vector<Case> cases;
  for (const Json& source : manifest["cases"].items()) {
    Case test_case;
    test_case.name = group + "/" + source["name"].text();
    test_case.kind = source["kind"].text();
    test_case.options = source["options"];
    test_case.absolute = source["tolerance"]["absolute"].number();
    test_case.relative = source["tolerance"]["relative"].number();
    if (const Json* const valid = source.find("valid")) {
      const auto of_stack = [&](const char* stack) {
        const Json* const name = valid->find(stack);
        return name ? name->text() : std::string();
      };
      test_case.valid = valid->is_string() ? valid->text() : of_stack("decoder");
      test_case.valid_encoder = valid->is_string() ? valid->text() : of_stack("encoder");
    }
    test_case.inputs = section_of(source, "inputs", tensors);
    test_case.parameters = section_of(source, "parameters", tensors);
    test_case.expected = section_of(source, "expected", tensors);
    if (const Json* const config = source.find("config")) test_case.config = *config;
    if (const Json* const checkpoint = source.find("checkpoint")) {
      const Json& entry = manifest["checkpoints"][checkpoint->text()];
      test_case.config = entry["config"];
      test_case.parameters = checkpoint_parameters(checkpoint->text(), entry["parameters"]);
      if (const Json* const generation = entry.find("generation")) test_case.generation = *generation;
    }
    cases.push_back(std::move(test_case));
  }
  return cases;
}

const std::vector<Case>& all_cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all;
    for (const auto& entry : std::filesystem::directory_iterator(ATTENTION_LAB_GOLDEN_DIR))
      if (entry.path().extension() == ".safetensors")  // a manifest without one is JavaScript's alone
        for (Case& test_case : read_group(entry.path().stem().string())) all.push_back(std::move(test_case));
    std::ranges::sort(all, {}, &Case::name);
    return all;
  }();
  return cases;
}

template <class Value>
Value choose(const std::string& name, std::initializer_list<std::pair<const char*, Value>> table) {
  for (const auto& [key, value] : table)
    if (name == key) return value;
  throw std::runtime_error("golden: unknown name " + name);
}

}  // namespace

Tensors read_safetensors(const std::string& path) {
  const std::string file = read_file(path);
  const std::string_view content = file;
  std::uint64_t header_size;
  std::memcpy(&header_size, file.data(), sizeof header_size);
  const std::size_t start = sizeof header_size + static_cast<std::size_t>(header_size);
  const Json header = Json::parse(content.substr(sizeof header_size, start - sizeof header_size));
  Tensors tensors;
  for (const auto& [name, entry] : header.members()) {
    if (name == "__metadata__") continue;
    const auto offset = [&](std::size_t i) {
      return static_cast<std::size_t>(entry["data_offsets"].items().at(i).number());
    };
    Tensor tensor = tensor_of(entry["dtype"].text(), content.substr(start + offset(0), offset(1) - offset(0)));
    tensor.dims = shape_of(entry["shape"]);
    tensors[name] = std::move(tensor);
  }
  return tensors;
}

double Case::number(const std::string& option, double otherwise) const {
  const Json* const value = options.find(option);
  return value ? value->number() : otherwise;
}

bool Case::boolean(const std::string& option, bool otherwise) const {
  const Json* const value = options.find(option);
  return value ? value->boolean() : otherwise;
}

const Tensor* Case::tensor(const Json& option) const {
  constexpr std::string_view kPrefix = "tensor:";
  if (!option.is_string() || !option.text().starts_with(kPrefix)) return nullptr;
  return &inputs.at(option.text().substr(kPrefix.size()));
}

std::vector<const Case*> cases_of(const std::string& kind) {
  std::vector<const Case*> cases;
  for (const Case& test_case : all_cases())
    if (test_case.kind == kind) cases.push_back(&test_case);
  return cases;
}

kernels::Activation activation_of(const std::string& name) {
  using kernels::Activation;
  return choose<Activation>(name, {{"relu", Activation::relu},
                                   {"gelu", Activation::gelu},
                                   {"gelu_tanh", Activation::gelu_tanh},
                                   {"silu", Activation::silu},
                                   {"tanh", Activation::tanh}});
}

nn::MultiHeadAttentionConfig attention_config_of(const Json& config, Index d_model) {
  using ScaleBy = nn::MultiHeadAttentionConfig::ScaleBy;
  nn::MultiHeadAttentionConfig attention;
  attention.d_model = d_model;
  attention.num_heads = index_of(config["numHeads"]);
  if (const Json* const groups = config.find("numKvHeads")) attention.num_kv_heads = index_of(*groups);
  attention.d_head = index_of(config["dHead"]);
  attention.bias = config["bias"].boolean();
  attention.out_bias = config["outBias"].boolean();
  attention.out_projection = config["outProjection"].boolean();
  attention.fused = config["fused"].boolean();
  attention.shared_heads = config["sharedHeads"].boolean();
  attention.scale_by = choose<ScaleBy>(
      config["scaleBy"].text(), {{"d_head", ScaleBy::d_head}, {"d_model", ScaleBy::d_model}, {"none", ScaleBy::none}});
  attention.normalisation = choose<nn::Normalisation>(
      config["normalisation"].text(), {{"softmax", nn::Normalisation::softmax}, {"none", nn::Normalisation::none}});
  if (const Json* const value = config.find("maskedValue"))
    attention.masked_value = static_cast<float>(value->number());
  attention.causal = config["causal"].boolean();
  if (const Json* const window = config.find("window"); window && !window->is_array())
    attention.window = index_of(*window);
  if (const Json* const global = config.find("globalTokens")) attention.global_tokens = global->boolean();
  return attention;
}

nn::RotaryConfig rotary_config_of(const Json& config) {
  nn::RotaryConfig rotary;
  const std::pair<const char*, double nn::RotaryConfig::*> fields[] = {
      {"theta", &nn::RotaryConfig::theta},
      {"linearFactor", &nn::RotaryConfig::linear_factor},
      {"llama3Factor", &nn::RotaryConfig::llama3_factor},
      {"lowFrequency", &nn::RotaryConfig::low_frequency},
      {"highFrequency", &nn::RotaryConfig::high_frequency},
      {"originalMaxLen", &nn::RotaryConfig::original_max_len}};
  for (const auto& [name, field] : fields)
    if (const Json* const value = config.find(name)) rotary.*field = value->number();
  return rotary;
}

nn::T5BiasConfig t5_bias_config_of(const Json& config) {
  return {index_of(config["numBuckets"]), index_of(config["maxDistance"]), config["bidirectional"].boolean()};
}

namespace {

models::StackConfig stack_config_of(const Json& config, Index d_model) {
  using Positions = models::StackConfig::Positions;
  using Norm = nn::BlockConfig::NormPlacement;
  using FeedForwardKind = nn::BlockConfig::FeedForwardKind;
  models::StackConfig stack;
  stack.vocab_size = index_of(config["vocabSize"]);
  stack.max_len = index_of(config["maxLen"]);
  stack.type_vocab_size = index_of(config["typeVocabSize"]);
  stack.num_layers = index_of(config["numLayers"]);
  stack.positions = choose<Positions>(config["positions"].text(), {{"none", Positions::none},
                                                                   {"learned", Positions::learned},
                                                                   {"sinusoidal", Positions::sinusoidal},
                                                                   {"sinusoidal_halves", Positions::sinusoidal_halves},
                                                                   {"rotary", Positions::rotary},
                                                                   {"t5_bias", Positions::t5_bias},
                                                                   {"alibi", Positions::alibi},
                                                                   {"transformer_xl", Positions::transformer_xl}});
  const auto if_given = [&](const char* field, auto&& take) {
    if (const Json* const value = config.find(field)) take(*value);
  };
  if_given("positionOffset", [&](const Json& value) { stack.position_offset = index_of(value); });
  if_given("padTokenId", [&](const Json& value) { stack.pad_token_id = static_cast<int>(value.number()); });
  if_given("rotary", [&](const Json& value) { stack.rotary = rotary_config_of(value); });
  if_given("t5Bias", [&](const Json& value) { stack.t5_bias = t5_bias_config_of(value); });
  if_given("memLength", [&](const Json& value) { stack.mem_length = index_of(value); });
  if_given("normKind", [&](const Json& value) {
    stack.block.norm_kind =
        choose<nn::Norm::Kind>(value.text(), {{"layer", nn::Norm::Kind::layer}, {"rms", nn::Norm::Kind::rms}});
  });
  if_given("gated", [&](const Json& value) { stack.block.mlp.gated = value.boolean(); });
  if_given("mlpBias", [&](const Json& value) { stack.block.mlp.bias = value.boolean(); });
  if_given("image", [&](const Json& value) {
    const auto side = [&](const char* field, std::size_t axis) { return index_of(value[field].items().at(axis)); };
    stack.image = {side("size", 0), side("size", 1), index_of(value["channels"]), side("patchSize", 0),
                   side("patchSize", 1)};
  });
  if_given("embedScale", [&](const Json& value) { stack.embed_scale = static_cast<float>(value.number()); });
  stack.embed_norm = config["embedNorm"].boolean();
  stack.block.attention = attention_config_of(config["attention"], d_model);
  if (const Json* const windows = config["attention"].find("window"); windows && windows->is_array())
    for (const Json& window : windows->items()) stack.windows.push_back(index_of(window));
  stack.block.mlp.d_ff = index_of(config["dFf"]);
  stack.block.mlp.activation = activation_of(config["activation"].text());
  stack.block.norm_eps = static_cast<float>(config["normEps"].number());
  stack.block.norm = choose<Norm>(config["norm"].text(), {{"post", Norm::post}, {"pre", Norm::pre}});
  stack.block.feed_forward = choose<FeedForwardKind>(
      config["feedForward"].text(), {{"mlp", FeedForwardKind::mlp}, {"linear_of_sum", FeedForwardKind::linear_of_sum}});
  stack.final_norm = config["finalNorm"].boolean();
  return stack;
}

}  // namespace

models::ModelConfig model_config_of(const Json& config) {
  models::ModelConfig model;
  const Index d_model = index_of(config["dModel"]);
  static_cast<models::StackConfig&>(model) = stack_config_of(config, d_model);
  if (const Json* const encoder = config.find("encoder")) {
    model.encoder = stack_config_of(*encoder, d_model);
    model.block.cross_attention = true;
  }
  if (const Json* const labels = config.find("numLabels")) model.num_labels = index_of(*labels);
  const std::pair<const char*, bool models::ModelConfig::*> flags[] = {
      {"shareEmbeddings", &models::ModelConfig::share_embeddings},
      {"pooler", &models::ModelConfig::pooler},
      {"maskedLmHead", &models::ModelConfig::masked_lm_head},
      {"lmHead", &models::ModelConfig::lm_head},
      {"lmHeadBias", &models::ModelConfig::lm_head_bias},
      {"tieEmbeddings", &models::ModelConfig::tie_embeddings}};
  for (const auto& [name, flag] : flags)
    if (const Json* const value = config.find(name)) model.*flag = value->boolean();
  return model;
}

}  // namespace attention_lab::testing
