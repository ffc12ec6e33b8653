// Sweeps: each value is that of the same edit made alone, to the last bit, though most of the pass is not run again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertRejects, forEachVariant, liveHandles, tensor, variants } from './support.mjs';
import {
  assertOneByOne,
  batch,
  configs,
  otherIds,
  probability,
  row,
  withModel,
} from './sweep-models.mjs';

forEachVariant('sweep', (lab) => {
  for (const name of ['gpt2', 'bert', 'llama']) {
    test(`heads of a ${name}: probability`, () =>
      withModel(lab, name, async (model) => {
        const H = model.config.attention.numHeads;
        const result = await model.sweep({
          inputs: batch,
          over: 'heads',
          op: 'zero',
          metric: { kind: 'probability', token: [3, 5], position: [2, 1] },
        });
        assert.deepEqual(result.values.dims, [3, H]);
        assert.deepEqual([result.layers, result.heads], [[0, 1, 2], [...Array(H).keys()]]);
        assert.deepEqual(result.blockPasses, { run: H * (3 + 2 + 1), whole: H * 9 });
        assertOneByOne(
          model,
          batch,
          result,
          result.heads,
          (layer, head) => [{ at: `blocks.${layer}.attn.z`, head, op: 'zero' }],
          ({ logits }) =>
            (probability(row(logits, 0, 2), 3) + probability(row(logits, 1, 1), 5)) / 2,
        );
      }));

    test(`layers of a ${name}: change of the logits`, () =>
      withModel(lab, name, async (model) => {
        const plain = model.forward(batch);
        const result = await model.sweep({
          inputs: batch,
          over: 'layers',
          op: 'mean',
          metric: { kind: 'change', of: 'logits' },
        });
        assert.equal(result.baseline, 0);
        assert.deepEqual(result.values.dims, [3]);
        const norm = ({ logits }, b) => {
          let sum = 0;
          for (let t = 0; t < 5; ++t) {
            if (!batch.attentionMask[b][t]) continue;
            row(logits, b, t).forEach((x, i) => (sum += (x - row(plain.logits, b, t)[i]) ** 2));
          }
          return Math.sqrt(sum);
        };
        assertOneByOne(
          model,
          batch,
          result,
          [0],
          (layer) =>
            ['attn.out', 'mlp.out'].map((at) => ({ at: `blocks.${layer}.${at}`, op: 'mean' })),
          (output) => (norm(output, 0) + norm(output, 1)) / 2,
        );
      }));

    test(`positions of a ${name}, patched from another run: logit difference`, () =>
      withModel(lab, name, async (model) => {
        const from = model.forward({ ...batch, inputIds: otherIds }, { trace: true });
        const result = await model.sweep({
          inputs: batch,
          over: 'positions',
          from,
          metric: { kind: 'logit_difference', token: 7, other: 2, position: 3 },
        });
        assert.deepEqual(result.values.dims, [3, 5]);
        assert.deepEqual(result.positions, [0, 1, 2, 3, 4]);
        assertOneByOne(
          model,
          batch,
          result,
          result.positions,
          (layer, query) => [{ at: `blocks.${layer}.resid_pre`, query, from }],
          ({ logits }) =>
            [0, 1].reduce((sum, b) => sum + row(logits, b, 3)[7] - row(logits, b, 3)[2], 0) / 2,
        );
      }));
  }

  test('other activations, some layers, held edits and overrides, a metric of its own', () =>
    withModel(lab, 'llama', async (model) => {
      const metric = ({ lastHiddenState }) => lastHiddenState.data[40];
      const options = {
        temperature: 2,
        interventions: [
          { at: 'embed', op: 'scale', value: 0.5 },
          { at: 'blocks.1.attn.k', op: 'add', value: 0.1 },
          { at: 'blocks.2.mlp.out', op: 'scale', value: 2 },
        ],
      };
      const inputs = { inputIds: [1, 2, 3, 4] };
      const result = await model.sweep({
        inputs,
        over: 'heads',
        at: 'blocks.{l}.attn.k',
        op: 'scale',
        value: 3,
        layers: [2, 1],
        heads: [1],
        metric,
        options,
      });
      assert.deepEqual(result.values.dims, [2, 1]);
      assertOneByOne(
        model,
        inputs,
        result,
        [1],
        (layer, head) => [{ at: `blocks.${layer}.attn.k`, head, op: 'scale', value: 3 }],
        metric,
        options,
      );
      const keys = await model.sweep({
        inputs,
        over: 'positions',
        at: ['blocks.{l}.attn.k', 'blocks.{l}.attn.v'],
        op: 'zero',
        metric,
        options,
        positions: [0, 2],
      });
      assertOneByOne(
        model,
        inputs,
        keys,
        [0, 2],
        (layer, key) =>
          ['k', 'v'].map((name) => ({ at: `blocks.${layer}.attn.${name}`, key, op: 'zero' })),
        metric,
        options,
      );
    }));

  test('outside the blocks: embeddings run the whole pass, the final norm none of the blocks', () =>
    withModel(lab, 'gpt2', async (model) => {
      const inputs = { inputIds: [1, 2, 3, 4] };
      const metric = { kind: 'probability', token: 4 };
      const last = ({ logits }) => probability(row(logits, 0, 3), 4);
      for (const [at, run] of [
        ['embed', 12],
        ['final_norm', 0],
        ['blocks.1.mlp.post', 8],
      ]) {
        const result = await model.sweep({
          inputs,
          over: 'positions',
          at,
          op: 'scale',
          value: 0.5,
          metric,
        });
        assert.deepEqual(
          [result.layers, result.values.dims, result.blockPasses],
          [[], [1, 4], { run, whole: 12 }],
        );
        assertOneByOne(
          model,
          inputs,
          result,
          [0, 1, 2, 3],
          (_, query) => [{ at, query, op: 'scale', value: 0.5 }],
          last,
        );
      }
    }));

  test('norm of the output; the last token of each sequence; a block without a feed-forward', () =>
    withModel(lab, 'listing', async (model) => {
      const inputs = { inputIds: [1, 2, 3] };
      const result = await model.sweep({
        inputs,
        over: 'layers',
        at: 'blocks.{l}.attn.out',
        op: 'zero',
        metric: { kind: 'norm', position: 1 },
      });
      assertOneByOne(
        model,
        inputs,
        result,
        [0],
        (layer) => [{ at: `blocks.${layer}.attn.out`, op: 'zero' }],
        ({ lastHiddenState }) =>
          Math.sqrt(row(lastHiddenState, 0, 1).reduce((sum, x) => sum + x * x, 0)),
      );
      await withModel(lab, 'gpt2', async (causal) => {
        const token = 3;
        const { baseline } = await causal.sweep({
          inputs: batch,
          over: 'layers',
          op: 'zero',
          metric: { kind: 'probability', token },
        });
        const { logits } = causal.forward(batch);
        assert.equal(
          baseline,
          (probability(row(logits, 0, 4), token) + probability(row(logits, 1, 3), token)) / 2,
        );
      });
    }));

  test('a classifier: the probability of a class, the difference of two, the norm of the logits', () =>
    withModel(lab, 'classifier', async (model) => {
      const inputs = { pixelValues: tensor([2, 1, 4, 4]) };
      const metrics = [
        [
          { kind: 'probability', token: [2, 0] },
          (rows) => (probability(rows[0], 2) + probability(rows[1], 0)) / 2,
        ],
        [
          { kind: 'logit_difference', token: 1, other: 2 },
          (rows) => (rows[0][1] - rows[0][2] + rows[1][1] - rows[1][2]) / 2,
        ],
        [
          { kind: 'norm', of: 'logits' },
          (rows) =>
            rows.reduce(
              (sum, each) => sum + Math.sqrt(each.reduce((squares, x) => squares + x * x, 0)),
              0,
            ) / 2,
        ],
      ];
      for (const [metric, of] of metrics) {
        const result = await model.sweep({ inputs, over: 'heads', op: 'zero', metric });
        assertOneByOne(
          model,
          inputs,
          result,
          result.heads,
          (layer, head) => [{ at: `blocks.${layer}.attn.z`, head, op: 'zero' }],
          ({ logits }) => of([logits.data.slice(0, 3), logits.data.slice(3)]),
        );
      }
      const spec = { inputs, over: 'heads', op: 'zero' };
      await assertRejects(
        model.sweep({ ...spec, metric: { kind: 'probability', token: 3 } }),
        'invalid_argument',
        /metric\.token: expected an integer from 0 to 2, got 3/,
      );
      await assertRejects(
        model.sweep({ ...spec, metric: { kind: 'probability', token: 0, position: 0 } }),
        'invalid_argument',
        /metric\.position: expected none, as a class is of the whole input/,
      );
    }));

  const edits = [
    { op: 'zero' },
    { op: 'mean' },
    { op: 'set', value: 0.3 },
    { op: 'add', value: -0.5 },
    { op: 'scale', value: 2 },
    { op: 'add', from: 'other' },
  ];
  const metrics = {
    logit_difference: [
      { token: 3, other: 5, position: 2 },
      ({ logits }) =>
        (row(logits, 0, 2)[3] -
          row(logits, 0, 2)[5] +
          row(logits, 1, 2)[3] -
          row(logits, 1, 2)[5]) /
        2,
    ],
    probability: [
      { token: 3, position: 2 },
      ({ logits }) => (probability(row(logits, 0, 2), 3) + probability(row(logits, 1, 2), 3)) / 2,
    ],
    norm: [
      { position: 1 },
      ({ lastHiddenState: x }) =>
        [0, 1].reduce(
          (sum, b) => sum + Math.sqrt(row(x, b, 1).reduce((squares, y) => squares + y * y, 0)),
          0,
        ) / 2,
    ],
  };
  test('every edit over heads, layers and positions, by every metric', () =>
    withModel(lab, 'gpt2', async (model) => {
      const other = model.forward({ ...batch, inputIds: otherIds }, { trace: true });
      const editsOver = {
        heads: (edit) => (layer, head) => [{ at: `blocks.${layer}.attn.z`, head, ...edit }],
        layers: (edit) => (layer) =>
          ['attn.out', 'mlp.out'].map((at) => ({ at: `blocks.${layer}.${at}`, ...edit })),
        positions: (edit) => (layer, query) => [
          { at: `blocks.${layer}.resid_pre`, query, ...edit },
        ],
      };
      for (const given of edits) {
        const edit = given.from ? { ...given, from: other } : given;
        for (const [over, editsOf] of Object.entries(editsOver)) {
          for (const [kind, [fields, metric]] of Object.entries(metrics)) {
            const result = await model.sweep({
              inputs: batch,
              over,
              ...edit,
              metric: { kind, ...fields },
            });
            assertOneByOne(
              model,
              batch,
              result,
              result[over === 'layers' ? 'none' : over] ?? [undefined],
              editsOf(edit),
              metric,
            );
          }
        }
      }
    }));

  test('progress, an abort between edits, and a model that goes away', () =>
    withModel(lab, 'gpt2', async (model) => {
      const spec = {
        inputs: { inputIds: [1, 2] },
        over: 'heads',
        op: 'zero',
        metric: { kind: 'norm' },
      };
      const seen = [];
      await model.sweep(spec, { onProgress: (progress) => seen.push(progress) });
      assert.deepEqual(
        seen,
        Array.from({ length: 10 }, (_, done) => ({ done, total: 9 })),
      );
      const controller = new AbortController();
      const aborted = model.sweep(spec, {
        signal: controller.signal,
        onProgress: ({ done }) => done === 2 && controller.abort(),
      });
      await assertRejects(aborted, 'aborted', /sweep: aborted by the caller/);
      await assertRejects(
        model.sweep(spec, { signal: AbortSignal.abort() }),
        'aborted',
        /sweep: aborted/,
      );
      const short = lab.rt.createModel(configs.gpt2);
      await assertRejects(
        short.sweep(spec, { onProgress: () => short.dispose() }),
        'disposed',
        /Model: used after dispose/,
      );
    }));
});

describe('sweep in a worker', () => {
  test('the same numbers, progress, abort, and no more of another run than it needs', async () => {
    const rt = await createWorkerRuntime({ variant: variants[0] });
    const model = await rt.createModel(configs.gpt2, { seed: 5 });
    const from = await model.forward({ inputIds: [4, 3, 2] }, { trace: true });
    from.trace.set('not an activation', () => 'this cannot be cloned');
    const spec = {
      inputs: { inputIds: [1, 2, 3] },
      over: 'positions',
      from,
      metric: { kind: 'probability', token: 1 },
    };
    const seen = [];
    const result = await model.sweep(spec, { onProgress: ({ done }) => seen.push(done) });
    assert.deepEqual(result.values.dims, [3, 3]);
    assert.deepEqual(
      seen,
      Array.from({ length: 10 }, (_, done) => done),
    );
    const one = await model.forward(spec.inputs, {
      interventions: [{ at: 'blocks.2.resid_pre', query: 1, from }],
    });
    assert.equal(result.values.data[7], Math.fround(probability(row(one.logits, 0, 2), 1)));
    const controller = new AbortController();
    const aborted = model.sweep(spec, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assertRejects(aborted, 'aborted', /sweep: aborted/);
    await assertRejects(
      model.sweep({ ...spec, metric: () => 1 }),
      'invalid_argument',
      /cannot be sent to a worker/,
    );
    await assertRejects(
      model.sweep(),
      'invalid_argument',
      /sweep: expected an object, got undefined/,
    );
    await assertRejects(
      model.sweep({ ...spec, over: 'toString' }),
      'invalid_argument',
      /over: expected "heads"/,
    );
    model.dispose();
    assert.equal(await liveHandles(rt), 0);
    rt.dispose();
  });
});
