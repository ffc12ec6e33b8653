// Checks the shapes of q, k, v and what goes with them, and runs nn::attend head by head.
#include "bindings/attention.h"

#include <cmath>
#include <span>
#include <utility>

#include "bindings/broadcast.h"
#include "bindings/convert.h"

namespace attention_lab::bindings {

namespace {

/// The leading axes of q, k or v as one batch axis and one head axis.
struct Leading {
  Index batch = 1, heads = 1;
  explicit Leading(const Shape& axes) {
    if (axes.empty()) return;
    heads = axes.back();
    batch = element_count({axes.begin(), axes.end() - 1});
  }
};

/// A tensor that stays in JavaScript; one head of it at a time comes in.
class RemoteTensor {
 public:
  RemoteTensor(const char* name, const val& tensor) : data_(tensor["data"]), dims_(shape_of(tensor["dims"])) {
    require_count(name, element_count(dims_), data_["length"].as<std::size_t>());
  }
  const Shape& dims() const { return dims_; }
  Index rows() const { return dims_[dims_.size() - 2]; }
  Index cols() const { return dims_.back(); }

  /// Head number `head`, counted over all leading axes, as [1, 1, rows, cols].
  TensorView bring(Index head) {
    const Index size = rows() * cols();
    copy_.resize(static_cast<std::size_t>(size));
    const val slice =
        data_.call<val>("subarray", static_cast<double>(head * size), static_cast<double>((head + 1) * size));
    val(emscripten::typed_memory_view(copy_.size(), copy_.data())).call<void>("set", slice);
    return TensorView::dense(copy_.data(), {1, 1, rows(), cols()});
  }

 private:
  val data_;
  Shape dims_;
  std::vector<float> copy_;
};

/// A result that grows in JavaScript, one head at a time.
class RemoteResult {
 public:
  RemoteResult(const Shape& leading, Index rows, Index cols) : dims_(leading) {
    dims_.insert(dims_.end(), {rows, cols});
    data_ = val::global("Float32Array").new_(static_cast<double>(element_count(dims_)));
  }
  void put(Index head, std::span<const float> values) {
    data_.call<void>("set", val(emscripten::typed_memory_view(values.size(), values.data())),
                     static_cast<double>(head) * static_cast<double>(values.size()));
  }
  val tensor() const { return to_tensor(data_, dims_); }

 private:
  val data_;
  Shape dims_;
};

ConstMatrixView matrix_of(const HostTensor<float>& tensor) {
  const Index rows = tensor.dims.size() == 1 ? 1 : tensor.dims[0];
  return {tensor.data.data(), rows, tensor.dims.back(), tensor.dims.back()};
}

void require_qkv_shapes(const Shape& q, const Shape& k, const Shape& v) {
  for (const auto& [name, dims] : {std::pair("q", &q), std::pair("k", &k), std::pair("v", &v)})
    if (dims->size() < 2 || element_count(*dims) == 0)
      fail("shape", {name, ": expected [..., rows, columns], none of them 0, got ", *dims});
  const auto leading = [](const Shape& dims) { return Shape(dims.begin(), dims.end() - 2); };
  if (leading(k) != leading(q) || leading(v) != leading(q))
    fail("shape", {"q, k, v: expected the same leading axes, got ", q, ", ", k, " and ", v});
  if (v[v.size() - 2] != k[k.size() - 2])
    fail("shape", {"v: expected as many rows as k, ", k[k.size() - 2], ", got ", v});
}

/// The score function, checked against the widths of q and k; views point into `parameters`.
nn::ScoreFunction score_function_of(std::string_view name, const std::vector<HostTensor<float>>& parameters,
                                    Index q_width, Index k_width) {
  using Kind = nn::ScoreFunction::Kind;
  nn::ScoreFunction f;
  f.kind = score_kind_of(name);
  const std::size_t expected = f.kind == Kind::general ? 1 : f.kind == Kind::additive ? 3 : 0;
  if (parameters.size() != expected)
    fail("value", {"score '", name, "': expected ", expected, " parameter tensors, got ",
                   static_cast<Index>(parameters.size())});
  switch (f.kind) {
    case Kind::scaled_dot:
    case Kind::dot:
      if (q_width != k_width) fail("shape", {"k: expected rows as wide as q's, ", q_width, ", got ", k_width});
      break;
    case Kind::general:
      require_shape("score.w", {q_width, k_width}, parameters[0].dims);
      f.w = matrix_of(parameters[0]);
      break;
    case Kind::additive: {
      const Shape& v = parameters[2].dims;
      if (v.size() != 1 || v[0] < 1) fail("shape", {"score.v: expected [A], got ", v});
      require_shape("score.wq", {v[0], q_width}, parameters[0].dims);
      require_shape("score.wk", {v[0], k_width}, parameters[1].dims);
      f.wq = matrix_of(parameters[0]);
      f.wk = matrix_of(parameters[1]);
      f.v = matrix_of(parameters[2]);
      break;
    }
  }
  return f;
}

/// The mask of `options`, for all heads; the tensors hold what it points to.
nn::BatchMask mask_of(const val& source, const Shape& leading, Index T, Index S, HostTensor<std::uint8_t>& cells,
                      HostTensor<float>& bias) {
  nn::BatchMask mask;
  mask.causal = bool_of(source, "causal");
  mask.window = index_of(source, "window");
  if (!is_absent(source["mask"])) {
    cells = bindings::mask_of("mask", source["mask"]);
    const Broadcast over = broadcast_of("mask", cells.dims, leading, T, S);
    mask.cells = cells.data.data();
    mask.cells_batch_stride = over.batch_stride;
    mask.cells_head_stride = over.head_stride;
    mask.cells_row_stride = over.row_stride;
  }
  if (!is_absent(source["bias"])) {
    bias = tensor_of("bias", source["bias"]);
    const Broadcast over = broadcast_of("bias", bias.dims, leading, T, S);
    mask.bias = bias.data.data();
    mask.bias_batch_stride = over.batch_stride;
    mask.bias_head_stride = over.head_stride;
    mask.bias_row_stride = over.row_stride;
  }
  return mask;
}

/// The mask of one head, for a call with that head alone.
nn::BatchMask at_head(nn::BatchMask mask, Index b, Index h) {
  if (mask.cells) mask.cells += b * mask.cells_batch_stride + h * mask.cells_head_stride;
  if (mask.bias) mask.bias += b * mask.bias_batch_stride + h * mask.bias_head_stride;
  return mask;
}

}  // namespace

val attention(val q_value, val k_value, val v_value, val source) {
  return guarded([&] {
    RemoteTensor q("q", q_value), k("k", k_value), v("v", v_value);
    require_qkv_shapes(q.dims(), k.dims(), v.dims());
    const Shape leading(q.dims().begin(), q.dims().end() - 2);
    const Leading axes(leading);
    const Index T = q.rows(), S = k.rows();

    std::vector<HostTensor<float>> parameters;
    const val given = source["scoreParameters"];
    for (int i = 0; i < given["length"].as<int>(); ++i) parameters.push_back(tensor_of("score", given[i]));

    nn::AttentionOptions options;
    options.score = score_function_of(string_of(source, "score"), parameters, q.cols(), k.cols());
    options.scale = float_of(source, "scale");
    if (std::isnan(options.scale))
      options.scale = options.score.kind == nn::ScoreFunction::Kind::scaled_dot
                          ? 1.0f / std::sqrt(static_cast<float>(q.cols()))
                          : 1.0f;
    options.temperature = float_of(source, "temperature");
    if (!std::isfinite(options.total_scale()))
      fail("value", {"temperature: expected one that scale / temperature is finite with"});
    options.normalisation = normalisation_of(string_of(source, "normalisation"));
    HostTensor<std::uint8_t> cells;
    HostTensor<float> bias;
    const nn::BatchMask mask = mask_of(source, leading, T, S, cells, bias);

    ActivationNames names;
    const nn::AttentionSites sites = nn::name_attention_activations(names, "");
    Record record(names);
    std::vector<std::pair<Site, RemoteResult>> recorded;
    const std::pair<const char*, Site> fields[] = {
        {"scores", sites.scores}, {"maskedScores", sites.masked_scores}, {"pattern", sites.pattern}};
    for (const auto& [field, site] : fields)
      if (bool_of(source, field)) {
        record.request(site);
        recorded.emplace_back(site, RemoteResult(leading, T, S));
      }

    kernels::Workspace workspace;
    workspace.set_interrupt(&host_interrupt());
    RemoteResult output(leading, T, v.cols());
    std::vector<float> z(static_cast<std::size_t>(element_count({T, v.cols()})));
    for (Index b = 0; b < axes.batch; ++b)
      for (Index h = 0; h < axes.heads; ++h) {
        const Index head = b * axes.heads + h;
        options.mask = at_head(mask, b, h);
        nn::attend({q.bring(head), k.bring(head), v.bring(head)}, options, sites, {record, workspace},
                   TensorView::dense(z.data(), {1, 1, T, v.cols()}));
        output.put(head, z);
        for (auto& [site, result] : recorded) result.put(head, record.values(site));
      }

    val result = val::object();
    result.set("output", output.tensor());
    for (const auto& [field, site] : fields)
      for (const auto& [recorded_site, values] : recorded)
        if (recorded_site == site) result.set(field, values.tensor());
    return result;
  });
}

}  // namespace attention_lab::bindings
