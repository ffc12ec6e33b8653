// A GRU: what every one must do whatever its weights, and what it refuses; agreement with PyTorch is tested by the golden cases.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertClose } from './compare.mjs';
import {
  assertError,
  assertRejects,
  forEachVariant,
  liveHandles,
  slice,
  tensor,
  variants,
} from './support.mjs';

const tolerance = { absolute: 1e-5, relative: 1e-5 };
const config = { vocabSize: 12, hiddenSize: 6, inputSize: 4, numLayers: 2 };

forEachVariant('recurrent', (lab) => {
  const withNetwork = (given, use, options) => {
    const network = lab.rt.createRecurrent(given, options);
    try {
      return use(network);
    } finally {
      network.dispose();
    }
  };

  test('shapes, and parameters by the names of PyTorch', () =>
    withNetwork(config, (network) => {
      assert.deepEqual(network.config, {
        vocabSize: 12,
        inputSize: 4,
        hiddenSize: 6,
        numLayers: 2,
      });
      const shapes = Object.fromEntries(network.parameterShapes());
      assert.deepEqual(shapes, {
        'embed.token.weight': [12, 4],
        weight_ih_l0: [18, 4],
        weight_hh_l0: [18, 6],
        bias_ih_l0: [18],
        bias_hh_l0: [18],
        weight_ih_l1: [18, 6],
        weight_hh_l1: [18, 6],
        bias_ih_l1: [18],
        bias_hh_l1: [18],
      });
      const out = network.forward(
        {
          inputIds: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        { influence: true, trace: ['layers.1.z'] },
      );
      assert.deepEqual(out.lastHiddenState.dims, [2, 3, 6]);
      assert.deepEqual(out.influence.dims, [2, 3, 3]);
      assert.deepEqual([...out.trace.keys()], ['layers.1.z']);
      assert.ok(out.trace.get('layers.1.z').data.every((z) => z > 0 && z < 1));
      const plain = network.forward({ inputIds: [1, 2, 3] });
      assert.equal(plain.influence, undefined);
      assert.equal(plain.trace.size, 0);
      assertClose(slice(plain.lastHiddenState, 0), slice(out.lastHiddenState, 0), tolerance);
    }));

  test('initial weights are within ±1/√D, as in PyTorch, the same for the same seed', () => {
    const weights = (seed) =>
      withNetwork(config, (network) => network.parameter('weight_ih_l0').data, { seed });
    const [a, b, other] = [weights(1), weights(1), weights(2)];
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, other);
    const bound = 1 / Math.sqrt(6);
    assert.ok(a.every((x) => Math.abs(x) <= bound) && a.some((x) => Math.abs(x) > bound * 0.9));
  });

  test('nothing comes from later tokens, and influence is what a small step of the input does', () =>
    withNetwork({ hiddenSize: 5, inputSize: 3, numLayers: 2 }, (network) => {
      const inputsEmbeds = tensor([1, 4, 3], 7);
      const { lastHiddenState, influence } = network.forward({ inputsEmbeds }, { influence: true });
      const squares = new Float64Array(16);
      const step = 1e-2;
      for (let i = 0; i < 12; ++i) {
        const moved = (by) => {
          const data = inputsEmbeds.data.slice();
          data[i] += by;
          return network.forward({ inputsEmbeds: { data, dims: [1, 4, 3] } }).lastHiddenState.data;
        };
        const [up, down] = [moved(step), moved(-step)];
        up.forEach(
          (x, j) =>
            (squares[Math.floor(j / 5) * 4 + Math.floor(i / 3)] +=
              ((x - down[j]) / (2 * step)) ** 2),
        );
      }
      const differences = { data: Float32Array.from(squares, Math.sqrt), dims: [1, 4, 4] };
      assertClose(influence, differences, { absolute: 2e-4, relative: 2e-3 });
      for (let t = 0; t < 4; ++t) {
        for (let s = 0; s < 4; ++s) assert.equal(influence.data[t * 4 + s] === 0, s > t);
      }
      const later = inputsEmbeds.data.map((x, i) => (i < 6 ? x : -x));
      const other = network.forward({
        inputsEmbeds: { data: later, dims: [1, 4, 3] },
      }).lastHiddenState;
      assert.deepEqual(other.data.slice(0, 10), lastHiddenState.data.slice(0, 10));
      assert.notDeepEqual(other.data.slice(10), lastHiddenState.data.slice(10));
      const shorter = network.forward({
        inputsEmbeds: { data: inputsEmbeds.data.slice(0, 6), dims: [1, 2, 3] },
      }).lastHiddenState;
      assertClose(shorter, { data: lastHiddenState.data.slice(0, 10), dims: [1, 2, 5] }, tolerance);
    }));

  test('update gates held open keep the first token; the usual ones forget it', () =>
    withNetwork({ vocabSize: 5, hiddenSize: 8 }, (network) => {
      const inputIds = [1, ...new Array(30).fill(2)];
      const share = () => {
        const { influence } = network.forward({ inputIds }, { influence: true });
        return influence.data[30 * 31] / influence.data[0];
      };
      assert.ok(share() < 1e-3, `${share()}`);
      network.setParameter('bias_hh_l0', {
        data: Float32Array.from({ length: 24 }, (_, i) => (i >= 8 && i < 16 ? 12 : 0)),
        dims: [24],
      });
      assert.ok(share() > 0.9, `${share()}`);
    }));

  test('error: NaN weights', () =>
    withNetwork(config, (network) => {
      const nan = { data: new Float32Array(18).fill(NaN), dims: [18] };
      assertError(
        () => network.setParameter('bias_ih_l0', nan),
        'not_finite',
        /bias_ih_l0\[0\]: expected a number, got NaN/,
      );
    }));

  const errors = [
    [
      'no config',
      () => lab.rt.createRecurrent(),
      'invalid_argument',
      /config: expected an object, got undefined/,
    ],
    [
      'no hidden size',
      () => lab.rt.createRecurrent({ vocabSize: 3 }),
      'invalid_argument',
      /config\.hiddenSize: .* got undefined/,
    ],
    [
      'no layers',
      () => lab.rt.createRecurrent({ hiddenSize: 2, numLayers: 0 }),
      'invalid_argument',
      /config\.numLayers: .* got 0/,
    ],
    [
      'a misspelt field',
      () => lab.rt.createRecurrent({ hiddenSize: 2, layers: 2 }),
      'invalid_argument',
      /config\.layers: unknown/,
    ],
    [
      'a bad seed',
      () => lab.rt.createRecurrent({ hiddenSize: 2 }, { seed: -1 }),
      'invalid_argument',
      /seed/,
    ],
    [
      'more than memory',
      () => lab.rt.createRecurrent({ hiddenSize: 1 << 20 }),
      'out_of_memory',
      /./,
    ],
  ];
  for (const [what, run, code, message] of errors)
    test(`error: ${what}`, () => assertError(run, code, message));

  const refused = [
    ['nothing', [], 'invalid_argument', /inputs: expected an object, got undefined/],
    [
      'neither',
      [{}],
      'invalid_argument',
      /inputs: expected either inputIds or inputsEmbeds, got neither/,
    ],
    ['both', [{ inputIds: [1], inputsEmbeds: tensor([1, 1, 4]) }], 'invalid_argument', /got both/],
    [
      'a mask',
      [{ inputIds: [1], attentionMask: [1] }],
      'invalid_argument',
      /inputs\.attentionMask: unknown/,
    ],
    [
      'no tokens',
      [{ inputIds: [] }],
      'invalid_argument',
      /at least one sequence of one token, got \[1, 0\]/,
    ],
    [
      'an id too large',
      [{ inputIds: [12] }],
      'invalid_argument',
      /inputIds\[0\]: expected an integer from 0 to 11, got 12/,
    ],
    [
      'another width',
      [{ inputsEmbeds: tensor([1, 2, 5]) }],
      'shape_mismatch',
      /inputsEmbeds: expected \[B, T, 4\], got \[1, 2, 5\]/,
    ],
    [
      'an unknown option',
      [{ inputIds: [1] }, { outputAttentions: true }],
      'invalid_argument',
      /options\.outputAttentions: unknown/,
    ],
    [
      'influence that is no boolean',
      [{ inputIds: [1] }, { influence: 1 }],
      'invalid_argument',
      /influence: expected true or false, got 1/,
    ],
    [
      'an unknown activation',
      [{ inputIds: [1] }, { trace: ['layers.2.z'] }],
      'unknown_name',
      /trace\[0\]/,
    ],
  ];
  for (const [what, args, code, message] of refused) {
    test(`error: forward: ${what}`, () =>
      withNetwork(config, (network) => {
        assertError(() => network.forward(...args), code, message);
        assert.ok(network.forward({ inputIds: [1] }).lastHiddenState.data.every(Number.isFinite));
      }));
  }
  test('error: ids without an embedding; use after dispose', () => {
    withNetwork({ hiddenSize: 2 }, (network) =>
      assertError(() => network.forward({ inputIds: [1] }), 'invalid_argument', /no embedding/),
    );
    const network = lab.rt.createRecurrent(config);
    network.dispose();
    network.dispose();
    assertError(
      () => network.forward({ inputIds: [1] }),
      'disposed',
      /Recurrent: used after dispose/,
    );
  });
});

describe('recurrent in a worker', () => {
  test('the same numbers, and errors', async () => {
    const rt = await createWorkerRuntime({ variant: variants[0] });
    const network = await rt.createRecurrent(config, { seed: 4 });
    assert.equal(network.config.hiddenSize, 6);
    const { influence, trace } = await network.forward(
      { inputIds: [1, 2, 3] },
      { influence: true, trace: true },
    );
    assert.deepEqual(influence.dims, [1, 3, 3]);
    assert.equal(trace.size, 8);
    assert.deepEqual((await network.parameter('weight_hh_l1')).dims, [18, 6]);
    await assertRejects(rt.createRecurrent({}), 'invalid_argument', /config\.hiddenSize/);
    await assertRejects(network.forward({ inputIds: [99] }), 'invalid_argument', /inputIds\[0\]/);
    network.dispose();
    assert.equal(await liveHandles(rt), 0);
    rt.dispose();
  });
});
