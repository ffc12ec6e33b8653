// Reads manifests and safetensors files, once.
#include "golden/golden.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "models/config_schema.h"

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

/// Rows of q, k and v of each of `heads` heads in turn, as the rows of q of all heads, then of k, then of v.
Tensor by_projection(const Tensor& tensor, std::size_t heads) {
  Tensor result;
  result.dims = tensor.dims;
  const std::size_t size = tensor.floats.size() / (3 * heads);
  for (std::size_t which = 0; which < 3; ++which)
    for (std::size_t h = 0; h < heads; ++h) {
      const auto begin = tensor.floats.begin() + static_cast<std::ptrdiff_t>((3 * h + which) * size);
      result.floats.insert(result.floats.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
    }
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
    if (const Json* const heads = theirs.find("by_head"))
      result[ours] = by_projection(tensor, static_cast<std::size_t>(heads->number()));
    if (const Json* const plus = theirs.find("plus"))
      for (float& value : result[ours].floats) value += static_cast<float>(plus->number());
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
    if (const Json* const steps = source.find("steps")) test_case.steps = *steps;
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
  if (name == "tanh") return kernels::Activation::tanh;  // no feed-forward's
  return static_cast<kernels::Activation>(models::value_of("activation", name, models::choices<kernels::Activation>));
}

namespace {

/// A manifest's object as a source of models::ConfigReader.
class JsonSource {
 public:
  explicit JsonSource(const Json& object) : object_(object) {}

  bool has(const char* field) const { return object_.find(field) != nullptr; }
  void read(const char* field, bool& into) const { into = object_[field].boolean(); }
  void read(const char* field, Index& into) const { into = index_of(object_[field]); }
  void read(const char* field, float& into) const { into = static_cast<float>(object_[field].number()); }
  void read(const char* field, double& into) const { into = object_[field].number(); }
  void read(const char* field, std::string& into) const { into = object_[field].text(); }
  JsonSource child(const char* field) const { return JsonSource(object_[field]); }
  std::vector<Index> indices(const char* field) const {
    const Json& value = object_[field];
    if (!value.is_array()) return {index_of(value)};
    std::vector<Index> result;
    for (const Json& item : value.items()) result.push_back(index_of(item));
    return result;
  }

 private:
  const Json& object_;
};

using Reader = models::ConfigReader<JsonSource>;

}  // namespace

nn::MultiHeadAttentionConfig attention_config_of(const Json& config) { return Reader::attention(JsonSource(config)); }
nn::RotaryConfig rotary_config_of(const Json& config) { return Reader::rotary(JsonSource(config)); }
nn::T5BiasConfig t5_bias_config_of(const Json& config) { return Reader::t5_bias(JsonSource(config)); }
models::ModelConfig model_config_of(const Json& config) { return Reader::model(JsonSource(config)); }

}  // namespace attention_lab::testing
