// rt.createAttention: parameters, the meaning of each option against rt.attention, seeds, and every error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertClose } from './compare.mjs';
import { assertError, forEachVariant, mask, slice, tensor } from './support.mjs';

const tolerance = { absolute: 1e-5, relative: 1e-5 };

forEachVariant('attention layer', (lab) => {
  const withLayer = (config, run, options) => {
    const layer = lab.rt.createAttention(config, options);
    try {
      return run(layer);
    } finally {
      layer.dispose();
    }
  };
  const shapes = (config) =>
    withLayer(config, (layer) => Object.fromEntries(layer.parameterShapes()));

  test('parameters have the names and shapes of PyTorch', () => {
    assert.deepEqual(shapes({ dModel: 6, numHeads: 2 }), {
      'q_proj.weight': [6, 6],
      'q_proj.bias': [6],
      'k_proj.weight': [6, 6],
      'k_proj.bias': [6],
      'v_proj.weight': [6, 6],
      'v_proj.bias': [6],
      'out_proj.weight': [6, 6],
      'out_proj.bias': [6],
    });
    assert.deepEqual(shapes({ dModel: 6, numHeads: 2, dHead: 5, bias: false, fused: true }), {
      'qkv_proj.weight': [30, 6],
      'out_proj.weight': [6, 10],
    });
    assert.deepEqual(
      shapes({ dModel: 6, numHeads: 2, bias: false, outBias: true, sharedHeads: true }),
      {
        'q_proj.weight': [3, 3],
        'k_proj.weight': [3, 3],
        'v_proj.weight': [3, 3],
        'out_proj.weight': [6, 6],
        'out_proj.bias': [6],
      },
    );
    assert.deepEqual(shapes({ dModel: 6, numHeads: 1, bias: false, outProjection: false }), {
      'q_proj.weight': [6, 6],
      'k_proj.weight': [6, 6],
      'v_proj.weight': [6, 6],
    });
  });

  test('config comes back with its defaults', () =>
    withLayer({ dModel: 6, numHeads: 2 }, ({ config }) =>
      assert.deepEqual(config, {
        dModel: 6,
        numHeads: 2,
        numKvHeads: 2,
        dHead: 3,
        bias: true,
        outBias: true,
        outProjection: true,
        fused: false,
        sharedHeads: false,
        scaleBy: 'd_head',
        normalisation: 'softmax',
        maskedValue: -Infinity,
        causal: false,
        window: Infinity,
      }),
    ));

  test('parameters come back as they were set, from a Map and from an object', () =>
    withLayer({ dModel: 6, numHeads: 2 }, (layer) => {
      const given = new Map(
        [...layer.parameterShapes()].map(([name, dims], index) => [name, tensor(dims, index)]),
      );
      layer.setParameters(given);
      assert.deepEqual(layer.parameters(), given);
      const other = tensor([6], 77);
      layer.setParameters({ 'out_proj.bias': other });
      assert.deepEqual(layer.parameter('out_proj.bias'), other);
      layer.parameter('out_proj.bias').data.fill(0);
      assert.deepEqual(
        layer.parameter('out_proj.bias'),
        other,
        'a copy was changed, not the parameter',
      );
    }));

  test('the same seed gives the same weights, another seed others', () => {
    const weights = (seed) =>
      withLayer({ dModel: 6, numHeads: 2 }, (layer) => layer.parameters(), { seed });
    assert.deepEqual(weights(7), weights(7));
    assert.notDeepEqual(weights(7), weights(8));
    assert.ok([...weights(7).values()].every(({ data }) => data.every(Number.isFinite)));
  });

  test('with identity projections it is rt.attention', () =>
    withLayer({ dModel: 4, numHeads: 1, bias: false }, (layer) => {
      const identity = {
        data: Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
        dims: [4, 4],
      };
      for (const name of layer.parameterShapes().keys()) layer.setParameter(name, identity);
      const [query, key, value] = [
        tensor([2, 3, 4], 1),
        tensor([2, 5, 4], 2),
        tensor([2, 5, 4], 3),
      ];
      const { output } = layer.forward({ query, key, value });
      assertClose(output, lab.rt.attention({ q: query, k: key, v: value }).output, tolerance);
      const self = layer.forward({ query }).output;
      assertClose(self, lab.rt.attention({ q: query, k: query, v: query }).output, tolerance);
      assertClose(
        layer.forward({ query, key }).output,
        lab.rt.attention({ q: query, k: key, v: key }).output,
        tolerance,
      );
      const hot = layer.forward({ query }, { causal: true, temperature: 3 }).output;
      assertClose(
        hot,
        lab.rt.attention({ q: query, k: query, v: query }, { causal: true, temperature: 3 }).output,
        tolerance,
      );
    }));

  test('trace holds what was asked for, by name', () =>
    withLayer({ dModel: 6, numHeads: 2 }, (layer) => {
      const query = tensor([2, 3, 6]);
      const names = ['q', 'k', 'v', 'scores', 'masked_scores', 'pattern', 'z', 'out'];
      assert.deepEqual(layer.activationNames(), names);
      assert.deepEqual([...layer.forward({ query }).trace.keys()], []);
      assert.deepEqual(
        [...layer.forward({ query }, { trace: ['pattern', 'q'] }).trace.keys()].sort(),
        ['pattern', 'q'],
      );
      const { trace, output } = layer.forward({ query }, { trace: true });
      assert.deepEqual([...trace.keys()], names);
      assert.deepEqual(trace.get('pattern').dims, [2, 2, 3, 3]);
      assert.deepEqual(trace.get('q').dims, [2, 2, 3, 3]);
      assert.deepEqual(trace.get('out'), output);
    }));

  test('a key mask hides keys: as if they were not there', () =>
    withLayer({ dModel: 6, numHeads: 2 }, (layer) => {
      const [query, key] = [tensor([3, 6], 1), tensor([4, 6], 2)];
      const shown = { data: key.data.slice(0, 12), dims: [2, 6] };
      const keyMask = { data: Uint8Array.of(1, 1, 0, 0), dims: [4] };
      const expected = layer.forward({ query, key: shown }).output;
      assertClose(layer.forward({ query, key, keyMask }).output, expected, tolerance);
      const cells = mask([3, 4], (i) => (i % 4 < 2 ? 1 : 0));
      assertClose(layer.forward({ query, key, mask: cells }).output, expected, tolerance);
    }));

  test('batch = one by one; two axes = a batch of one', () =>
    withLayer({ dModel: 6, numHeads: 3 }, (layer) => {
      const query = tensor([3, 4, 6]);
      const { output } = layer.forward({ query });
      for (let b = 0; b < 3; ++b) {
        const alone = layer.forward({ query: slice(query, b) }).output;
        assert.deepEqual(alone.dims, [4, 6]);
        assertClose(slice(output, b), alone, tolerance);
      }
    }));

  test('a masked value of −1e20 makes a fully masked row uniform, −∞ makes it zero', () => {
    const pattern = (maskedValue) =>
      withLayer({ dModel: 4, numHeads: 1, maskedValue }, (layer) =>
        layer
          .forward({ query: tensor([2, 4]), mask: mask([2, 2], () => 0) }, { trace: ['pattern'] })
          .trace.get('pattern'),
      );
    assert.deepEqual([...pattern(-1e20).data], [0.5, 0.5, 0.5, 0.5]);
    assert.deepEqual([...pattern(-Infinity).data], [0, 0, 0, 0]);
  });

  const configErrors = [
    ['none', undefined, 'invalid_argument', /config: expected an object, got undefined/],
    [
      'no dModel',
      { numHeads: 1 },
      'invalid_argument',
      /config\.dModel: expected an integer from 1 to \d+, got undefined/,
    ],
    [
      'half a head',
      { dModel: 4, numHeads: 0.5 },
      'invalid_argument',
      /config\.numHeads: .* got 0\.5/,
    ],
    [
      'no divisor',
      { dModel: 10, numHeads: 3 },
      'invalid_argument',
      /config\.numHeads: expected a divisor of dModel 10.* got 3/,
    ],
    [
      'a misspelt field',
      { dModel: 4, numHeads: 1, bais: true },
      'invalid_argument',
      /config\.bais: unknown/,
    ],
    [
      'a bias that is no boolean',
      { dModel: 4, numHeads: 1, bias: 'yes' },
      'invalid_argument',
      /config\.bias: expected true or false, got "yes"/,
    ],
    [
      'an unknown scale',
      { dModel: 4, numHeads: 1, scaleBy: 'sqrt' },
      'invalid_argument',
      /config\.scaleBy: expected "d_head"/,
    ],
    [
      'a NaN mask',
      { dModel: 4, numHeads: 1, maskedValue: NaN },
      'invalid_argument',
      /config\.maskedValue: .* got NaN/,
    ],
    [
      'shared heads that do not fit',
      { dModel: 4, numHeads: 2, dHead: 3, sharedHeads: true },
      'invalid_argument',
      /head|shared/i,
    ],
    [
      'a width beyond memory',
      { dModel: 1 << 20, numHeads: 1 },
      'out_of_memory',
      /larger than 2 GiB|memory/,
    ],
  ];
  for (const [what, config, code, message] of configErrors) {
    test(`error: config: ${what}`, () =>
      assertError(() => lab.rt.createAttention(config), code, message));
  }
  test('error: seeds', () => {
    for (const seed of [-1, 1.5, '1', 2 ** 32]) {
      assertError(
        () => lab.rt.createAttention({ dModel: 4, numHeads: 1 }, { seed }),
        'invalid_argument',
        /seed: expected an integer/,
      );
    }
  });

  const query = tensor([2, 3, 4]);
  const forwardErrors = [
    ['no inputs', [], 'invalid_argument', /inputs: expected an object, got undefined/],
    ['no query', [{}], 'invalid_argument', /query: expected/],
    [
      'four axes',
      [{ query: tensor([1, 2, 3, 4]) }],
      'shape_mismatch',
      /query: expected \[B, T, 4\] or \[T, 4\], got \[1, 2, 3, 4\]/,
    ],
    [
      'another width',
      [{ query: tensor([2, 3, 5]) }],
      'shape_mismatch',
      /query: expected \[B, T, 4\].* got \[2, 3, 5\]/,
    ],
    [
      'keys of another batch',
      [{ query, key: tensor([1, 3, 4]) }],
      'shape_mismatch',
      /key: expected \[2, 3, 4\], got \[1, 3, 4\]/,
    ],
    [
      'values for other keys',
      [{ query, value: tensor([2, 5, 4]) }],
      'shape_mismatch',
      /value: expected \[2, 3, 4\], got \[2, 5, 4\]/,
    ],
    [
      'axes that differ',
      [{ query, key: tensor([3, 4]) }],
      'shape_mismatch',
      /key: expected .* got \[3, 4\]/,
    ],
    [
      'a key mask of the wrong shape',
      [{ query, keyMask: mask([2, 4], () => 1) }],
      'shape_mismatch',
      /keyMask: expected \[2, 3\], got \[2, 4\]/,
    ],
    [
      'a mask of the wrong shape',
      [{ query, mask: mask([2, 2], () => 1) }],
      'shape_mismatch',
      /mask: expected \[3, 3\].* got \[2, 2\]/,
    ],
    ['an empty sequence', [{ query: tensor([2, 0, 4]) }], 'shape_mismatch', /query/],
    [
      'an unknown trace',
      [{ query }, { trace: ['patern'] }],
      'unknown_name',
      /trace\[0\]: .*activationNames.* got "patern"/,
    ],
    ['temperature', [{ query }, { temperature: -1 }], 'invalid_argument', /temperature: .* got -1/],
    ['an unknown option', [{ query }, { scale: 1 }], 'invalid_argument', /options\.scale: unknown/],
  ];
  for (const [what, args, code, message] of forwardErrors) {
    test(`error: forward: ${what}`, () =>
      withLayer({ dModel: 4, numHeads: 2 }, (layer) => {
        assertError(() => layer.forward(...args), code, message);
        assert.deepEqual(layer.forward({ query }).output.dims, [2, 3, 4]);
      }));
  }

  test('error: parameters', () =>
    withLayer({ dModel: 4, numHeads: 2 }, (layer) => {
      assertError(
        () => layer.parameter('q.weight'),
        'unknown_name',
        /"q\.weight": no such parameter/,
      );
      assertError(() => layer.parameter(3), 'invalid_argument', /name: expected a string, got 3/);
      assertError(
        () => layer.setParameter('q_proj.weight', tensor([4, 2])),
        'shape_mismatch',
        /^q_proj\.weight: expected \[4, 4\], got \[4, 2\]$/,
      );
      assertError(
        () => layer.setParameter('q_proj.weight', tensor([16])),
        'shape_mismatch',
        /expected \[4, 4\], got \[16\]/,
      );
      assertError(
        () => layer.setParameters([tensor([4])]),
        'invalid_argument',
        /parameters: expected a Map or an object/,
      );
      const before = layer.parameters();
      const half = { 'q_proj.bias': tensor([4], 5), 'k_proj.bias': tensor([3]) };
      assertError(() => layer.setParameters(half), 'shape_mismatch', /k_proj\.bias/);
      assert.deepEqual(layer.parameters(), before, 'nothing is written where one does not fit');
    }));

  test('dispose: twice is once, and use afterwards is an error', () => {
    const layer = lab.rt.createAttention({ dModel: 4, numHeads: 1 });
    assert.equal(lab.rt.liveHandles, 1);
    layer.dispose();
    layer[Symbol.dispose]();
    assert.equal(lab.rt.liveHandles, 0);
    assert.equal(layer.disposed, true);
    for (const use of [
      () => layer.forward({ query }),
      () => layer.parameters(),
      () => layer.activationNames(),
    ]) {
      assertError(use, 'disposed', /AttentionLayer: used after dispose\(\)/);
    }
  });
});
