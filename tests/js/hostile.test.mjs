// What callers pass that is no plain data: getters, proxies, holes, shared, detached and resizable memory, numbers that float32
// does not hold, functions that throw. The result is right or an AttentionLabError, and nothing is freed that is in use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttentionLabError, createRandom, measureHeads, preprocess, rollout } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { checkpointPath } from './golden.mjs';
import { assertError, forEachVariant, liveHandles, tensor } from './support.mjs';

const config = {
  vocabSize: 20,
  dModel: 8,
  numLayers: 2,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};
const sweep = {
  inputs: { inputIds: [1, 2] },
  over: 'heads',
  op: 'zero',
  metric: { kind: 'norm' },
};

const revoked = (target = {}) => {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
};
const detached = (Kind = Float32Array) => {
  const array = new Kind(8);
  structuredClone(array, { transfer: [array.buffer] });
  return array;
};
const thrower = (key) => ({
  get [key]() {
    throw new TypeError('mine');
  },
});
const mine = () => {
  throw new TypeError('mine');
};

/** An AttentionLabError of the caller's making: any code but `internal`. */
function refuses(call, message) {
  assert.throws(call, (error) => {
    assert.ok(error instanceof AttentionLabError, `raw: ${error?.stack ?? error}`);
    assert.notEqual(error.code, 'internal', error.message);
    if (message) assert.match(error.message, message);
    return true;
  });
}

forEachVariant('hostile arguments', (lab) => {
  test('a getter that disposes of the model ends in an error, not in freed memory', () => {
    const model = lab.rt.createModel(config, { seed: 3 });
    const disposing = (value) => ({
      get data() {
        model.dispose();
        return value;
      },
      dims: [8],
    });
    const at = 'blocks.1.attn.out';
    assertError(
      () =>
        model.forward(
          { inputIds: [1, 2, 3] },
          {
            interventions: [
              { at, batch: 0, query: 0, op: 'set', value: disposing(new Float32Array(8)) },
            ],
          },
        ),
      'disposed',
      /Model/,
    );
  });

  test('a getter of an option that disposes of the model, while a trainer is made', () => {
    const model = lab.rt.createModel(config);
    const options = {
      get lr() {
        model.dispose();
        return 0.1;
      },
    };
    assertError(() => model.trainer(options), 'disposed', /Model/);
  });

  test('a value is read once, so that it cannot change between check and use', () => {
    const model = lab.rt.createModel(config);
    const honest = tensor([1, 2, 8]);
    let reads = 0;
    const changing = {
      get data() {
        return ++reads === 1 ? honest.data : new Float32Array(3);
      },
      get dims() {
        return honest.dims;
      },
    };
    assert.deepEqual(
      model.forward({ inputsEmbeds: changing }).lastHiddenState.data,
      model.forward({ inputsEmbeds: honest }).lastHiddenState.data,
    );
    model.dispose();
  });

  test('an array that a later getter detaches was copied before', () => {
    const query = tensor([2, 8]);
    const layer = lab.rt.createAttention({ dModel: 8, numHeads: 2 });
    const expected = layer.forward({ query }, { causal: true }).output.data;
    const options = {
      get causal() {
        structuredClone(query.data, { transfer: [query.data.buffer] });
        return true;
      },
    };
    assert.deepEqual(layer.forward({ query }, options).output.data, expected);
    layer.dispose();
  });

  test('proxies, shared and resizable memory, and subclasses give what plain data give', () => {
    const model = lab.rt.createModel(config);
    const expected = model.forward({ inputIds: [3, 1, 4] }).logits.data;
    const same = (inputIds) => assert.deepEqual(model.forward({ inputIds }).logits.data, expected);
    same(new Proxy([3, 1, 4], {}));
    const filled = (buffer) => {
      const ids = new Int32Array(buffer);
      ids.set([3, 1, 4]);
      return { data: ids, dims: [3] };
    };
    same(filled(new SharedArrayBuffer(12)));
    same(filled(new ArrayBuffer(12, { maxByteLength: 64 })));
    class Boastful extends Int32Array {
      get length() {
        return 1e9;
      }
    }
    same({ data: Boastful.from([3, 1, 4]), dims: [3] });
    model.dispose();
  });

  test('what cannot be read, has holes or is far too long is refused', () => {
    const model = lab.rt.createModel(config);
    const forward = (inputs, options) => () => model.forward(inputs, options);
    const trainer = model.trainer({ lr: 0.1 });
    const made = [];
    const drawing = (examples) => {
      made.push(model.trainer({ lr: 0.1, examples }));
      return made.at(-1);
    };
    for (const call of [
      forward(revoked()),
      forward({ inputIds: revoked([1]) }),
      forward({ inputIds: [1, revoked([1])] }),
      forward({ inputIds: Array(2) }),
      forward({ inputIds: new Array(2 ** 32 - 1) }),
      forward({ inputIds: [new Array(2 ** 31), new Array(2 ** 31)] }),
      forward({ inputIds: Float64Array.of(1.5) }),
      forward({ inputIds: Object.assign([1, 2], { 0: Symbol.iterator }) }),
      forward({ inputsEmbeds: { data: detached(), dims: [1, 1, 8] } }),
      forward({ inputIds: [1] }, thrower('temperature')),
      forward({ inputIds: [1] }, { interventions: Array(2) }),
      forward({ inputIds: [1] }, { interventions: [revoked()] }),
      forward({ inputIds: [1] }, { interventions: [thrower('at')] }),
      forward({ inputIds: [1] }, { trace: Array(2) }),
      forward({ inputIds: [1] }, { trace: revoked([]) }),
      forward({ inputIds: [1] }, { mask: { data: detached(Uint8Array), dims: [1, 1] } }),
      () => model.setParameters(Object.create(Map.prototype)),
      () => model.setParameters(revoked()),
      () => model.setParameter('embed.token.weight', { data: detached(), dims: [20, 8] }),
      () => drawing(() => undefined).step(),
      () => model.trainer(revoked()),
      () => trainer.batchOf([null]),
      () => trainer.batchOf([{ inputIds: [1], labels: revoked([1]) }]),
      () => trainer.batchOf([{ inputIds: revoked([1]), labels: [1] }]),
      () => trainer.step(revoked()),
      () => lab.rt.createModel({ ...config, attention: thrower('numHeads') }),
      () => lab.rt.createModel({ ...config, attention: [] }),
      () => rollout({ attentions: Array(2) }),
      () => measureHeads({ attentions: [undefined] }),
      () => measureHeads(thrower('attentions')),
      () => measureHeads([tensor([1, 1, 1, 1])], { specialTokens: revoked([true]) }),
      () => measureHeads([tensor([1, 1, 1, 1])], { specialTokens: [revoked([true])] }),
      () => preprocess(Array(3), {}),
      () => preprocess(revoked(), {}),
      () =>
        preprocess(
          { data: new Uint8Array(4), width: 1, height: 1 },
          { crop_size: 1n, do_center_crop: true },
        ),
      () => preprocess({ data: new Uint8Array(4), width: 1, height: 1 }, thrower('size')),
      () => createRandom(1).pick(undefined),
      () => createRandom(1).shuffle(3),
    ])
      refuses(call);
    for (const each of [trainer, ...made]) each.dispose();
    model.dispose();
  });
});

forEachVariant('numbers that float32 does not hold', (lab) => {
  test('are refused by name wherever they come in', () => {
    const q = { data: Float32Array.of(1, 2, 3, 4), dims: [2, 2] };
    const attend = (options) => () => lab.rt.attention({ q, k: q, v: q }, options);
    const model = lab.rt.createModel(config);
    const make = (more) => () => lab.rt.createModel({ ...config, ...more });
    const edit = (value) => () =>
      model.forward(
        { inputIds: [1] },
        { interventions: [{ at: 'blocks.0.attn.z', op: 'set', value }] },
      );
    const train = (options) => () => model.trainer({ lr: 0.1, ...options });
    for (const tiny of [1e-300, 1e-46])
      for (const [name, call] of [
        ['scale', attend({ scale: tiny })],
        ['temperature', attend({ temperature: tiny })],
        ['temperature', () => model.forward({ inputIds: [1] }, { temperature: tiny })],
        ['temperature', () => model.generate([1], { temperature: tiny })],
        ['topP', () => model.generate([1], { temperature: 1, topP: tiny })],
        ['embedScale', make({ embedScale: tiny })],
        ['normEps', make({ normEps: tiny })],
        ['value', edit(tiny)],
        ['lr', train({ lr: tiny })],
        ['eps', train({ eps: tiny })],
        ['weightDecay', train({ weightDecay: tiny })],
        ['clipNorm', train({ clipNorm: tiny })],
      ])
        refuses(call, new RegExp(name));
    for (const huge of [1e300, 3.5e38])
      for (const [name, call] of [
        ['scale', attend({ scale: huge })],
        ['temperature', attend({ temperature: huge })],
        ['temperature', () => model.generate([1], { temperature: huge })],
        ['embedScale', make({ embedScale: huge })],
        ['normEps', make({ normEps: huge })],
        ['maskedValue', make({ attention: { numHeads: 2, maskedValue: -huge } })],
        ['theta', make({ positions: 'rotary', rotary: { theta: huge } })],
        ['value', edit(huge)],
        ['value', edit(-huge)],
        ['lr', train({ lr: huge })],
        ['eps', train({ eps: huge })],
        ['weightDecay', train({ weightDecay: huge })],
        ['clipNorm', train({ clipNorm: huge })],
      ])
        refuses(call, new RegExp(name));
    refuses(train({ betas: [0.9, 1 - 1e-12] }), /betas\[1\]/);
    refuses(() => model.forward({ inputIds: [1, 2] }, { temperature: 1e-39 }), /temperature/);
    model.dispose();
  });

  test('a snapshot keeps its step, or is refused', () => {
    const model = lab.rt.createModel(config);
    const trainer = model.trainer({ lr: 0.1 });
    const snapshot = trainer.snapshot();
    for (const step of [2 ** 31, 2 ** 32, 2 ** 53, -1, 0.5])
      refuses(() => trainer.restore({ ...snapshot, step }), /snapshot\.step/);
    trainer.restore({ ...snapshot, step: 2 ** 30 });
    assert.equal(trainer.steps, 2 ** 30);
    assert.equal(trainer.step({ inputIds: [1], labels: [2] }).step, 2 ** 30 + 1);
    trainer.dispose();
    model.dispose();
  });
});

test('a function that throws, or whose promise is rejected, rejects the call; the worker goes on', async () => {
  const rt = await createWorkerRuntime({ variant: 'simd128' });
  const model = await rt.createModel(config);
  const late = () => Promise.reject(new TypeError('mine'));
  const failed = (error) =>
    error instanceof AttentionLabError &&
    error.code === 'callback_failed' &&
    /mine/.test(error.message) &&
    error.cause instanceof TypeError;
  for (const callback of [mine, late]) {
    await assert.rejects(model.generate([1], { onToken: callback }), failed);
    await assert.rejects(model.sweep(sweep, { onProgress: callback }), failed);
    await assert.rejects(
      rt.loadModel(checkpointPath('gpt2_untied'), { onProgress: callback }),
      failed,
    );
  }
  for (const callback of [3, null, {}, 'x']) {
    const wrong = { code: 'invalid_argument' };
    await assert.rejects(model.generate([1], { onToken: callback }), wrong);
    await assert.rejects(model.sweep(sweep, { onProgress: callback }), wrong);
    await assert.rejects(rt.loadModel('./nowhere', { onProgress: callback }), wrong);
  }
  assert.equal((await model.generate([1], { maxNewTokens: 2 })).ids.length, 3);
  assert.equal(await liveHandles(rt), 1);
  rt.dispose();
});

forEachVariant('functions that throw, on the same thread', (lab) => {
  test('reject the call and leave nothing', async () => {
    const model = lab.rt.createModel(config);
    const failed = { code: 'callback_failed', message: /mine/ };
    const late = () => Promise.reject(new TypeError('mine'));
    assert.throws(() => model.generate([1], { onToken: mine }), failed);
    assert.throws(() => model.generate([1], { onToken: late }), { code: 'invalid_argument' });
    const trainer = model.trainer({ lr: 0.1, examples: mine });
    assert.throws(() => trainer.step(), failed);
    trainer.dispose();
    for (const callback of [mine, late]) {
      await assert.rejects(model.sweep(sweep, { onProgress: callback }), failed);
      await assert.rejects(
        lab.rt.loadModel(checkpointPath('gpt2_untied'), { onProgress: callback }),
        failed,
      );
    }
    await assert.rejects(model.sweep({ ...sweep, metric: mine }), failed);
    await assert.rejects(model.sweep({ ...sweep, metric: late }), { code: 'invalid_argument' });
    model.dispose();
  });
});
