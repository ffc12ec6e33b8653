// Edits inside attentions that PyTorch's hooks do not reach: with biases by distance, relative positions, windows and global tokens.
// What an edit is, is applied here; what follows from it is recomputed by the equations in double precision, from what was recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose } from './compare.mjs';
import { forEachVariant } from './support.mjs';

const T = 6;
const K = 4;
const base = { vocabSize: 20, maxLen: 8, dModel: 12, dFf: 10, numLayers: 2, norm: 'pre' };
const inputIds = [
  [3, 1, 4, 1, 5, 9],
  [2, 6, 5, 3, 5, 8],
];
const attentionMask = [
  [1, 1, 1, 1, 1, 1],
  [1, 1, 1, 1, 1, 0],
];
const globalAttentionMask = [
  [1, 0, 0, 0, 1, 0],
  [0, 0, 1, 0, 0, 0],
];
const kinds = {
  "T5's bias": { config: { positions: 't5_bias', attention: { numHeads: 3, causal: true } } },
  ALiBi: { config: { positions: 'alibi', attention: { numHeads: 3 } } },
  'relative positions': {
    config: { positions: 'transformer_xl', attention: { numHeads: 3, causal: true } },
  },
  'relative positions and mems': {
    config: { positions: 'transformer_xl', memLength: 4, attention: { numHeads: 3, causal: true } },
    remembers: true,
  },
  'a window': { config: { attention: { numHeads: 3, window: 1 } } },
  'a window and global tokens': {
    config: { attention: { numHeads: 3, window: 1, globalTokens: true } },
    inputs: { globalAttentionMask },
  },
  'grouped queries': { config: { attention: { numHeads: 3, numKvHeads: 1 } } },
};
const edits = [
  { op: 'zero', head: 1 },
  { op: 'set', value: 0.4, query: 2 },
  { op: 'add', value: 1.5, head: 2, key: 0 },
  { op: 'scale', value: -2, batch: 0 },
  { op: 'mean', head: 0 },
  { op: 'mean', query: 3 },
];
const close = { absolute: 1e-5, relative: 1e-5 };

/** A copy of x [B, H, T, S] with the edit made, as js/core/forward-types.ts says. */
function edited({ data, dims }, { op, value, batch, head, query, key }) {
  const [B, H, Q, S] = dims;
  const result = Float32Array.from(data);
  const isSelected = (selector, index) => selector === undefined || selector === index;
  const cells = (h, s) => {
    const found = [];
    for (let b = 0; b < B; ++b)
      for (let t = 0; t < Q; ++t)
        if (isSelected(batch, b) && isSelected(query, t)) found.push(((b * H + h) * Q + t) * S + s);
    return found;
  };
  for (let h = 0; h < H; ++h) {
    for (let s = 0; s < S; ++s) {
      if (!isSelected(head, h) || !isSelected(key, s)) continue;
      const mean = cells(h, s).reduce((sum, i) => sum + data[i], 0) / cells(h, s).length;
      for (const i of cells(h, s)) {
        if (op === 'zero') result[i] = 0;
        else if (op === 'set') result[i] = value;
        else if (op === 'add') result[i] = data[i] + value;
        else if (op === 'scale') result[i] = data[i] === -Infinity ? -Infinity : data[i] * value;
        else result[i] = mean;
      }
    }
  }
  return { data: result, dims };
}

/** Rows' softmax; of a row that may attend to nothing, zeros. */
function softmax({ data, dims }) {
  const S = dims.at(-1);
  const result = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += S) {
    const scores = data.subarray(row, row + S);
    const largest = Math.max(...scores);
    if (largest === -Infinity) continue;
    const sum = scores.reduce((total, x) => total + Math.exp(x - largest), 0);
    scores.forEach((x, s) => (result[row + s] = Math.exp(x - largest) / sum));
  }
  return { data: result, dims };
}

/** z[b, h, t] = Σ_s pattern[b, h, t, s] · v[b, g, s], v those of global tokens where t is one. */
function weighted({ data, dims }, trace, isGlobal) {
  const [B, H, Q, S] = dims;
  const result = new Float32Array(B * H * Q * K);
  for (let b = 0; b < B; ++b) {
    for (let h = 0; h < H; ++h) {
      for (let t = 0; t < Q; ++t) {
        const v = trace.get(isGlobal(b, t) ? 'blocks.0.attn.v_global' : 'blocks.0.attn.v');
        const group = Math.floor((h * v.dims[1]) / H);
        const row = (b * H + h) * Q + t;
        for (let i = 0; i < K; ++i) {
          let sum = 0;
          for (let s = 0; s < S; ++s)
            sum += data[row * S + s] * v.data[((b * v.dims[1] + group) * S + s) * K + i];
          result[row * K + i] = sum;
        }
      }
    }
  }
  return { data: result, dims: [B, H, Q, K] };
}

forEachVariant('edits inside attention', (lab) => {
  for (const [what, { config, inputs = {}, remembers = false }] of Object.entries(kinds)) {
    test(what, () => {
      const model = lab.rt.createModel({ ...base, ...config }, { seed: 4 });
      try {
        const given = { inputIds, attentionMask, ...inputs };
        const mems = remembers ? model.forward({ inputIds }).mems : undefined;
        const run = (interventions) =>
          model.forward(given, { trace: true, interventions, ...(mems && { mems }) }).trace;
        const plain = run([]);
        const isGlobal = (b, t) =>
          inputs.globalAttentionMask?.[b][t] === 1 && attentionMask[b][t] === 1;
        const at = (trace, name) => trace.get(`blocks.0.attn.${name}`);
        assert.equal(at(plain, 'scores').dims[3], remembers ? T + 4 : T);
        // What bias and mask add to a score: −∞ where they hide it.
        const added = at(plain, 'masked_scores').data.map((x, i) =>
          x === -Infinity ? x : x - at(plain, 'scores').data[i],
        );
        const masked = ({ data, dims }) => ({ data: data.map((x, i) => x + added[i]), dims });
        for (const edit of edits) {
          for (const name of ['scores', 'masked_scores', 'pattern']) {
            const trace = run([{ at: `blocks.0.attn.${name}`, ...edit }]);
            const check = (each, expected) =>
              assertClose(
                at(trace, each),
                expected,
                close,
                `${each} after ${JSON.stringify(edit)} at ${name}`,
              );
            check(name, edited(at(plain, name), edit));
            if (name === 'scores') check('masked_scores', masked(at(trace, 'scores')));
            if (name !== 'pattern') check('pattern', softmax(at(trace, 'masked_scores')));
            check('z', weighted(at(trace, 'pattern'), trace, isGlobal));
            for (const unchanged of ['q', 'k', 'v'])
              assert.deepEqual(at(trace, unchanged), at(plain, unchanged));
          }
        }
      } finally {
        model.dispose();
      }
    });
  }
});
