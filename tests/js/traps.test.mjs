// A trap ends a runtime for good: the call that met it says `internal`, every later one `runtime_dead`, and disposing still works.
// No input is known that reaches one, so these are made: memory is overwritten, or the engine's stack ends.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRuntime } from 'attention-lab';
import { assertError, assertWorks } from './support.mjs';

const config = {
  vocabSize: 9,
  dModel: 4,
  numLayers: 1,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};
const one = { data: Float32Array.of(2), dims: [1, 1] };

/** A runtime and the instance behind it. */
async function runtimeAndInstance() {
  const { instantiate } = WebAssembly;
  let instance;
  WebAssembly.instantiate = async (...values) => (instance = await instantiate(...values));
  try {
    return { rt: await createRuntime({ variant: 'simd128' }), instance };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

const memoryOf = (instance) =>
  Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);

describe('a trap', () => {
  test('ends the runtime, which says so from then on and can still be disposed of', async () => {
    const { rt, instance } = await runtimeAndInstance();
    const model = rt.createModel(config);
    const trainer = model.trainer({ lr: 0.1 });
    const layer = rt.createAttention({ dModel: 4, numHeads: 2 });
    new Uint8Array(memoryOf(instance).buffer).fill(0xff, 1024);
    assertError(
      () => model.forward({ inputIds: [1, 2] }),
      'internal',
      /has ended; create a new runtime/,
    );
    for (const call of Object.values({
      forward: () => model.forward({ inputIds: [1, 2] }),
      generate: () => model.generate([1, 2]),
      parameter: () => model.parameter('lm_head.weight'),
      step: () => trainer.step({ inputIds: [1, 2], labels: [1, 2] }),
      steps: () => trainer.steps,
      layer: () => layer.forward({ query: { data: new Float32Array(4), dims: [1, 4] } }),
      attention: () => rt.attention({ q: one, k: one, v: one }),
      createModel: () => rt.createModel(config),
      createAttention: () => rt.createAttention({ dModel: 4, numHeads: 2 }),
      createRecurrent: () => rt.createRecurrent({ inputSize: 2, hiddenSize: 2 }),
    }))
      assertError(call, 'runtime_dead', /create a new runtime/);
    for (const each of [trainer, layer, model]) each.dispose();
    assert.equal(rt.liveHandles, 0);
    assertWorks(await createRuntime({ variant: 'simd128' }));
  });

  test('may be the end of the stack: the runtime then works, or says that it does not', async () => {
    const file = fileURLToPath(import.meta.resolve('attention-lab/wasm/simd128.wasm'));
    const wasm = await WebAssembly.compile(await readFile(file));
    for (let distance = 1; distance <= 80; ++distance) {
      const rt = await createRuntime({ variant: 'simd128', wasm });
      let frames = distance; // from the end of the stack to the call
      const descend = () => {
        try {
          descend();
        } catch (error) {
          if (--frames !== 0) throw error;
          rt.attention({ q: one, k: one, v: one });
        }
      };
      try {
        descend();
      } catch (error) {
        assert.ok(error instanceof Error);
      }
      try {
        assertWorks(rt);
      } catch (error) {
        assert.equal(error.code, 'runtime_dead');
      }
    }
  });
});

describe('an error of JavaScript inside of a call', () => {
  test('heals: C++’s stack is where it was, 30,000 times', async () => {
    const rt = await createRuntime({ variant: 'simd128' });
    const { Float32Array: original } = globalThis;
    const q = { data: new original(4), dims: [2, 2] };
    globalThis.Float32Array = class extends original {
      constructor(...values) {
        if (values[0] === 4) throw new RangeError('Array buffer allocation failed');
        super(...values);
      }
    };
    try {
      for (let k = 0; k < 30_000; ++k)
        assertError(() => rt.attention({ q, k: q, v: q }), 'out_of_memory', /allocation failed/);
    } finally {
      globalThis.Float32Array = original;
    }
    assertWorks(rt);
  });
});
