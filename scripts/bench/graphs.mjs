// The ONNX graphs that onnxruntime-web runs, written as a real export writes them: GELU by erf in five nodes,
// LayerNormalization, scores divided by √K, causality as an added mask.
import proto from 'onnx-proto';

const { onnx } = proto;
const FLOAT = 1;
const INT64 = 7;
const INT8 = 3;

/** A weight [out, in] as [in, out]. */
export function transposed({ data, dims: [out, inputs] }) {
  const result = new Float32Array(out * inputs);
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inputs; i++) result[i * out + o] = data[o * inputs + i];
  return { data: result, dims: [inputs, out] };
}

/** Collects nodes and initialisers; every method returns the name of the value that it made. */
class Graph {
  #nodes = [];
  #initializers = [];
  #count = 0;
  #quantised;

  /** `quantised`: linear layers as onnxruntime's quantize_dynamic writes them. */
  constructor({ quantised = false } = {}) {
    this.#quantised = quantised;
  }

  constant(data, dims) {
    const name = `c${this.#initializers.length}`;
    const types = [
      [BigInt64Array, INT64],
      [Int8Array, INT8],
    ];
    const dataType = types.find(([Type]) => data instanceof Type)?.[1] ?? FLOAT;
    this.#initializers.push({
      name,
      dims,
      dataType,
      rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    });
    return name;
  }
  scalar(value) {
    return this.constant(new Float32Array([value]), []);
  }
  node(opType, input, attribute = []) {
    return this.nodeOfSeveral(opType, input, 1, attribute)[0];
  }
  nodeOfSeveral(opType, input, outputs, attribute = []) {
    const name = `v${this.#count++}`;
    const output = Array.from({ length: outputs }, (_, i) => (i === 0 ? name : `${name}_${i}`));
    this.#nodes.push({ opType, name, input, output, attribute });
    return output;
  }
  integer = (name, i) => ({ name, type: 2, i });
  integers = (name, ints) => ({ name, type: 7, ints });
  float = (name, f) => ({ name, type: 1, f });

  /** x Wᵀ + b, as torch's exporter writes nn.Linear on three axes: W transposed once, MatMul, Add. */
  linear(x, { weight, bias }) {
    const { data, dims } = transposed(weight);
    if (this.#quantised) return this.quantisedLinear(x, { data, dims }, bias);
    const product = this.node('MatMul', [x, this.constant(data, dims)]);
    return this.node('Add', [this.constant(bias.data, bias.dims), product]);
  }
  /** x quantised to 8 bits as it comes, W with one scale for all of it; the sums cast, scaled and biased. */
  quantisedLinear(x, { data, dims }, bias) {
    const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    const q = Int8Array.from(data, (value) => Math.round(value / scale));
    const [xq, xScale, xZero] = this.nodeOfSeveral('DynamicQuantizeLinear', [x], 3);
    const zero = this.constant(new Int8Array(1), []);
    const sums = this.node('MatMulInteger', [xq, this.constant(q, dims), xZero, zero]);
    const float = this.node('Cast', [sums], [this.integer('to', FLOAT)]);
    const scales = this.node('Mul', [xScale, this.scalar(scale)]);
    const product = this.node('Mul', [float, scales]);
    return this.node('Add', [this.constant(bias.data, bias.dims), product]);
  }
  gelu(x) {
    const erf = this.node('Erf', [this.node('Div', [x, this.scalar(Math.SQRT2)])]);
    const product = this.node('Mul', [x, this.node('Add', [erf, this.scalar(1)])]);
    return this.node('Mul', [product, this.scalar(0.5)]);
  }
  layerNorm(x, { weight, bias }, eps) {
    const affine = [weight, bias].map(({ data }) => this.constant(data, [data.length]));
    return this.node(
      'LayerNormalization',
      [x, ...affine],
      [this.integer('axis', -1), this.float('epsilon', eps)],
    );
  }
  softmax(x) {
    return this.node('Softmax', [x], [this.integer('axis', -1)]);
  }
  transpose(x, perm) {
    return this.node('Transpose', [x], [this.integers('perm', perm)]);
  }
  reshape(x, dims) {
    return this.node('Reshape', [
      x,
      this.constant(BigInt64Array.from(dims, BigInt), [dims.length]),
    ]);
  }
  /** q [1, H, T, K], kT [1, H, K, S], v [1, H, S, K] */
  attention(q, kT, v, { dHead, mask }) {
    let scores = this.node('Div', [this.node('MatMul', [q, kT]), this.scalar(Math.sqrt(dHead))]);
    if (mask) scores = this.node('Add', [scores, mask]);
    return this.node('MatMul', [this.softmax(scores), v]);
  }

  /** The model file's bytes. */
  bytes(inputs, output, outputDims) {
    const info = (name, dims) => ({
      name,
      type: {
        tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
      },
    });
    this.#nodes.push({ opType: 'Identity', name: 'output', input: [output], output: ['y'] });
    const model = onnx.ModelProto.fromObject({
      irVersion: 8,
      producerName: 'attention-lab bench',
      opsetImport: [{ domain: '', version: 17 }],
      graph: {
        name: 'bench',
        node: this.#nodes,
        initializer: this.#initializers,
        input: Object.entries(inputs).map(([name, dims]) => info(name, dims)),
        output: [info('y', outputDims)],
      },
    });
    return onnx.ModelProto.encode(model).finish();
  }
}

export function linearGraph(rows, { weight, bias }) {
  const graph = new Graph();
  return graph.bytes({ x: [rows, weight.dims[1]] }, graph.linear('x', { weight, bias }), [
    rows,
    weight.dims[0],
  ]);
}

export function softmaxGraph(dims) {
  const graph = new Graph();
  return graph.bytes({ x: dims }, graph.softmax('x'), dims);
}

export function geluGraph(dims) {
  const graph = new Graph();
  return graph.bytes({ x: dims }, graph.gelu('x'), dims);
}

export function layerNormGraph(dims, parameters, eps) {
  const graph = new Graph();
  return graph.bytes({ x: dims }, graph.layerNorm('x', parameters, eps), dims);
}

/** 0 where key s ≤ query t, else −∞. */
export function causalMask(length) {
  const mask = new Float32Array(length * length);
  for (let t = 0; t < length; t++) mask.fill(-Infinity, t * length + t + 1, (t + 1) * length);
  return mask;
}

export function attentionGraph({ heads, length, dHead, causal }) {
  const graph = new Graph();
  const dims = [1, heads, length, dHead];
  const mask = causal && graph.constant(causalMask(length), [1, 1, length, length]);
  const z = graph.attention('q', graph.transpose('k', [0, 1, 3, 2]), 'v', { dHead, mask });
  return graph.bytes({ q: dims, k: dims, v: dims }, z, dims);
}

/** A post-norm encoder with erf GELU: the blocks of BERT and MiniLM. `parameter(name)` gives { data, dims }. */
export function encoderGraph({ layers, dModel, heads, length, eps }, parameter, options) {
  const graph = new Graph(options);
  const dims = [1, length, dModel];
  const dHead = dModel / heads;
  const pair = (name) => ({ weight: parameter(`${name}.weight`), bias: parameter(`${name}.bias`) });
  let x = 'x';
  for (let l = 0; l < layers; l++) {
    const block = `blocks.${l}`;
    const split = (name, perm) =>
      graph.transpose(
        graph.reshape(graph.linear(x, pair(`${block}.attn.${name}`)), [1, length, heads, dHead]),
        perm,
      );
    const q = split('q_proj', [0, 2, 1, 3]);
    const kT = split('k_proj', [0, 2, 3, 1]);
    const v = split('v_proj', [0, 2, 1, 3]);
    const z = graph.reshape(
      graph.transpose(graph.attention(q, kT, v, { dHead }), [0, 2, 1, 3]),
      dims,
    );
    const attended = graph.node('Add', [graph.linear(z, pair(`${block}.attn.out_proj`)), x]);
    const mid = graph.layerNorm(attended, pair(`${block}.norm1`), eps);
    const hidden = graph.gelu(graph.linear(mid, pair(`${block}.mlp.fc1`)));
    x = graph.layerNorm(
      graph.node('Add', [graph.linear(hidden, pair(`${block}.mlp.fc2`)), mid]),
      pair(`${block}.norm2`),
      eps,
    );
  }
  return graph.bytes({ x: dims }, x, dims);
}
