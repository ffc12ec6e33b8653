// Golden values of single functions and of attention without learned weights, made by scripts/make_golden.py.
#include <cmath>

#include "golden/expectations.h"
#include "kernels/rms_norm.h"
#include "nn/attention.h"
#include "nn/position.h"
#include "nn/position_bias.h"
#include "nn/rotary.h"

namespace attention_lab::testing {

namespace {

nn::ScoreFunction score_of(const Case& test_case) {
  using Kind = nn::ScoreFunction::Kind;
  nn::ScoreFunction score;
  const Json* const option = test_case.options.find("score");
  if (!option) return score;
  const std::string& name = option->is_string() ? option->text() : (*option)["kind"].text();
  const auto operand = [&](const char* key) { return rows_of(*test_case.tensor((*option)[key])); };
  if (name == "dot") {
    score.kind = Kind::dot;
  } else if (name == "general") {
    score.kind = Kind::general;
    score.w = operand("w");
  } else {
    REQUIRE(name == "additive");
    score.kind = Kind::additive;
    score.wq = operand("wq");
    score.wk = operand("wk");
    score.v = operand("v");
    score.v.rows = 1;
  }
  return score;
}

/// q, k or v [..., rows, cols] as [B, H, rows, cols]: the last leading axis is H, the others are B.
TensorView by_head(const Tensor& tensor) {
  const std::size_t rank = tensor.dims.size();
  const Index heads = rank > 2 ? tensor.dims[rank - 3] : 1;
  const Index matrix = tensor.dims[rank - 2] * tensor.dims[rank - 1];
  const Index batch = static_cast<Index>(tensor.floats.size()) / (heads * matrix);
  return TensorView::dense(const_cast<float*>(tensor.floats.data()),
                           {batch, heads, tensor.dims[rank - 2], tensor.dims[rank - 1]});
}

}  // namespace

TEST_CASE("golden: activations agree with PyTorch") {
  for (const Case* const test_case : some_cases_of("activation")) {
    const Tensor& x = test_case->inputs.at("x");
    std::vector<float> y(x.floats.size());
    kernels::activate(activation_of(test_case->options["activation"].text()), x.floats, y);
    Expectations(*test_case).compare_if_expected("y", y, x.dims);
  }
}

TEST_CASE("golden: LayerNorm agrees with PyTorch") {
  for (const Case* const test_case : some_cases_of("layer_norm")) {
    const Tensor& x = test_case->inputs.at("x");
    const auto vector = [&](const char* name) {
      return test_case->has(name) ? test_case->inputs.at(name).floats.data() : nullptr;
    };
    Matrix y(x.dims[0], x.dims[1]);
    kernels::layer_norm(rows_of(x), vector("gain"), vector("shift"), static_cast<float>(test_case->number("eps", 0.0)),
                        view(y));
    Expectations(*test_case).compare_if_expected("y", ConstMatrixView(view(y)), x.dims);
  }
}

TEST_CASE("golden: RMSNorm agrees with Transformers") {
  for (const Case* const test_case : some_cases_of("rms_norm")) {
    const Tensor& x = test_case->inputs.at("x");
    Matrix y(x.dims[0], x.dims[1]);
    kernels::rms_norm(rows_of(x), test_case->inputs.at("gain").floats.data(),
                      static_cast<float>(test_case->number("eps", 0.0)), view(y));
    Expectations(*test_case).compare_if_expected("y", ConstMatrixView(view(y)), x.dims);
  }
}

TEST_CASE("golden: rotary positions agree with Transformers") {
  for (const Case* const test_case : some_cases_of("rotary")) {
    const Tensor& x = test_case->inputs.at("x");
    nn::RotaryConfig config = rotary_config_of(test_case->options);
    config.max_len = x.dims[2];
    config.d_head = x.dims[3];
    std::vector<float> y = x.floats;
    nn::RotaryEmbedding(config).rotate(TensorView::dense(y.data(), x.dims), 0);
    Expectations(*test_case).compare_if_expected("y", y, x.dims);
  }
}

TEST_CASE("golden: sinusoidal positions agree with their definition") {
  for (const Case* const test_case : some_cases_of("sinusoidal")) {
    const auto size = [&](const char* option) { return static_cast<Index>(test_case->options[option].number()); };
    Matrix table(size("length"), size("dModel"));
    nn::sinusoids(0, 1, view(table));
    Expectations(*test_case).compare_if_expected("table", ConstMatrixView(view(table)), {table.rows(), table.cols()});
  }
}

TEST_CASE("golden: position biases agree with Transformers") {
  for (const Case* const test_case : some_cases_of("position_bias")) {
    const auto size = [&](const char* option) { return static_cast<Index>(test_case->options[option].number()); };
    const Index H = size("heads"), T = size("T"), S = size("S");
    const bool is_t5 = test_case->options["kind"].text() == "t5";
    nn::PositionBias bias(is_t5 ? nn::Positions::t5_bias : nn::Positions::alibi,
                          is_t5 ? t5_bias_config_of(test_case->options) : nn::T5BiasConfig(), H);
    Parameters parameters;
    bias.name_all(parameters, "position_bias");
    CHECK(parameters.size() == (is_t5 ? 1 : 0));
    for (const Parameter& parameter : parameters) parameter.set(test_case->inputs.at("table").floats);

    kernels::Workspace workspace;
    const TensorView rows = bias.forward(size("first"), T, S, workspace);
    std::vector<float> values;
    for (Index h = 0; h < H; ++h)
      for (Index t = 0; t < T; ++t) {
        const float* const row = rows.matrix(0, h).row(t);
        values.insert(values.end(), row, row + S);
      }
    Expectations(*test_case).compare_if_expected("bias", values, rows.shape());
  }
}

TEST_CASE("golden: attention agrees with PyTorch") {
  for (const Case* const test_case : some_cases_of("attention")) {
    const Tensor& v_tensor = test_case->inputs.at("v");
    const TensorView q = by_head(test_case->inputs.at("q")), k = by_head(test_case->inputs.at("k")),
                     v = by_head(v_tensor);
    const Index B = q.dims[0], H = q.dims[1], T = q.dims[2], S = k.dims[2];

    nn::AttentionOptions options;
    options.score = score_of(*test_case);
    const bool scaled = options.score.kind == nn::ScoreFunction::Kind::scaled_dot;
    options.scale =
        static_cast<float>(test_case->number("scale", scaled ? 1.0 / std::sqrt(static_cast<double>(q.dims[3])) : 1.0));
    options.temperature = static_cast<float>(test_case->number("temperature", 1.0));
    if (test_case->options.find("normalisation")) options.normalisation = nn::Normalisation::none;
    options.mask.causal = test_case->boolean("causal", false);
    options.mask.window = static_cast<Index>(test_case->number("window", -1.0));
    const auto strides = [&](const Tensor& tensor, Index& batch, Index& head, Index& row) {
      const bool each = tensor.dims.size() > 2;
      batch = each ? H * T * S : 0, head = each ? T * S : 0, row = S;
    };
    if (test_case->has("mask")) {
      const Tensor& mask = test_case->inputs.at("mask");
      options.mask.cells = mask.bytes.data();
      strides(mask, options.mask.cells_batch_stride, options.mask.cells_head_stride, options.mask.cells_row_stride);
    }
    if (test_case->has("bias")) {
      const Tensor& bias = test_case->inputs.at("bias");
      options.mask.bias = bias.floats.data();
      strides(bias, options.mask.bias_batch_stride, options.mask.bias_head_stride, options.mask.bias_row_stride);
    }

    ActivationNames names;
    const nn::AttentionSites sites = nn::name_attention_activations(names, "");
    kernels::Workspace workspace;
    const Shape leading(v_tensor.dims.begin(), v_tensor.dims.end() - 2);
    const auto shape = [&](Index rows, Index cols) {
      Shape dims = leading;
      dims.insert(dims.end(), {rows, cols});
      return dims;
    };
    Expectations expectations(*test_case);
    // Twice: the output must not depend on whether the intermediates are recorded.
    for (const bool recorded : {false, true}) {
      Record record(names);
      if (recorded) record.request_all();
      std::vector<float> z(static_cast<std::size_t>(B * H * T * v.dims[3]), NAN);
      nn::attend({q, k, v}, options, sites, {record, workspace}, TensorView::dense(z.data(), {B, H, T, v.dims[3]}));
      expectations.compare_if_expected("output", z, shape(T, v.dims[3]));
      for (const auto& [name, site] :
           {std::pair("scores", sites.scores), std::pair("maskedScores", sites.masked_scores),
            std::pair("pattern", sites.pattern)})
        if (recorded) expectations.compare_if_expected(name, record.values(site), shape(T, S));
    }
  }
}

}  // namespace attention_lab::testing
