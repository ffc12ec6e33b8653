// The comparator must be able to fail: one that accepts NaN or a wrong shape proves nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertAllClose, assertClose, difference } from './compare.mjs';

const layers = { absolute: 1e-5, relative: 1e-5 };
const row = (...values) => ({ data: Float32Array.from(values), dims: [values.length] });
const differs = (actual, expected, tolerance = layers) =>
  difference(actual, expected, tolerance) !== undefined;

test('what is within absolute plus relative tolerance agrees', () => {
  assertClose(row(1, -2, 0), row(1, -2, 0), { absolute: 0, relative: 0 });
  assertClose(row(1.5), row(1), { absolute: 0.5, relative: 0 });
  assertClose(row(-4.5), row(-4), { absolute: 0.25, relative: 0.0625 });
  assertClose(row(-Infinity, Infinity), row(-Infinity, Infinity), layers);
  assertClose(
    { data: new Float32Array(0), dims: [0, 3] },
    { data: new Float32Array(0), dims: [0, 3] },
    layers,
  );
});

test('a value just out of tolerance differs', () => {
  const next = 1.5 + 2 ** -23;
  assert.ok(differs(row(next), row(1), { absolute: 0.5, relative: 0 }));
  assert.ok(differs(row(-4.5 - 2 ** -21), row(-4), { absolute: 0.25, relative: 0.0625 }));
  assert.ok(differs(row(1 + 2.2e-5), row(1)));
  assert.ok(differs(row(1 + 2 ** -23), row(1), { absolute: 0, relative: 0 }));
});

test('NaN differs from everything, on either side and on both', () => {
  const anything = { absolute: Infinity, relative: Infinity };
  assert.ok(differs(row(NaN), row(0), anything));
  assert.ok(differs(row(0), row(NaN), anything));
  assert.ok(differs(row(NaN), row(NaN), anything));
  assert.ok(differs(row(1), row(2), { absolute: NaN, relative: 0 }));
  assert.ok(differs(row(1), row(2), {}));
});

test('an infinity differs from what is not the same infinity', () => {
  assert.ok(differs(row(Infinity), row(3e38), { absolute: 1e30, relative: 1 }));
  assert.ok(differs(row(3e38), row(Infinity), { absolute: 1e30, relative: 1 }));
  assert.ok(differs(row(Infinity), row(-Infinity), { absolute: 1e30, relative: 1 }));
});

test('other dims, data that does not fill its dims, and no tensor at all differ', () => {
  const six = (...dims) => ({ data: new Float32Array(6), dims });
  assert.ok(!differs(six(2, 3), six(2, 3)));
  assert.ok(differs(six(3, 2), six(2, 3)));
  assert.ok(differs(six(6), six(2, 3)));
  assert.ok(differs(six(1, 2, 3), six(2, 3)));
  assert.ok(differs(six(7), six(7)));
  assert.ok(differs(undefined, six(6)));
  assert.ok(differs(six(6), undefined));
  assert.ok(differs({ data: new Float32Array(6) }, six(6)));
});

test('the message names the worst index, both values and the count', () => {
  const actual = { data: Float32Array.of(0, 0, 1, 0, 7, 0), dims: [2, 3] };
  const expected = { data: new Float32Array(6), dims: [2, 3] };
  assert.equal(
    difference(actual, expected, { absolute: 0.5, relative: 0 }),
    'worst at [1, 1]: expected 0, got 7, 14.0 times the tolerance; 2 of 6 values out of tolerance',
  );
  assert.throws(
    () => assertClose(actual, expected, layers, 'blocks.0.attn.z'),
    /^AssertionError.*blocks\.0\.attn\.z: worst/,
  );
});

test('a missing tensor fails, and so does a comparison with nothing', () => {
  const values = new Map([['output', row(1, 2)]]);
  assertAllClose(new Map([...values, ['extra', row(3)]]), values, layers);
  assert.throws(() => assertAllClose(new Map(), values, layers), /output: missing/);
  assert.throws(
    () => assertAllClose(new Map([['output', row(1, NaN)]]), values, layers),
    /output: worst at \[1\]/,
  );
  assert.throws(() => assertAllClose(values, new Map(), layers), /nothing is expected/);
});
