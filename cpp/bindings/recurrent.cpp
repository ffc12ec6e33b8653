// Reads the inputs of a recurrent network, runs it, and returns what was requested.
#include "bindings/recurrent.h"

#include "bindings/model.h"

namespace attention_lab::bindings {

models::RecurrentConfig recurrent_config_of(const val& config) {
  return {index_of(config, "vocabSize"), index_of(config, "inputSize"), index_of(config, "hiddenSize"),
          index_of(config, "numLayers")};
}

val forward_recurrent(models::Recurrent& network, const val& inputs, const val& options) {
  const Index B = index_of(inputs, "batch"), T = index_of(inputs, "length");
  std::vector<int> ids;
  std::vector<float> vectors;
  if (!is_absent(inputs["inputIds"])) ids = emscripten::convertJSArrayToNumberVector<int>(inputs["inputIds"]);
  if (!is_absent(inputs["inputsEmbeds"]))
    vectors = emscripten::convertJSArrayToNumberVector<float>(inputs["inputsEmbeds"]);
  const std::vector<std::string> trace = strings_of(options["trace"]);
  Record record(network.activation_names());
  request(record, trace);
  Matrix influence;
  if (bool_of(options, "influence")) influence.resize(element_count({B, T, T}) / T, T);

  const ConstMatrixView output = network.forward({B, T, ids, vectors}, view(influence), record);
  val result = val::object();
  result.set("lastHiddenState", to_tensor(output.data, {B, T, output.cols}));
  if (influence.size() > 0) result.set("influence", to_tensor(influence.data(), {B, T, T}));
  result.set("trace", to_trace(record, trace));
  return result;
}

}  // namespace attention_lab::bindings
