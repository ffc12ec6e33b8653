// What the tests of the package share: the variants this engine has, seeded tensors, and errors that must be ours.
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { AttentionLabError, createRuntime, errorCodes, Tensor } from 'attention-lab';

/** simd128, and relaxed where the engine has it. */
export const variants = ['simd128'];
try {
  await createRuntime({ variant: 'relaxed' });
  variants.push('relaxed');
} catch (error) {
  if (error.code !== 'unsupported_engine') throw error;
}

/**
 * Runs `define(lab)` once per variant; `lab.rt` is the runtime inside tests. When they end, the runtime must still
 * compute, and no layer or model may be left.
 */
export function forEachVariant(title, define) {
  for (const variant of variants) {
    describe(`${title} (${variant})`, () => {
      const lab = { rt: undefined };
      before(async () => {
        lab.rt = await createRuntime({ variant });
        assert.equal(lab.rt.variant, variant);
      });
      after(() => {
        assertWorks(lab.rt);
        assert.equal(lab.rt.liveHandles, 0, 'live handles at the end');
      });
      define(lab);
    });
  }
}

/** A model that loads without its tokenizer, whose error is told where a text is given. */
export async function assertTokenizerRefused(loading, code, message) {
  const model = await loading;
  try {
    assertError(() => model.encode('a'), 'no_tokenizer', message);
    assertError(
      () => {
        try {
          model.decode([1]);
        } catch ({ cause }) {
          throw cause;
        }
      },
      code,
      message,
    );
    assert.equal(model.warnings.length, 1);
  } finally {
    model.dispose();
  }
}

/** The runtime still computes: one key takes all the attention. */
export function assertWorks(rt) {
  const one = { data: Float32Array.of(2), dims: [1, 1] };
  assert.equal(rt.attention({ q: one, k: one, v: one }).output.data[0], 2);
}

/** A generator of numbers in [-1, 1) that is the same everywhere (mulberry32). */
export function numbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

export function tensor(dims, seed = 1) {
  const next = numbers(seed);
  return new Tensor(Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, next), dims);
}

export function mask(dims, cell) {
  const count = dims.reduce((a, b) => a * b, 1);
  return { data: Uint8Array.from({ length: count }, (_, index) => cell(index)), dims: [...dims] };
}

/** The part of a tensor at `index` of its first axis. */
export function slice({ data, dims }, index) {
  const size = dims.slice(1).reduce((a, b) => a * b, 1);
  return new Tensor(data.slice(index * size, (index + 1) * size), dims.slice(1));
}

/** A worker's count of live handles after all that it was told so far: properties there are as of the last reply. */
export async function liveHandles(worker) {
  await worker.ready();
  return worker.liveHandles;
}

function check(error, code, message) {
  assert.ok(
    error instanceof AttentionLabError,
    `expected an AttentionLabError, got ${error?.stack ?? error}`,
  );
  assert.equal(error.name, 'AttentionLabError');
  assert.ok(errorCodes.includes(error.code), `${error.code}: not a documented code`);
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
}

/** Throws unless `run` throws an AttentionLabError with this code and message. */
export function assertError(run, code, message) {
  let thrown;
  try {
    run();
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, `expected the error ${code}, nothing was thrown`);
  check(thrown, code, message);
}

export async function assertRejects(promise, code, message) {
  let thrown;
  try {
    await promise;
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, `expected the error ${code}, nothing was thrown`);
  check(thrown, code, message);
}
