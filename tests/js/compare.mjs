// Compares tensors { data, dims } within a tolerance. Fails on NaN, on other dims, on a missing tensor, just out of tolerance.
import assert from 'node:assert/strict';

const show = (dims) => `[${dims.join(', ')}]`;

/** The indices of row-major element `flat`. */
function indices(flat, dims) {
  const result = [];
  for (const size of dims.toReversed()) {
    result.unshift(flat % size);
    flat = Math.floor(flat / size);
  }
  return show(result);
}

/** How far over its bound an element is: at most 1 passes. NaN, and an infinity on one side only, are infinitely far. */
function excess(actual, expected, { absolute, relative }) {
  if (Number.isNaN(actual) || Number.isNaN(expected)) return Infinity;
  if (actual === expected) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  const bound = absolute + relative * Math.abs(expected);
  const share = Math.abs(actual - expected) / bound;
  return Number.isNaN(share) ? Infinity : share;
}

/** The largest |actual − expected| / (absolute + relative · |expected|) of two tensors of the same dims. */
export function shareOfTolerance(actual, expected, tolerance) {
  return expected.data.reduce(
    (worst, value, i) => Math.max(worst, excess(actual.data[i], value, tolerance)),
    0,
  );
}

/** |actual − expected| ≤ absolute + relative · |expected| everywhere: undefined, or else what is wrong. */
export function difference(actual, expected, tolerance) {
  for (const [side, tensor] of Object.entries({ actual, expected })) {
    if (!tensor?.data || !Array.isArray(tensor.dims)) return `${side}: no tensor, but ${tensor}`;
    const count = tensor.dims.reduce((product, size) => product * size, 1);
    if (tensor.data.length !== count) {
      return `${side}: dims ${show(tensor.dims)} need ${count} values, data has ${tensor.data.length}`;
    }
  }
  if (show(actual.dims) !== show(expected.dims)) {
    return `expected dims ${show(expected.dims)}, got ${show(actual.dims)}`;
  }
  let worst = 0;
  let worstExcess = 0;
  let failed = 0;
  for (let i = 0; i < expected.data.length; ++i) {
    const here = excess(actual.data[i], expected.data[i], tolerance);
    if (!(here <= 1)) ++failed;
    if (here > worstExcess) {
      worst = i;
      worstExcess = here;
    }
  }
  if (failed === 0) return undefined;
  return (
    `worst at ${indices(worst, expected.dims)}: expected ${expected.data[worst]}, got ${actual.data[worst]}, ` +
    `${worstExcess.toPrecision(3)} times the tolerance; ${failed} of ${expected.data.length} values out of tolerance`
  );
}

/** Throws unless the tensors agree. */
export function assertClose(actual, expected, tolerance, name = 'tensor') {
  const message = difference(actual, expected, tolerance);
  if (message !== undefined) assert.fail(`${name}: ${message}`);
}

/** Throws unless every tensor of the Map `expected`, and at least one, is in the Map `actual` and agrees; names all that fail. */
export function assertAllClose(actual, expected, tolerance) {
  assert.ok(expected.size > 0, 'nothing is expected: such a comparison cannot fail');
  const messages = [];
  for (const [name, tensor] of expected) {
    const message = actual.has(name) ? difference(actual.get(name), tensor, tolerance) : 'missing';
    if (message !== undefined) messages.push(`${name}: ${message}`);
  }
  if (messages.length > 0) assert.fail(messages.join('\n'));
}
