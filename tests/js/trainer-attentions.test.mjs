// Training what is more than softmax(q kᵀ) v: mems, global tokens and T5's bias, each on a task that only it can answer.
// Gradients are tested by the golden group `other_attentions`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertError, forEachVariant, tensor } from './support.mjs';

const vocabSize = 8;
const small = {
  vocabSize,
  dModel: 16,
  numLayers: 2,
  dFf: 32,
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};
const remembering = { ...small, positions: 'transformer_xl', memLength: 6 };
const rows = (count, row) => Array.from({ length: count }, row);

/** `count` sequences of different tokens. */
function sequences(random, count, length) {
  return rows(count, () =>
    random.shuffle(Array.from({ length: vocabSize - 1 }, (_, i) => i + 1)).slice(0, length),
  );
}

forEachVariant('training of other attentions', (lab) => {
  /** The accuracy on a held-out batch after `steps` batches of make(random, model). */
  function learned(config, steps, make, lr = 0.01) {
    const model = lab.rt.createModel(config, { seed: 1 });
    const trainer = model.trainer({ lr, warmupSteps: 10 });
    const random = createRandom(2);
    for (let step = 0; step < steps; ++step) trainer.step(make(random, model));
    const { accuracy } = trainer.evaluate(make(createRandom(3), model));
    for (const each of [trainer, model]) each.dispose();
    return accuracy;
  }

  test('Transformer-XL learns to say again what only its mems holds', () => {
    const recall = (withMems) => (random, model) => {
      const before = sequences(random, 16, 4);
      const { mems } = model.forward({ inputIds: before });
      return {
        inputIds: before.map(() => [0, 0, 0, 0]),
        labels: before,
        ...(withMems && { mems }),
      };
    };
    assert.ok(learned(remembering, 300, recall(true)) > 0.95);
    assert.ok(learned(remembering, 50, recall(false)) < 0.4);
  });

  test('Longformer learns what only a global token can tell across its window', () => {
    const config = {
      ...small,
      maxLen: 7,
      positions: 'learned',
      attention: { numHeads: 2, window: 1, globalTokens: true },
    };
    const fromTheFirst = (isGlobal) => (random) => {
      const inputIds = sequences(random, 16, 7);
      const marks = isGlobal && { globalAttentionMask: inputIds.map(() => [1, 0, 0, 0, 0, 0, 0]) };
      return {
        inputIds,
        labels: inputIds.map(([first]) => [-100, -100, -100, -100, -100, -100, first]),
        ...marks,
      };
    };
    assert.ok(learned(config, 300, fromTheFirst(true)) > 0.95);
    assert.ok(learned(config, 50, fromTheFirst(false)) < 0.6);
  });

  test("T5's bias learns to find the token two places before, with nothing else to tell places", () => {
    const shifted = (random) => {
      const inputIds = sequences(random, 16, 6);
      return { inputIds, labels: inputIds.map((ids) => ids.map((_, t) => ids[t - 2] ?? -100)) };
    };
    assert.ok(
      learned(
        { ...small, numLayers: 1, positions: 't5_bias', t5Bias: { numBuckets: 8, maxDistance: 6 } },
        300,
        shifted,
      ) > 0.95,
    );
    assert.ok(learned({ ...small, numLayers: 1, positions: 'none' }, 50, shifted) < 0.6);
  });

  test('gradients of global projections are there with a global token, and only then', () => {
    const model = lab.rt.createModel(
      { ...small, attention: { numHeads: 2, window: 1, globalTokens: true } },
      { seed: 1 },
    );
    const trainer = model.trainer({ lr: 0.01 });
    const batch = { inputIds: [[1, 2, 3]], labels: [[2, 3, 4]] };
    const nonzero = ({ data }) => data.some((x) => x !== 0);
    for (const mark of [1, 0]) {
      const { parameters, trace } = trainer.gradients(
        { ...batch, globalAttentionMask: [[0, mark, 0]] },
        { trace: true },
      );
      for (const which of ['q', 'k', 'v']) {
        assert.equal(
          nonzero(parameters.get(`blocks.0.attn.${which}_global_proj.weight`)),
          mark === 1,
        );
        assert.equal(trace.has(`grad.blocks.0.attn.${which}_global`), mark === 1);
        assert.equal(trace.has(`blocks.0.attn.${which}_global`), mark === 1);
      }
    }
    for (const each of [trainer, model]) each.dispose();
  });

  test('mems that does not fit is refused by name; heads that must disagree take none', () => {
    const model = lab.rt.createModel(remembering, { seed: 1 });
    const trainer = model.trainer({ lr: 0.01 });
    const batch = { inputIds: [[1, 2, 3]], labels: [[2, 3, 4]] };
    const mems = [tensor([1, 2, 16]), tensor([1, 2, 16])];
    for (const call of ['step', 'evaluate', 'gradients']) {
      const refused = (given, code, message) =>
        assertError(() => trainer[call]({ ...batch, mems: given }), code, message);
      refused([mems[0]], 'invalid_argument', /^mems: expected an array of 2 tensors/);
      refused(
        mems.map(() => tensor([2, 2, 16])),
        'shape_mismatch',
        /^mems\[0\]: expected \[1, 2, 16\], got \[2, 2, 16\]/,
      );
      refused(
        mems.map(() => tensor([1, 7, 16])),
        'shape_mismatch',
        /^mems\[0\]: expected \[1, at most 6, 16\]/,
      );
      refused('mems', 'invalid_argument', /^mems: /);
    }
    const { mems: empty } = model.forward({ inputIds: [[1, 2, 3]] });
    const none = empty.map(({ dims: [B, , D] }) => ({ data: new Float32Array(), dims: [B, 0, D] }));
    assert.deepEqual(trainer.evaluate({ ...batch, mems: none }), trainer.evaluate(batch));
    const apart = model.trainer({ lr: 0.01, disagreement: { weight: 1 } });
    assertError(
      () => apart.step({ ...batch, mems }),
      'invalid_argument',
      /^disagreement: expected a batch without mems/,
    );
    assert.equal(apart.step(batch).step, 1);
    for (const each of [apart, trainer, model]) each.dispose();
  });

  test('a batch with mems is the same in a worker', async () => {
    const batch = {
      inputIds: [[1, 2, 3]],
      labels: [[2, 3, 4]],
      mems: [tensor([1, 2, 16]), tensor([1, 2, 16], 2)],
    };
    const run = async (rt) => {
      const model = await rt.createModel(remembering, { seed: 4 });
      const trainer = await model.trainer({ lr: 0.01 });
      const results = [
        await trainer.step(batch),
        await trainer.step(batch),
        await trainer.evaluate(batch),
      ];
      trainer.dispose();
      model.dispose();
      return results;
    };
    const worker = await createWorkerRuntime({ variant: lab.rt.variant });
    assert.deepEqual(await run(worker), await run(lab.rt));
    worker.dispose();
  });
});
