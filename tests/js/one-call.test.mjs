// The short way: loadModel on a shared runtime, texts and encodings to forward, streams, ablations, and all of it behind proxies.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createRuntime, loadModel, Tensor } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertError, assertRejects } from './support.mjs';

const folder = fileURLToPath(new URL('../../web/public/models/coreference', import.meta.url));
const sentence = 'the animal did not cross the street because the [MASK] was too tired .';
const causal = {
  vocabSize: 20,
  dModel: 16,
  numLayers: 2,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};

/** As Vue's reactive(): objects come out of it as proxies, methods are called on the proxy, and what is set is set through it. */
function reactive(target, seen = new WeakMap()) {
  if (typeof target !== 'object' || target === null || ArrayBuffer.isView(target)) return target;
  if (!seen.has(target))
    seen.set(
      target,
      new Proxy(target, {
        get: (of, key, receiver) => reactive(Reflect.get(of, key, receiver), seen),
      }),
    );
  return seen.get(target);
}

describe('one call', () => {
  test('loadModel shares a runtime, and forward takes what encode gives', async () => {
    const model = await loadModel(folder);
    const encoding = model.encode(sentence);
    const { attentions, logits } = model.forward(sentence, { outputAttentions: true });
    const ids = { inputIds: [encoding.ids] };
    assert.deepEqual(logits, model.forward(ids).logits);
    assert.deepEqual(logits, model.forward(encoding).logits);
    const mask = encoding.tokens.indexOf('[MASK]');
    assert.equal(encoding.tokens[attentions[1].at(0, 0).row(mask).argmax()], 'animal');
    const best = model.fillMask(sentence, { topK: 2 });
    assert.equal(best.length, 2);
    assert.equal(best[0].token, logits.row(mask).argmax());
    assert.equal(best[0].text, model.tokenizer.idToToken(best[0].token));
    assert.ok(best[0].probability >= best[1].probability && best[0].probability <= 1);
    assertError(
      () => model.fillMask('the animal'),
      'invalid_argument',
      /expected one with a \[MASK\]/,
    );
    model.dispose();
  });

  test('texts of unequal length are padded, and give what each gives alone', async () => {
    const model = await loadModel(folder);
    const texts = ['the animal was tired .', 'the cat sat .'];
    const both = model.forward(texts).lastHiddenState;
    assert.deepEqual(model.forward(model.encode(texts, { padding: true })).lastHiddenState, both);
    for (const [row, text] of texts.entries()) {
      const alone = model.forward(text).lastHiddenState.at(0);
      const padded = both.at(row).slice([0, alone.dims[0]]);
      alone.data.forEach((value, at) => assert.ok(Math.abs(value - padded.data[at]) < 1e-5));
    }
    assertError(
      () => model.forward(model.encode(texts)),
      'shape_mismatch',
      /inputIds\[1\]: expected \d+ ids/,
    );
    assertError(() => model.forward([1, 2]), 'invalid_argument', /pass ids as \{ inputIds \}/);
    assertError(() => model.forward('animal '.repeat(500)), 'invalid_argument', /at most maxLen/);
    model.dispose();
  });

  test('a model without a tokenizer says so', async () => {
    const rt = await createRuntime();
    const model = rt.createModel(causal);
    assertError(() => model.forward('text'), 'no_tokenizer', /no tokenizer/);
    assertError(() => model.generate('text'), 'no_tokenizer', /no tokenizer/);
    model.dispose();
  });

  test('rt.dispose() gives everything back, and may be called twice', async () => {
    const rt = await createRuntime();
    const model = rt.createModel(causal);
    const trainer = model.trainer({ lr: 0.1 });
    rt.dispose();
    rt.dispose();
    assert.equal(rt.liveHandles, 0);
    assert.ok(model.disposed && trainer.disposed);
    assertError(() => model.forward({ inputIds: [1] }), 'disposed', /Model: used after dispose/);
    assertError(() => rt.createModel(causal), 'disposed', /Runtime: used after dispose/);
    await assertRejects(rt.loadModel(folder), 'disposed', /Runtime: used after dispose/);
    model.dispose();
  });
});

describe('stream', () => {
  test('the tokens of generate, one by one; the event loop runs between them', async () => {
    const rt = await createRuntime();
    const model = rt.createModel(causal, { seed: 1 });
    const options = { maxNewTokens: 6, temperature: 1, seed: 3 };
    const whole = model.generate([1, 2], options);
    let turns = 0;
    const timer = setInterval(() => ++turns, 0);
    const tokens = [];
    for await (const { token, text } of model.stream([1, 2], options)) {
      tokens.push(token);
      assert.equal(text, '');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    clearInterval(timer);
    assert.deepEqual([1, 2, ...tokens], whole.ids);
    assert.ok(turns > 0);
    const before = rt.liveHandles;
    for await (const { token } of model.stream([1, 2], options)) {
      assert.equal(token, whole.ids[2]);
      break;
    }
    assert.equal(rt.liveHandles, before, 'a loop that was left holds nothing');
    const controller = new AbortController();
    const aborted = (async () => {
      const steps = model.stream([1, 2], { ...options, signal: controller.signal });
      while (!(await steps.next()).done) controller.abort();
    })();
    await assertRejects(aborted, 'aborted', /generate: aborted/);
    model.dispose();
  });
});

describe('interventions', () => {
  test('ablate, heads and * are the single edits that they stand for', async () => {
    const rt = await createRuntime();
    const model = rt.createModel(causal, { seed: 1 });
    const run = (interventions) => model.forward({ inputIds: [1, 2, 3] }, { interventions }).logits;
    const single = [0, 1].flatMap((layer) =>
      [0, 1].map((head) => ({ at: `blocks.${layer}.attn.z`, head, op: 'zero' })),
    );
    const expected = run(single);
    assert.deepEqual(run([{ at: 'blocks.*.attn.z', heads: [0, 1], op: 'zero' }]), expected);
    assert.deepEqual(run([{ at: 'blocks.*.attn.z', op: 'zero' }]), expected);
    assert.notDeepEqual(run([]), expected);
    assert.deepEqual(model.ablate([{ layer: 1, head: 0 }]), [single[2]]);
    assertError(() => model.ablate([{ layer: 9, head: 0 }]), 'unknown_name', /blocks\.9\.attn\.z/);
    assertError(
      () => run([{ at: 'block.*', op: 'zero' }]),
      'unknown_name',
      /pattern of activationNames/,
    );
    assertError(
      () => run([{ at: 'blocks.0.attn.z', head: 0, heads: [1], op: 'zero' }]),
      'invalid_argument',
      /either head or heads, got both/,
    );
    model.dispose();
  });
});

describe('behind a proxy', () => {
  test('a model, its tokenizer, a runtime, a layer and a trainer work, and so do methods taken off', async () => {
    const rt = reactive(await createRuntime());
    const model = reactive(await rt.loadModel(folder));
    const { logits } = model.forward(model.encode(sentence));
    assert.equal(logits.dims.length, 3);
    assert.ok(model.tokenizer.encode('the cat').ids.length > 0);
    assert.ok(model.forward({ inputIds: reactive([[1, 2, 3]]) }).lastHiddenState instanceof Tensor);
    const { encode, forward } = model;
    assert.deepEqual(forward(encode(sentence)).logits.data, logits.data);
    const small = reactive(rt.createModel(causal, { seed: 1 }));
    const trainer = reactive(small.trainer({ lr: 0.01 }));
    assert.equal(trainer.step({ inputIds: [1, 2], labels: [2, 3] }).step, 1);
    trainer.lr = 0.5;
    assert.equal(trainer.lr, 0.5);
    const layer = reactive(rt.createAttention({ dModel: 4, numHeads: 2 }));
    assert.deepEqual(layer.forward({ query: [[1, 2, 3, 4]] }).output.dims, [1, 4]);
    for (const each of [trainer, small, layer, model]) each.dispose();
    assert.ok(model.disposed);
    assert.equal(rt.liveHandles, 0);
  });

  test('in a worker: ids of a proxy cross, and the calls are the same', async () => {
    const rt = await createWorkerRuntime();
    try {
      const model = reactive(await rt.loadModel(folder));
      const { attentions } = await model.forward(sentence, { outputAttentions: true });
      assert.ok(attentions[1].at(0, 0) instanceof Tensor);
      const { ids } = reactive(await model.encode(sentence));
      const { logits } = await model.forward({ inputIds: reactive([ids]) });
      assert.deepEqual((await model.forward(await model.encode(sentence))).logits, logits);
      const small = await rt.createModel(causal, { seed: 1 });
      const tokens = [];
      for await (const { token } of small.stream([1, 2], { maxNewTokens: 3 })) tokens.push(token);
      assert.deepEqual([1, 2, ...tokens], (await small.generate([1, 2], { maxNewTokens: 3 })).ids);
    } finally {
      rt.dispose();
    }
  });
});
