// rt.attention: its options against a double-precision reference, its properties, and every error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { assertClose } from './compare.mjs';
import { assertError, assertWorks, forEachVariant, mask, slice, tensor } from './support.mjs';

const tolerance = { absolute: 1e-5, relative: 1e-5 };

/** Softmax attention of one head in double precision: q [T][K], k [S][K], v [S][Kv] as tensors. */
function reference(
  q,
  k,
  v,
  { scale, allowed = () => true, bias = () => 0, temperature = 1, softmax = true } = {},
) {
  const [T, K] = q.dims;
  const [S, Kv] = v.dims;
  const output = new Float64Array(T * Kv);
  const pattern = new Float64Array(T * S);
  for (let t = 0; t < T; ++t) {
    const row = Array.from({ length: S }, (_, s) => {
      let sum = 0;
      for (let i = 0; i < K; ++i) sum += q.data[t * K + i] * k.data[s * K + i];
      return allowed(t, s)
        ? ((scale ?? 1 / Math.sqrt(K)) * sum) / temperature + bias(t, s)
        : -Infinity;
    });
    const largest = Math.max(...row);
    const weights = softmax
      ? row.map((x) => (largest === -Infinity ? 0 : Math.exp(x - largest)))
      : row.map((x) => (x === -Infinity ? 0 : x));
    const total = softmax ? weights.reduce((a, b) => a + b, 0) || 1 : 1;
    weights.forEach((weight, s) => {
      pattern[t * S + s] = weight / total;
      for (let i = 0; i < Kv; ++i) output[t * Kv + i] += (weight / total) * v.data[s * Kv + i];
    });
  }
  return {
    output: { data: output, dims: [T, Kv] },
    pattern: { data: pattern, dims: [T, S] },
  };
}

const inputs = (T = 3, S = 5, K = 4, Kv = 2, leading = []) => ({
  q: tensor([...leading, T, K], 1),
  k: tensor([...leading, S, K], 2),
  v: tensor([...leading, S, Kv], 3),
});

forEachVariant('attention', (lab) => {
  const agrees = (options, expected) => {
    const { q, k, v } = inputs();
    const actual = lab.rt.attention({ q, k, v }, { ...options, trace: ['pattern'] });
    const wanted = reference(q, k, v, expected);
    assertClose(actual.output, wanted.output, tolerance, 'output');
    assertClose(actual.pattern, wanted.pattern, tolerance, 'pattern');
    assert.equal(actual.scores, undefined);
    assertClose(
      lab.rt.attention({ q, k, v }, options).output,
      wanted.output,
      tolerance,
      'output without trace',
    );
  };

  test('T ≠ S, Kv ≠ K', () => agrees({}, {}));
  test('causal', () => agrees({ causal: true }, { allowed: (t, s) => s <= t }));
  test('window', () => agrees({ window: 1 }, { allowed: (t, s) => Math.abs(t - s) <= 1 }));
  test('scale', () => agrees({ scale: -0.3 }, { scale: -0.3 }));
  test('temperature', () => agrees({ temperature: 2.5 }, { temperature: 2.5 }));
  test('score dot', () => agrees({ score: 'dot' }, { scale: 1 }));
  test('no normalisation', () => agrees({ normalisation: 'none' }, { softmax: false }));
  test('mask [T, S]', () => {
    const cells = mask([3, 5], (i) => i % 2);
    agrees({ mask: cells }, { allowed: (t, s) => cells.data[t * 5 + s] === 1 });
  });
  test('bias [T, S]', () => {
    const bias = tensor([3, 5], 9);
    agrees({ bias }, { bias: (t, s) => bias.data[t * 5 + s] });
  });
  test('a fully masked row gives zeros', () => {
    const { output, pattern } = lab.rt.attention(inputs(2, 3), {
      mask: mask([2, 3], (i) => (i < 3 ? 0 : 1)),
      trace: true,
    });
    assert.deepEqual([...slice(output, 0).data], [0, 0]);
    assert.deepEqual([...slice(pattern, 0).data], [0, 0, 0]);
  });

  test('scores, masked scores and pattern belong together', () => {
    const { scores, maskedScores, pattern } = lab.rt.attention(inputs(4, 4), {
      causal: true,
      trace: true,
    });
    assert.deepEqual(scores.dims, [4, 4]);
    for (let t = 0; t < 4; ++t) {
      for (let s = 0; s < 4; ++s) {
        const at = t * 4 + s;
        assert.equal(maskedScores.data[at], s <= t ? scores.data[at] : -Infinity);
        if (s > t) assert.equal(pattern.data[at], 0);
      }
    }
  });

  test('leading axes are computed one by one', () => {
    const all = inputs(3, 4, 2, 2, [2, 3]);
    const { output } = lab.rt.attention(all);
    assert.deepEqual(output.dims, [2, 3, 3, 2]);
    for (let b = 0; b < 2; ++b) {
      for (let h = 0; h < 3; ++h) {
        const of = (x) => slice(slice(x, b), h);
        const alone = lab.rt.attention({ q: of(all.q), k: of(all.k), v: of(all.v) }).output;
        assertClose(of(output), alone, tolerance);
      }
    }
  });

  test('mask and bias [B, T, S], [B, H, T, S], [B, 1, T, S] and [1, H, T, S] are laid over [B, H, T, S]', () => {
    const all = inputs(2, 3, 2, 2, [2, 3]);
    const per = (dims, pick) => {
      const cells = mask(dims, (i) => (i * 7) % 3 !== 0);
      const bias = tensor(dims, 5);
      const { output } = lab.rt.attention(all, { mask: cells, bias });
      for (let b = 0; b < 2; ++b) {
        for (let h = 0; h < 3; ++h) {
          const of = (x) => slice(slice(x, b), h);
          const options = { mask: pick(cells, b, h), bias: pick(bias, b, h) };
          assertClose(
            of(output),
            lab.rt.attention({ q: of(all.q), k: of(all.k), v: of(all.v) }, options).output,
            tolerance,
          );
        }
      }
    };
    per([2, 2, 3], (x, b) => slice(x, b));
    per([2, 3, 2, 3], (x, b, h) => slice(slice(x, b), h));
    per([2, 1, 2, 3], (x, b) => slice(slice(x, b), 0));
    per([1, 3, 2, 3], (x, _, h) => slice(slice(x, 0), h));
  });

  test('Luong: q W k with keys of another width', () => {
    const q = tensor([3, 4], 1);
    const k = tensor([5, 2], 2);
    const v = tensor([5, 3], 3);
    const w = tensor([4, 2], 4);
    const projected = lab.rt.attention(
      { q: k, k: w, v: tensor([4, 1]) },
      { score: 'dot', trace: true },
    ).scores; // k Wᵀ
    const expected = lab.rt.attention({ q, k: projected, v }, { score: 'dot', trace: true });
    const actual = lab.rt.attention({ q, k, v }, { score: { kind: 'general', w }, trace: true });
    assertClose(actual.scores, expected.scores, tolerance);
    assertClose(actual.output, expected.output, tolerance);
  });

  test('Bahdanau: v · tanh(Wq q + Wk k)', () => {
    const { q, k, v } = inputs(2, 3, 4, 2);
    const [wq, wk, vector] = [tensor([5, 4], 5), tensor([5, 4], 6), tensor([5], 7)];
    const { scores } = lab.rt.attention(
      { q, k, v },
      { score: { kind: 'additive', wq, wk, v: vector }, trace: true },
    );
    const expected = new Float64Array(6);
    for (let t = 0; t < 2; ++t) {
      for (let s = 0; s < 3; ++s) {
        for (let a = 0; a < 5; ++a) {
          let sum = 0;
          for (let i = 0; i < 4; ++i)
            sum += wq.data[a * 4 + i] * q.data[t * 4 + i] + wk.data[a * 4 + i] * k.data[s * 4 + i];
          expected[t * 3 + s] += vector.data[a] * Math.tanh(sum);
        }
      }
    }
    assertClose(scores, { data: expected, dims: [2, 3] }, tolerance);
  });

  test('inputs are not changed, and results are copies', () => {
    const given = inputs();
    const before = structuredClone(given); // without the prototypes
    const { output } = lab.rt.attention(given);
    assert.deepEqual(structuredClone(given), before);
    output.data.fill(7);
    assert.notEqual(lab.rt.attention(given).output.data[0], 7);
  });

  const sizes = fc.record({
    T: fc.integer({ min: 1, max: 9 }),
    S: fc.integer({ min: 1, max: 9 }),
    K: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(),
  });
  const property = (run) => fc.assert(fc.property(sizes, run), { numRuns: 60, seed: 20 });
  const random = ({ T, S, K, seed }) => ({
    q: tensor([T, K], seed),
    k: tensor([S, K], seed + 1),
    v: tensor([S, 3], seed + 2),
  });

  test('property: rows of a pattern sum to 1', () =>
    property((given) => {
      const { pattern } = lab.rt.attention(random(given), { trace: ['pattern'] });
      for (let t = 0; t < given.T; ++t) {
        const sum = slice(pattern, t).data.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - 1) <= 1e-5, `row ${t} sums to ${sum}`);
      }
    }));

  test('property: permuting keys and values together changes nothing', () =>
    property((given) => {
      const { q, k, v } = random(given);
      const order = Array.from({ length: given.S }, (_, s) => s).sort(
        (a, b) => ((a * 7 + 3) % 11) - ((b * 7 + 3) % 11),
      );
      const permuted = (x) => ({
        data: Float32Array.from(order.flatMap((s) => [...slice(x, s).data])),
        dims: x.dims,
      });
      assertClose(
        lab.rt.attention({ q, k: permuted(k), v: permuted(v) }).output,
        lab.rt.attention({ q, k, v }).output,
        tolerance,
      );
    }));

  test('property: a causal output does not depend on later keys', () =>
    property(({ T, K, seed }) => {
      const { q, k, v } = random({ T, S: T, K, seed });
      const before = lab.rt.attention({ q, k, v }, { causal: true }).output;
      for (const x of [k, v]) x.data.fill(99, x.data.length - x.dims[1]); // the last row
      const later = lab.rt.attention({ q, k, v }, { causal: true }).output;
      for (let t = 0; t < T - 1; ++t) assert.deepEqual(slice(later, t), slice(before, t));
    }));

  test('property: keys that are masked change nothing', () =>
    property((given) => {
      const { q, k, v } = random(given);
      const padded = (x) => ({
        data: Float32Array.of(...x.data, ...tensor([2, x.dims[1]], 8).data),
        dims: [x.dims[0] + 2, x.dims[1]],
      });
      const cells = mask([given.T, given.S + 2], (i) => i % (given.S + 2) < given.S);
      const output = lab.rt.attention({ q, k: padded(k), v: padded(v) }, { mask: cells }).output;
      assertClose(output, lab.rt.attention({ q, k, v }).output, tolerance);
    }));

  const { q, k, v } = inputs();
  const errors = [
    ['no inputs', () => [], 'invalid_argument', /inputs: expected an object, got undefined/],
    [
      'q missing',
      () => [{ k, v }],
      'invalid_argument',
      /^q: expected \{ data: Float32Array, dims \} or arrays of numbers, got undefined/,
    ],
    [
      'an unknown input',
      () => [{ q, k, v, w: v }],
      'invalid_argument',
      /inputs\.w: unknown; expected one of q, k, v/,
    ],
    [
      'no numbers',
      () => [{ q: { data: ['1'], dims: [1, 1] }, k, v }],
      'invalid_argument',
      /q\.data\[0\]: expected a number that float32 can hold, got "1"/,
    ],
    [
      'doubles beyond float32',
      () => [{ q: { data: Float64Array.of(1e300), dims: [1, 1] }, k, v }],
      'invalid_argument',
      /q\.data\[0\]: expected a number that float32 can hold, got 1e\+300/,
    ],
    [
      'no dims',
      () => [{ q: { data: q.data }, k, v }],
      'invalid_argument',
      /q\.dims: expected an array/,
    ],
    [
      'a negative size',
      () => [{ q: { data: q.data, dims: [-3, -4] }, k, v }],
      'invalid_argument',
      /q\.dims\[0\]: expected an integer of at least 0, got -3/,
    ],
    [
      'dims that data does not fill',
      () => [{ q: { data: q.data, dims: [3, 5] }, k, v }],
      'shape_mismatch',
      /q: dims \[3, 5\] need 15 values, data holds 12/,
    ],
    [
      'one axis',
      () => [{ q: tensor([4]), k, v }],
      'shape_mismatch',
      /q: expected at least two axes, got \[4\]/,
    ],
    ['an empty tensor', () => [{ q: tensor([0, 4]), k, v }], 'shape_mismatch', /q/],
    [
      'keys of another width',
      () => [{ q, k: tensor([5, 3]), v }],
      'shape_mismatch',
      /k: expected \[5, 4\], got \[5, 3\]/,
    ],
    [
      'too few values',
      () => [{ q, k, v: tensor([4, 2]) }],
      'shape_mismatch',
      /v: expected \[5, 2\].*got \[4, 2\]/,
    ],
    [
      'other leading axes',
      () => [{ q, k: tensor([2, 5, 4]), v }],
      'shape_mismatch',
      /k: expected \[5, 4\].*got \[2, 5, 4\]/,
    ],
    [
      'an unknown option',
      () => [{ q, k, v }, { casual: true }],
      'invalid_argument',
      /options\.casual: unknown; expected one of causal/,
    ],
    [
      'causal that is no boolean',
      () => [{ q, k, v }, { causal: 1 }],
      'invalid_argument',
      /causal: expected true or false, got 1/,
    ],
    [
      'a negative window',
      () => [{ q, k, v }, { window: -1 }],
      'invalid_argument',
      /window: expected an integer from 0/,
    ],
    [
      'an infinite scale',
      () => [{ q, k, v }, { scale: Infinity }],
      'invalid_argument',
      /scale: expected a finite number, got Infinity/,
    ],
    [
      'a NaN scale',
      () => [{ q, k, v }, { scale: NaN }],
      'invalid_argument',
      /scale: expected a finite number, got NaN/,
    ],
    [
      'temperature 0',
      () => [{ q, k, v }, { temperature: 0 }],
      'invalid_argument',
      /temperature: expected a finite number above 0, got 0/,
    ],
    [
      'a temperature as text',
      () => [{ q, k, v }, { temperature: '1' }],
      'invalid_argument',
      /temperature: .* got "1"/,
    ],
    [
      'an unknown score',
      () => [{ q, k, v }, { score: 'cosine' }],
      'invalid_argument',
      /score: expected "scaled-dot".*got "cosine"/,
    ],
    [
      'a score without its matrix',
      () => [{ q, k, v }, { score: { kind: 'general' } }],
      'invalid_argument',
      /score\.w: expected/,
    ],
    [
      'a matrix of the wrong shape',
      () => [{ q, k, v }, { score: { kind: 'general', w: tensor([4, 3]) } }],
      'shape_mismatch',
      /score\.w: expected \[4, 4\], got \[4, 3\]/,
    ],
    [
      'an additive vector of the wrong size',
      () => [
        { q, k, v },
        { score: { kind: 'additive', wq: tensor([5, 4]), wk: tensor([5, 4]), v: tensor([4]) } },
      ],
      'shape_mismatch',
      /score\.v: expected \[5\], got \[4\]/,
    ],
    [
      'scale with an additive score',
      () => [
        { q, k, v },
        {
          scale: 2,
          score: { kind: 'additive', wq: tensor([5, 4]), wk: tensor([5, 4]), v: tensor([5]) },
        },
      ],
      'invalid_argument',
      /scale: has no meaning/,
    ],
    [
      'an unknown normalisation',
      () => [{ q, k, v }, { normalisation: 'l2' }],
      'invalid_argument',
      /normalisation: expected "softmax" or "none", got "l2"/,
    ],
    [
      'an unknown trace',
      () => [{ q, k, v }, { trace: ['masked_scores'] }],
      'invalid_argument',
      /trace\[0\]: expected "pattern"/,
    ],
    [
      'a trace that is a name',
      () => [{ q, k, v }, { trace: 'pattern' }],
      'invalid_argument',
      /trace: expected true, false or an array/,
    ],
    [
      'a float mask',
      () => [{ q, k, v }, { mask: tensor([3, 5]) }],
      'invalid_argument',
      /mask\.data\[0\]: expected 0 or 1, got 0\.25/,
    ],
    [
      'a mask of twos',
      () => [{ q, k, v }, { mask: mask([3, 5], () => 2) }],
      'invalid_argument',
      /mask\.data\[0\]: expected 0 or 1, got 2/,
    ],
    [
      'a mask of the wrong shape',
      () => [{ q, k, v }, { mask: mask([5, 3], () => 1) }],
      'shape_mismatch',
      /mask: expected \[3, 5\], got \[5, 3\]/,
    ],
    [
      'a bias of the wrong shape',
      () => [{ q, k, v }, { bias: tensor([2, 3, 5]) }],
      'shape_mismatch',
      /bias: expected \[3, 5\], got \[2, 3, 5\]/,
    ],
  ];
  for (const [what, args, code, message] of errors) {
    test(`error: ${what}`, () => {
      assertError(() => lab.rt.attention(...args()), code, message);
      assertWorks(lab.rt);
    });
  }

  test('a tensor of another realm is a tensor', async () => {
    const { runInNewContext } = await import('node:vm');
    const foreign = runInNewContext('({ data: Float32Array.of(1, 2), dims: [1, 2] })');
    foreign.dims = [1, 2];
    assert.deepEqual(
      lab.rt.attention({ q: foreign, k: foreign, v: foreign }).output.data,
      Float32Array.of(1, 2),
    );
  });

  test('more memory than there is: an error, and the runtime works on', () => {
    const long = { data: new Float32Array(1 << 17), dims: [1 << 17, 1] };
    assertError(
      () => lab.rt.attention({ q: long, k: long, v: long }, { trace: true }),
      'out_of_memory',
      /larger than 2 GiB|out of memory/,
    );
    assertWorks(lab.rt);
  });
});
