// Positions that are a bias on the scores: what a model adds where, its parameters, its lengths, and what it refuses.
// Agreement with T5 and BLOOM is tested by the golden group `positions`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAllClose } from './compare.mjs';
import { assertError, forEachVariant } from './support.mjs';

const small = { vocabSize: 20, maxLen: 4, dModel: 12, numLayers: 2, attention: { numHeads: 3 } };
const ids = [3, 1, 4, 1, 5, 9];
const T = ids.length;

forEachVariant('positions', (lab) => {
  const withModel = (config, run) => {
    const model = lab.rt.createModel({ ...small, ...config }, { seed: 2 });
    try {
      return run(model);
    } finally {
      model.dispose();
    }
  };

  /** masked_scores − scores of a layer, [3, T, T]. */
  function added(model, layer, options = {}) {
    const [before, after] = ['scores', 'masked_scores'].map(
      (name) => `blocks.${layer}.attn.${name}`,
    );
    const { trace } = model.forward({ inputIds: ids }, { trace: [before, after], ...options });
    return trace.get(after).data.map((value, i) => value - trace.get(before).data[i]);
  }

  test('alibi: −slope · distance in every layer, with the slopes of three heads', () =>
    withModel({ positions: 'alibi' }, (model) => {
      assert.ok(![...model.parameterShapes().keys()].some((name) => name.includes('position')));
      const slopes = [2 ** -4, 2 ** -8, 2 ** -2]; // two of a power of two, then every other one of the next
      const bias = slopes.flatMap((slope) =>
        ids.flatMap((_, t) => ids.map((__, s) => -slope * Math.abs(t - s))),
      );
      for (const layer of [0, 1]) {
        const actual = { data: added(model, layer), dims: [3, T, T] };
        assertAllClose(
          new Map([['bias', actual]]),
          new Map([['bias', { data: Float32Array.from(bias), dims: [3, T, T] }]]),
          { absolute: 1e-6, relative: 1e-6 },
        );
      }
    }));

  test('t5_bias: one table [numBuckets, H] for all layers; after the query half of its rows, unless causal', () =>
    withModel({ positions: 't5_bias', t5Bias: { numBuckets: 8, maxDistance: 6 } }, (model) => {
      assert.deepEqual(model.parameterShapes().get('position_bias.weight'), [8, 3]);
      assert.deepEqual(model.config.t5Bias, { numBuckets: 8, maxDistance: 6, bidirectional: true });
      const table = Float32Array.from({ length: 24 }, (_, i) => i);
      model.setParameter('position_bias.weight', { data: table, dims: [8, 3] });
      // Distances 0 and 1 have buckets of their own; from 2 to 6 two share the logarithm.
      const bucket = (distance) => (distance > 0 ? 4 : 0) + [0, 1, 2, 2, 3, 3][Math.abs(distance)];
      const bias = [0, 1, 2].flatMap((h) =>
        ids.flatMap((_, t) => ids.map((__, s) => table[bucket(s - t) * 3 + h])),
      );
      for (const layer of [0, 1]) {
        const actual = { data: added(model, layer), dims: [3, T, T] };
        assertAllClose(
          new Map([['bias', actual]]),
          new Map([['bias', { data: Float32Array.from(bias), dims: [3, T, T] }]]),
          { absolute: 1e-5, relative: 1e-5 },
        );
      }
    }));

  test('bidirectional is what the attention is, unless said otherwise', () => {
    const attention = { numHeads: 3, causal: true };
    withModel({ positions: 't5_bias', attention }, (model) =>
      assert.equal(model.config.t5Bias.bidirectional, false),
    );
    withModel({ positions: 't5_bias', attention, t5Bias: { bidirectional: true } }, (model) =>
      assert.equal(model.config.t5Bias.bidirectional, true),
    );
  });

  for (const positions of ['alibi', 't5_bias']) {
    test(`${positions}: sequences longer than maxLen, and padding that changes nothing`, () =>
      withModel({ positions }, (model) => {
        const alone = model.forward({ inputIds: ids }).lastHiddenState;
        const padded = model.forward({
          inputIds: [...ids, 7, 7],
          attentionMask: [1, 1, 1, 1, 1, 1, 0, 0],
        }).lastHiddenState;
        const head = { data: padded.data.subarray(0, alone.data.length), dims: alone.dims };
        assertAllClose(new Map([['hidden', head]]), new Map([['hidden', alone]]), {
          absolute: 1e-6,
          relative: 1e-6,
        });
      }));

    test(`${positions}: an intervention on the masked scores edits what has the bias`, () =>
      withModel({ positions }, (model) => {
        const at = 'blocks.0.attn.masked_scores';
        const { trace } = model.forward(
          { inputIds: ids },
          { trace: [at], interventions: [{ at, head: 1, op: 'zero' }] },
        );
        assert.ok(
          trace
            .get(at)
            .data.subarray(T * T, 2 * T * T)
            .every((value) => value === 0),
        );
      }));
  }

  test('rotary: angles are cached for the positions that occurred, not for all that could', () => {
    const before = lab.rt.memoryBytes;
    withModel(
      { positions: 'rotary', maxLen: 1 << 20, attention: { numHeads: 2, dHead: 64 } },
      (model) => {
        const causal = (length) =>
          model.forward(
            { inputIds: Array.from({ length }, (_, t) => ids[t % T]) },
            { causal: true },
          );
        const [few, many] = [causal(7), causal(300)].map(({ lastHiddenState }) =>
          lastHiddenState.data.slice(0, 7 * 12),
        );
        assertAllClose(
          new Map([['begin', { data: many, dims: [7, 12] }]]),
          new Map([['begin', { data: few, dims: [7, 12] }]]),
          { absolute: 1e-6, relative: 1e-6 },
        );
      },
    );
    assert.ok(
      lab.rt.memoryBytes - before < 8e6,
      `${lab.rt.memoryBytes - before} bytes; all angles are ${4 * 64 * 2 ** 20}`,
    );
  });

  const refused = [
    [{ positions: 'alibis' }, /config\.positions: expected .*"t5_bias" or "alibi".*, got "alibis"/],
    [{ positions: 't5_bias', t5Bias: { buckets: 3 } }, /config\.t5Bias\.buckets: unknown/],
    [{ positions: 't5_bias', t5Bias: { numBuckets: 3 } }, /numBuckets: expected at least 4, got 3/],
    [
      { positions: 't5_bias', t5Bias: { numBuckets: 2.5 } },
      /config\.t5Bias\.numBuckets: expected an integer .* got 2\.5/,
    ],
    [
      { positions: 't5_bias', t5Bias: { maxDistance: 8 } },
      /maxDistance: expected at least 9, got 8/,
    ],
    [
      { positions: 't5_bias', t5Bias: { bidirectional: 1 } },
      /config\.t5Bias\.bidirectional: expected true or false, got 1/,
    ],
    [{ positions: 't5_bias', t5Bias: 32 }, /config\.t5Bias: expected an object, got 32/],
  ];
  for (const [config, message] of refused) {
    test(`refuses ${JSON.stringify(config)}`, () =>
      assertError(() => lab.rt.createModel({ ...small, ...config }), 'invalid_argument', message));
  }
});
