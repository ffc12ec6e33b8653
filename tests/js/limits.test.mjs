// What a caller or a file may say: sizes that overflow 32 bits, ids beyond a table, memory that ends. Each is refused with a
// fitting code, leaves no handle, and the runtime goes on. The C++ side of the same is tests/cpp/limits_test.cpp.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { assertError, assertWorks, forEachVariant } from './support.mjs';

const large = 2 ** 31 - 1;
const base = {
  vocabSize: 9,
  dModel: 4,
  numLayers: 1,
  positions: 'none',
  attention: { numHeads: 2 },
};

forEachVariant('limits', (lab) => {
  const refused = (what, call, codes = /out_of_memory|invalid_argument|shape_mismatch/) =>
    assert.throws(call, (error) => {
      assert.equal(error.name, 'AttentionLabError', `${what}: ${error?.stack}`);
      assert.match(error.code, codes, `${what}: ${error.message}`);
      assertWorks(lab.rt);
      return true;
    });

  test('configs whose products overflow', () => {
    for (const [what, config] of Object.entries({
      'heads × dHead = 2³²': { attention: { numHeads: 65536, dHead: 65536 } },
      'heads × dHead = 2³¹': { attention: { numHeads: 32768, dHead: 65536 } },
      'heads × dHead = 2⁶⁰': { attention: { numHeads: 2 ** 30, dHead: 2 ** 30 } },
      dFf: { dFf: large },
      vocabSize: { vocabSize: large },
      numLayers: { numLayers: large },
      maxLen: { positions: 'learned', maxLen: large },
      positionOffset: { positions: 'learned', maxLen: 4, positionOffset: large },
      alibi: { positions: 'alibi', attention: { numHeads: 2 ** 30, dHead: 1 } },
      buckets: { positions: 't5_bias', t5Bias: { numBuckets: large, maxDistance: large } },
    }))
      refused(what, () => lab.rt.createModel({ ...base, ...config }));
    refused('layer', () => lab.rt.createAttention({ dModel: 8, numHeads: 65536, dHead: 65536 }));
    refused('recurrent', () => lab.rt.createRecurrent({ inputSize: 1, hiddenSize: large }));
  });

  test('inputs whose buffers overflow', () => {
    const length = 2 ** 20;
    const inputIds = { data: new Int32Array(length), dims: [length] };
    for (const config of [
      { dFf: 2048, attention: { numHeads: 1, window: 0 } },
      { dFf: 4096, attention: { numHeads: 1, window: 0 } },
      { dFf: 1, attention: { numHeads: 1, dHead: 1024, window: 0 } },
    ]) {
      const model = lab.rt.createModel({ ...base, vocabSize: 2, dModel: 1, ...config });
      refused(JSON.stringify(config), () => model.forward({ inputIds }), /out_of_memory/);
      model.dispose();
    }
  });

  test('a window up to 2³¹ − 1 is right', () => {
    const run = (window) => {
      const model = lab.rt.createModel({ ...base, attention: { numHeads: 2, window } });
      const { data } = model.forward({ inputIds: [3, 1, 4, 1, 5] }).lastHiddenState;
      model.dispose();
      return data;
    };
    assert.deepEqual(run(2 ** 24), run(Infinity));
    refused('window', () => run(large), /invalid_argument/);
    const q = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] };
    for (const window of [large, large - 1, 2 ** 30])
      assert.deepEqual(
        lab.rt.attention({ q, k: q, v: q }, { window }).output,
        lab.rt.attention({ q, k: q, v: q }).output,
      );
  });

  test('padding beyond the table of positions is refused, and no other model changes', () => {
    for (const positions of ['learned', 'sinusoidal'])
      refused(
        positions,
        () =>
          lab.rt.createModel({ ...base, vocabSize: 1501, maxLen: 4, positions, padTokenId: 1500 }),
        /invalid_argument/,
      );
    const within = { ...base, maxLen: 6, positions: 'learned', padTokenId: 5, lmHead: true };
    const model = lab.rt.createModel(within);
    const other = lab.rt.createModel(base, { seed: 7 });
    const before = other.parameter('embed.token.weight').data;
    const trainer = model.trainer({ lr: 0.1 });
    for (let k = 0; k < 3; ++k) trainer.step({ inputIds: [5, 1], labels: [1, 2] });
    assert.deepEqual(other.parameter('embed.token.weight').data, before);
    for (const each of [trainer, model, other]) each.dispose();
  });

  test('numbers that float32 makes 0 or ∞ are refused', () => {
    const q = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] };
    const attend = (options) => () => lab.rt.attention({ q, k: q, v: q }, options);
    for (const options of [
      { scale: 1e300 },
      { scale: 1e-300 },
      { temperature: 1e-300 },
      { temperature: 1e-39 },
      { temperature: 1e300 },
    ])
      refused(JSON.stringify(options), attend(options), /invalid_argument/);
    const model = lab.rt.createModel(base);
    for (const temperature of [1e-300, 1e-39, 1e300])
      refused(
        `${temperature}`,
        () => model.forward({ inputIds: [1, 2] }, { temperature }),
        /invalid_argument/,
      );
    model.dispose();
    refused(
      'embedScale',
      () => lab.rt.createModel({ ...base, embedScale: 1e300 }),
      /invalid_argument/,
    );
  });

  test('a table of fixed positions is as long as the inputs were, not as the config allows', () => {
    for (const [maxLen, dModel] of [
      [2 ** 22, 32],
      [2 ** 24, 16],
    ]) {
      const before = lab.rt.memoryBytes;
      const model = lab.rt.createModel({ ...base, dModel, maxLen, positions: 'sinusoidal' });
      assert.equal(model.forward({ inputIds: [1, 2, 3] }).lastHiddenState.dims[1], 3);
      const grown = lab.rt.memoryBytes - before;
      assert.ok(grown < 2 ** 24, `${grown} bytes for a table of ${4 * maxLen * dModel}`);
      model.dispose();
    }
  });
});

describe('memory that ends', () => {
  test('models until there is no memory: out_of_memory, and every handle is given back', async () => {
    const rt = await createRuntime({ variant: 'simd128' });
    const models = [];
    const config = { ...base, vocabSize: 100_000, dModel: 256, attention: { numHeads: 4 } };
    assertError(
      () => {
        for (;;) models.push(rt.createModel(config));
      },
      'out_of_memory',
      /./,
    );
    assert.ok(models.length > 2);
    assert.equal(rt.liveHandles, models.length);
    for (const model of models) model.dispose();
    assert.equal(rt.liveHandles, 0);
    const again = rt.createModel(config);
    assert.equal(again.forward({ inputIds: [1, 2] }).lastHiddenState.dims[1], 2);
    again.dispose();
    assertWorks(rt);
  });

  test('a load, a pass, a step and a generation with so much memory and no more', async () => {
    const { rt, malloc, free } = await runtimeAndMemory();
    const sound = rt.createModel({
      ...base,
      lmHead: true,
      attention: { numHeads: 2, causal: true },
    });
    const expected = sound.forward({ inputIds: [3, 1, 4] }).logits.data;
    const small = { ...base, dModel: 16, numLayers: 2, lmHead: true };
    const config = { ...small, attention: { numHeads: 2, causal: true } };
    const outcomes = { done: 0, out_of_memory: 0 };
    for (let left = 0; left < 1e6; left += left < 8192 ? 64 : left < 2e5 ? 1009 : 20_011) {
      const restore = leaveOnly(left, malloc, free);
      const made = [];
      try {
        const model = rt.createModel(config);
        made.push(model);
        model.setParameters(model.parameters());
        model.forward({ inputIds: [[3, 1, 4]] }, { trace: true, outputAttentions: true });
        made.push(
          model.trainer({ lr: 0.1, interventions: [{ at: 'logits', op: 'scale', value: 1 }] }),
        );
        made[1].step({ inputIds: [3, 1], labels: [1, 4] });
        made[1].restore(made[1].snapshot());
        model.generate([3, 1], { maxNewTokens: 2 });
        outcomes.done += 1;
      } catch (error) {
        assert.equal(error.code, 'out_of_memory', error.stack);
        outcomes.out_of_memory += 1;
      }
      for (const each of made.reverse()) each.dispose();
      restore();
      assert.equal(rt.liveHandles, 1);
    }
    assert.ok(outcomes.out_of_memory > 50 && outcomes.done > 5, JSON.stringify(outcomes));
    assert.deepEqual(sound.forward({ inputIds: [3, 1, 4] }).logits.data, expected);
    sound.dispose();
  });
});

/** A runtime, and C's allocation within its memory. */
async function runtimeAndMemory() {
  const { instantiate } = WebAssembly;
  let instance;
  WebAssembly.instantiate = async (...values) => (instance = await instantiate(...values));
  const rt = await createRuntime({ variant: 'simd128' });
  WebAssembly.instantiate = instantiate;
  const { malloc, free } = instance.exports;
  return { rt, malloc, free };
}

/** Takes all memory but one block of so many bytes, and keeps the engine from giving more. Returns what undoes it. */
function leaveOnly(bytes, malloc, free) {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = () => {
    throw new RangeError('no more memory');
  };
  const kept = bytes > 0 ? malloc(bytes) : 0;
  const taken = [];
  for (let size = 1 << 24; size >= 8; size >>= 1)
    for (let block; (block = malloc(size)) !== 0;) taken.push(block);
  if (kept !== 0) free(kept);
  return () => {
    WebAssembly.Memory.prototype.grow = grow;
    for (const block of taken) free(block);
  };
}
