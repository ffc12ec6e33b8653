// Models of every kind that sweeps run over, and what a sweep is compared with.
import assert from 'node:assert/strict';

const base = { vocabSize: 20, maxLen: 8, dModel: 12, dFf: 10, numLayers: 3, positions: 'learned' };
export const configs = {
  gpt2: {
    ...base,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 3, causal: true },
  },
  bert: {
    ...base,
    typeVocabSize: 2,
    embedNorm: true,
    maskedLmHead: true,
    pooler: true,
    attention: { numHeads: 3 },
  },
  llama: {
    ...base,
    positions: 'rotary',
    norm: 'pre',
    normKind: 'rms',
    finalNorm: true,
    gated: true,
    lmHead: true,
    attention: { numHeads: 6, numKvHeads: 2, causal: true },
  },
  pair: {
    ...base,
    numLayers: 2,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 2 },
    encoder: { vocabSize: 20, numLayers: 3, attention: { numHeads: 3 } },
  },
  held: {
    ...base,
    numLayers: 2,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 2 },
    encoder: {
      vocabSize: 20,
      numLayers: 3,
      norm: 'pre',
      finalNorm: true,
      attention: { numHeads: 3 },
    },
  },
  classifier: {
    dModel: 12,
    dFf: 10,
    numLayers: 2,
    numLabels: 3,
    norm: 'pre',
    finalNorm: true,
    image: { size: 4, patchSize: 2, channels: 1 },
    attention: { numHeads: 3 },
  },
  listing: { ...base, feedForward: 'linear_of_sum', attention: { numHeads: 1 } },
};
export const batch = {
  inputIds: [
    [1, 2, 3, 4, 5],
    [9, 8, 7, 6, 0],
  ],
  attentionMask: [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0],
  ],
};
export const otherIds = [
  [4, 4, 3, 2, 1],
  [0, 6, 7, 8, 9],
];

export const probability = (row, token) => {
  const largest = Math.max(...row);
  return Math.exp(row[token] - largest) / row.reduce((sum, x) => sum + Math.exp(x - largest), 0);
};
export const row = ({ data, dims: [, length, width] }, b, t) =>
  data.slice((b * length + t) * width, (b * length + t + 1) * width);

/** Lends a model of that config to `use`, and disposes of it. */
export async function withModel({ rt }, name, use) {
  const model = rt.createModel(configs[name], { seed: 5 });
  try {
    return await use(model);
  } finally {
    model.dispose();
  }
}

/** metric: of an output. Every value must be that of `edits(layer, column)` made alone in a whole pass. */
export function assertOneByOne(model, inputs, result, columns, edits, metric, options = {}) {
  const value = (interventions) =>
    metric(
      model.forward(inputs, {
        ...options,
        interventions: [...(options.interventions ?? []), ...interventions],
      }),
    );
  const layers = result.layers.length > 0 ? result.layers : [0];
  const expected = layers.flatMap((layer) => columns.map((column) => value(edits(layer, column))));
  const baseline = value([]);
  assert.equal(result.baseline, baseline);
  assert.deepEqual(result.values.data, Float32Array.from(expected));
  assert.deepEqual(
    result.differences.data,
    Float32Array.from(expected, (x) => x - baseline),
  );
  assert.ok(
    result.differences.data.some((x) => x !== 0),
    'the edits change nothing',
  );
}
