// What is measured, with the targets of the project. A case gives inputs and floating-point operations, no code of a contestant.
import { randomFloats } from './random.mjs';

const tensor = (dims, seed, scale) => ({
  data: randomFloats(
    dims.reduce((a, b) => a * b, 1),
    seed,
    scale,
  ),
  dims,
});

function gemm(rows, inputs, out, target) {
  return {
    name: `GEMM ${rows}×${inputs}×${out}`,
    op: 'linear',
    flops: 2 * rows * inputs * out,
    target,
    inputs: () => ({
      x: tensor([rows, inputs], 1),
      weight: tensor([out, inputs], 2, 0.1),
      bias: tensor([out], 3),
    }),
  };
}

function attention(heads, dHead, length, causal, target) {
  return {
    name: `attention H ${heads}, K ${dHead}, T = ${length}${causal ? ', causal' : ''}`,
    op: 'attention',
    flops: (4 * heads * length * length * dHead) / (causal ? 2 : 1),
    target,
    inputs: () => {
      const [q, k, v] = [1, 2, 3].map((seed) => tensor([1, heads, length, dHead], seed, 2));
      return { q, k, v, heads, length, dHead, causal };
    },
  };
}

export const kernelCases = [
  gemm(128, 384, 1536, { ratio: 1.8, ofF: 0.85 }),
  gemm(128, 1536, 384, { ratio: 1.8, ofF: 0.85 }),
  gemm(1, 384, 1536, {}),
  attention(12, 32, 512, false, { ratio: 2, ofF: 0.6 }),
  attention(12, 64, 1024, true, { ratio: 2, ofF: 0.6 }),
  {
    name: 'softmax 12×512×512',
    op: 'softmax',
    target: { ratio: 1.5 },
    inputs: () => ({ x: tensor([12, 512, 512], 4, 5) }),
  },
  {
    name: 'GELU 128×1536',
    op: 'gelu',
    target: { ratio: 1.5 },
    inputs: () => ({ x: tensor([128, 1536], 5, 4) }),
  },
  {
    name: 'LayerNorm 128×384',
    op: 'layerNorm',
    target: { ratio: 1.5 },
    inputs: () => ({
      x: tensor([128, 384], 6, 3),
      weight: tensor([384], 7),
      bias: tensor([384], 8),
      eps: 1e-5,
    }),
  },
];

function encoder(name, { layers, dModel, heads, dFf }, length, target) {
  const perToken = 2 * (4 * dModel * dModel + 2 * dModel * dFf) + 4 * length * dModel;
  return {
    name: `${name}, T = ${length}`,
    flops: layers * length * perToken,
    target,
    shape: { layers, dModel, heads, dFf, length, eps: 1e-12 },
    inputs: () => ({ x: tensor([1, length, dModel], 9, 1.5) }),
  };
}

const miniLm = { layers: 6, dModel: 384, heads: 12, dFf: 1536 };
const toy = { layers: 2, dModel: 64, heads: 4, dFf: 256 };
export const toyEncoder = encoder('toy encoder', toy, 16, { ratio: 5 });

export const encoderCases = [
  encoder('MiniLM encoder', miniLm, 16, { ratio: 2, ofF: 0.7 }),
  encoder('MiniLM encoder', miniLm, 128, { ratio: 2, ofF: 0.8 }),
  encoder('MiniLM encoder', miniLm, 512, { ratio: 2, ofF: 0.75 }),
  toyEncoder,
];

/** Products and decoding with int8 weights: each target is a ratio to our own f32. */
export const int8Cases = {
  products: [gemm(128, 384, 1536, 2.2), gemm(128, 1536, 384, 2.2), gemm(1, 384, 1536, 1)].map(
    (product) => ({ ...product, name: `int8 ${product.name}` }),
  ),
  decoding: {
    name: 'int8 decoding of SmolLM2-135M’s shape',
    tokens: 16,
    target: 2.5,
    config: {
      vocabSize: 49152,
      maxLen: 512,
      dModel: 576,
      dFf: 1536,
      numLayers: 30,
      activation: 'silu',
      gated: true,
      mlpBias: false,
      norm: 'pre',
      normKind: 'rms',
      finalNorm: true,
      positions: 'rotary',
      lmHead: true,
      attention: { numHeads: 9, numKvHeads: 3, bias: false, causal: true },
    },
  },
};

/** An encoder case as a config of this package's createModel. */
export const modelConfig = ({ layers, dModel, heads, dFf, eps }) => ({
  dModel,
  numLayers: layers,
  dFf,
  activation: 'gelu',
  norm: 'post',
  normEps: eps,
  attention: { numHeads: heads },
});
