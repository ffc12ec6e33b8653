// An abort ends what a worker computes: the call rejects at once, the worker is free long before the work would have been done, and
// what was loaded is as before.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertRejects } from './support.mjs';

const ids = (length) => Array.from({ length }, (_, t) => (t * 17) % 50);

const config = {
  vocabSize: 50,
  dModel: 64,
  numLayers: 4,
  positions: 'alibi',
  lmHead: true,
  attention: { numHeads: 4, causal: true },
};

/** Each takes so long that a fraction of it is beyond what a busy machine adds by chance. */
const work = {
  'a forward pass': ({ model }, call) => model.forward({ inputIds: ids(6000) }, {}, call),
  'a forward pass that records': ({ model }, call) =>
    model.forward({ inputIds: ids(1500) }, { outputAttentions: true, trace: true }, call),
  'a pass with positions of Transformer-XL': ({ relative }, call) =>
    relative.forward({ inputIds: ids(5000) }, {}, call),
  'a prompt of a generation': ({ model }, { signal }) =>
    model.generate(ids(6000), { maxNewTokens: 1, signal }),
  'a training step': ({ trainer }, call) => {
    const inputIds = ids(1200);
    return trainer.step({ inputIds, labels: inputIds }, call);
  },
  'a sweep': ({ model }, { signal }) =>
    model.sweep(
      {
        inputs: { inputIds: ids(700) },
        metric: { kind: 'probability', token: 5, position: 3 },
        over: 'heads',
        op: 'zero',
      },
      { signal },
    ),
  'attention alone': ({ rt }, call) => {
    const tensor = { data: new Float32Array(8 * 3000 * 64).fill(0.1), dims: [8, 3000, 64] };
    return rt.attention({ q: tensor, k: tensor, v: tensor }, {}, call);
  },
  'a recurrent network': ({ network }, call) => network.forward({ inputIds: ids(6000) }, {}, call),
};

describe('an abort in a worker', () => {
  const world = {};
  before(async () => {
    world.rt = await createWorkerRuntime();
    world.model = await world.rt.createModel(config, { seed: 3 });
    world.relative = await world.rt.createModel({ ...config, positions: 'transformer_xl' });
    world.network = await world.rt.createRecurrent({ vocabSize: 50, hiddenSize: 256 });
    world.trainer = await world.model.trainer({ lr: 0.01 });
  });
  after(() => world.rt?.dispose());

  const logits = async () => (await world.model.forward({ inputIds: [1, 2, 3] })).logits.data;

  for (const [name, run] of Object.entries(work))
    test(name, async (t) => {
      const begin = performance.now();
      await run(world, { signal: new AbortController().signal });
      const whole = performance.now() - begin;
      const expected = await logits();

      const controller = new AbortController();
      const aborted = run(world, { signal: controller.signal });
      await wait(whole / 20);
      const start = performance.now();
      controller.abort();
      await assertRejects(aborted, 'aborted', /aborted by the caller/);
      const rejected = performance.now() - start;
      assert.deepEqual(await logits(), expected);
      const free = performance.now() - start;
      t.diagnostic(
        `of ${whole.toFixed()} ms: rejected after ${rejected.toFixed(1)}, free after ${free.toFixed(1)} ms`,
      );
      assert.ok(rejected < whole / 10, `rejected after ${rejected} ms of ${whole}`);
      assert.ok(free < whole / 3, `free after ${free} ms of ${whole}`);
    });

  test('a step after one that was aborted is the step that would have been', async () => {
    const step = async (abortsFirst) => {
      const model = await world.rt.createModel(config, { seed: 4 });
      const trainer = await model.trainer({ lr: 0.01 });
      const inputIds = ids(300);
      if (abortsFirst) {
        const controller = new AbortController();
        const stepping = trainer.step(
          { inputIds, labels: inputIds },
          { signal: controller.signal },
        );
        setTimeout(() => controller.abort(), 5);
        await assertRejects(stepping, 'aborted', /step: aborted/);
      }
      await trainer.step({ inputIds, labels: inputIds });
      const { data } = await model.parameter('blocks.0.attn.q_proj.weight');
      trainer.dispose();
      model.dispose();
      return data;
    };
    assert.deepEqual(await step(true), await step(false));
  });

  test('an abort of a call that waits leaves alone the one that runs', async () => {
    const running = world.model.forward(
      { inputIds: ids(1000) },
      {},
      { signal: new AbortController().signal },
    );
    const controller = new AbortController();
    const waiting = world.model.forward({ inputIds: [1] }, {}, { signal: controller.signal });
    controller.abort();
    await assertRejects(waiting, 'aborted', /forward: aborted/);
    assert.equal((await running).logits.dims[1], 1000);
  });
});
