// Tensor: views, slices and rankings against the same numbers as nested arrays; what is taken for a tensor, and what is not.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AttentionLabError,
  cosineSimilarity,
  createRuntime,
  softmax,
  Tensor,
  tensor,
  topK,
} from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertError } from './support.mjs';

const assertClose = (actual, expected, tolerance) =>
  expected.forEach((value, at) =>
    assert.ok(Math.abs(actual[at] - value) <= tolerance, `${actual[at]} is not ${value}`),
  );
const numbers = Float32Array.from({ length: 24 }, (_, index) => index);
const cube = new Tensor(numbers, [2, 3, 4]);

describe('Tensor', () => {
  test('at: a number for every axis, views for fewer, negative from the end', () => {
    assert.equal(cube.at(1, 2, 3), 23);
    assert.equal(cube.at(-1, -1, -1), 23);
    assert.deepEqual(cube.at(1).toArray(), cube.toArray()[1]);
    assert.deepEqual(cube.at(1, 0).toArray(), [12, 13, 14, 15]);
    assert.deepEqual(cube.at(0, 1).dims, [4]);
    cube.at(1).data[0] = 99;
    assert.equal(numbers[12], 99, 'a view');
    numbers[12] = 12;
    assert.deepEqual(cube.shape, [2, 3, 4]);
    assertError(
      () => cube.at(2),
      'invalid_argument',
      /at: expected an integer from -2 to 1, got 2/,
    );
    assertError(() => cube.at(0, 0, 0, 0), 'invalid_argument', /at most 3 indices, got 4/);
  });

  test('row: along the last axis, those of leading axes one after the other', () => {
    assert.deepEqual(cube.row(4).toArray(), [16, 17, 18, 19]);
    assert.deepEqual(cube.at(1).row(1).toArray(), [16, 17, 18, 19]);
    assertError(
      () => cube.row(6),
      'invalid_argument',
      /row: expected an integer from -6 to 5, got 6/,
    );
  });

  test('slice: against arrays, for every kind of range', () => {
    const ranges = [null, 0, -1, [0, 1], [1, 2], [-1, 99], [1, 1], [0, 4]];
    const cut = (value, [range, ...rest]) => {
      if (range === undefined) return value;
      if (typeof range === 'number') return cut(value.at(range), rest);
      const part = range === null ? value : value.slice(...range);
      return part.map((item) => cut(item, rest));
    };
    for (const a of ranges)
      for (const b of ranges)
        for (const c of ranges) {
          const result = cube.slice(a, b, c);
          const expected = cut(cube.toArray(), [a, b, c]);
          if (result.dims.length === 0) assert.equal(result.data[0], expected);
          else if (result.data.length > 0) assert.deepEqual(result.toArray(), expected);
          else assert.ok(result.dims.includes(0));
        }
    assert.equal(
      cube.slice(1).data.buffer,
      numbers.buffer,
      'a view where the numbers lie together',
    );
    assert.equal(cube.slice([0, 1], null).data.buffer, numbers.buffer);
    assert.notEqual(cube.slice(null, 0).data.buffer, numbers.buffer, 'else a copy');
    assertError(() => cube.slice(5), 'invalid_argument', /slice: expected an integer/);
  });

  test('argmax and topK: the first of equal ones, never NaN', () => {
    const values = new Tensor(Float32Array.of(1, NaN, 3, 3, -Infinity), [5]);
    assert.equal(values.argmax(), 2);
    assert.deepEqual(values.topK(3), [
      { index: 2, value: 3 },
      { index: 3, value: 3 },
      { index: 0, value: 1 },
    ]);
    assert.equal(new Tensor(new Float32Array(0), [0]).argmax(), -1);
    assertError(
      () => values.topK(-1),
      'invalid_argument',
      /topK: expected an integer of at least 0, got -1/,
    );
  });

  test('softmax: every row sums to 1, as torch.softmax of the same row', () => {
    const result = new Tensor(Float32Array.of(1, 2, 3, 1000, 0, -Infinity), [2, 3]).softmax();
    // torch.softmax(torch.tensor([[1., 2., 3.], [1000., 0., -inf]]), -1)
    assertClose(result.data, [0.09003057, 0.24472848, 0.66524094, 1, 0, 0], 1e-7);
  });

  test('numbers that do not fill the dims are refused', () => {
    assertError(
      () => new Tensor(new Float32Array(5), [2, 3]),
      'shape_mismatch',
      /dims \[2, 3\] need 6 values, data holds 5/,
    );
  });
});

describe('helpers', () => {
  test('softmax, topK, cosineSimilarity take arrays of any kind', () => {
    assertClose(softmax([0, Math.log(3)]).data, [0.25, 0.75], 1e-7);
    assert.deepEqual(topK(Int32Array.of(5, 9, 7), 2), [
      { index: 1, value: 9 },
      { index: 2, value: 7 },
    ]);
    assert.ok(Math.abs(cosineSimilarity([1, 1], [1, 0]) - Math.SQRT1_2) < 1e-12);
    assert.equal(cosineSimilarity([0, 0], [1, 0]), 0);
    assertError(
      () => cosineSimilarity([1], [1, 2]),
      'shape_mismatch',
      /b: expected \[1\], got \[2\]/,
    );
  });
});

describe('what is taken for a tensor', () => {
  test('nested arrays and typed arrays of every kind, also inside', () => {
    const expected = [
      [1, 2],
      [3, 4],
    ];
    for (const given of [
      expected,
      [Float64Array.of(1, 2), Int32Array.of(3, 4)],
      [BigInt64Array.of(1n, 2n), [3n, 4n]],
      { data: [1, 2, 3, 4], dims: [2, 2] },
      { data: Float64Array.of(1, 2, 3, 4), dims: [2, 2] },
      { data: BigUint64Array.of(1n, 2n, 3n, 4n), dims: [2, 2] },
      new Tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
    ]) {
      const result = tensor(given);
      assert.deepEqual(result.toArray(), expected);
      assert.ok(result instanceof Tensor);
    }
    assert.deepEqual(tensor([]).dims, [0]);
  });

  test('what is none is named', () => {
    const loop = [];
    loop.push(loop, loop);
    for (const [given, code, message] of [
      [
        [[1, 2], [3]],
        'shape_mismatch',
        /values\[1\]: expected 2 entries as in the first of its kind, got 1/,
      ],
      [[[1], 2], 'invalid_argument', /values\[1\]: expected an array of numbers, got 2/],
      [
        [1, [2]],
        'invalid_argument',
        /values\[1\]: expected a number that float32 can hold, got an array of 1/,
      ],
      [['1'], 'invalid_argument', /values\[0\]: expected a number that float32 can hold, got "1"/],
      [
        [1e300],
        'invalid_argument',
        /values\[0\]: expected a number that float32 can hold, got 1e\+300/,
      ],
      [[true], 'invalid_argument', /values\[0\]: expected a number/],
      [
        'text',
        'invalid_argument',
        /values: expected \{ data: Float32Array, dims \} or arrays of numbers, got "text"/,
      ],
      [
        { data: 'x', dims: [1] },
        'invalid_argument',
        /values\.data: expected a Float32Array, got "x"/,
      ],
      [loop, 'invalid_argument', /values/],
    ])
      assertError(() => tensor(given), code, message);
  });

  test('wherever numbers are taken: attention, masks, ids, weights, edits', async () => {
    const rt = await createRuntime({ variant: 'simd128' });
    const one = [
      [1, 0],
      [0, 1],
    ];
    const { output } = rt.attention(
      { q: one, k: one, v: [[10], Float64Array.of(20)] },
      {
        mask: [
          [true, false],
          [1, 1],
        ],
      },
    );
    assert.ok(output instanceof Tensor);
    assert.equal(output.at(0, 0), 10);
    const config = { vocabSize: 20, dModel: 8, numLayers: 1, attention: { numHeads: 2 } };
    const model = rt.createModel(config, { seed: 1 });
    const expected = model.forward({ inputIds: [[1, 2, 3]] }).lastHiddenState;
    for (const inputIds of [
      Int32Array.of(1, 2, 3),
      BigInt64Array.of(1n, 2n, 3n),
      [BigInt64Array.of(1n, 2n, 3n)],
      { data: BigInt64Array.of(1n, 2n, 3n), dims: [1, 3] },
      [1n, 2n, 3n],
      Float64Array.of(1, 2, 3),
    ])
      assert.deepEqual(model.forward({ inputIds }).lastHiddenState, expected);
    assertError(
      () => model.forward({ inputIds: Float64Array.of(1.5) }),
      'invalid_argument',
      /inputIds\[0\]: expected an integer/,
    );
    const name = 'blocks.0.attn.q_proj.bias';
    model.setParameter(name, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual(model.parameter(name).toArray(), [1, 2, 3, 4, 5, 6, 7, 8]);
    const edit = { at: 'blocks.0.attn.pattern', head: 0, query: 0, op: 'set', value: [[0, 0, 1]] };
    const { trace } = model.forward(
      { inputIds: [1, 2, 3] },
      { trace: ['blocks.0.attn.pattern'], interventions: [edit] },
    );
    assert.deepEqual(trace.get(edit.at).at(0, 0, 0).toArray(), [0, 0, 1]);
    model.dispose();
  });

  test('to a worker and back: as Tensors, of a view no more than its own numbers', async () => {
    const rt = await createWorkerRuntime({ variant: 'simd128' });
    try {
      const view = new Tensor(new Float32Array(1000), [10, 100]).slice(0, [0, 4]);
      view.data.set([1, 0, 0, 1]);
      const { output, pattern } = await rt.attention(
        {
          q: { ...view, dims: [2, 2] },
          k: [
            [1, 0],
            [0, 1],
          ],
          v: new Tensor(Float32Array.of(10, 20), [2, 1]),
        },
        { trace: true },
      );
      assert.ok(output instanceof Tensor && pattern instanceof Tensor);
      assert.equal(pattern.row(0).argmax(), 0);
    } finally {
      rt.dispose();
    }
  });
});

test('errors are the exported class', () => {
  assert.throws(() => tensor(1), AttentionLabError);
});
