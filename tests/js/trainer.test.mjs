// Training through the package: it learns, repeats itself bit for bit, goes back to snapshots, and refuses what does not fit.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRandom } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertError, assertRejects, forEachVariant, liveHandles } from './support.mjs';

const vocabSize = 12;
const config = {
  vocabSize,
  maxLen: 12,
  dModel: 16,
  numLayers: 2,
  dFf: 32,
  positions: 'learned',
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};
const translator = {
  ...config,
  positions: 'sinusoidal',
  encoder: { numLayers: 1 },
  shareEmbeddings: true,
};

const tokens = Array.from({ length: vocabSize - 1 }, (_, i) => i + 1);

/** The first half once more: every second half's next token is known. */
function copying(random) {
  const half = random.shuffle(tokens).slice(0, 3 + random.integer(3));
  const inputIds = [...half, ...half];
  return {
    inputIds,
    labels: inputIds.map((_, t) =>
      t < half.length - 1 || t === inputIds.length - 1 ? -100 : inputIds[t + 1],
    ),
  };
}

/** The decoder writes what the encoder read, backwards, after a start token of 0. */
function reversing(random) {
  const inputIds = Array.from(
    { length: 2 + random.integer(3) },
    () => 1 + random.integer(vocabSize - 1),
  );
  const labels = inputIds.toReversed();
  return { inputIds, decoderInputIds: [0, ...labels.slice(0, -1)], labels };
}

const batch = {
  inputIds: [
    [1, 2, 3, 4],
    [4, 3, 2, 1],
  ],
  labels: [
    [2, 3, 4, -100],
    [3, 2, 1, -100],
  ],
};
const bytes = (tensors) =>
  [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('base64')]);

forEachVariant('trainer', (lab) => {
  function training(options, of = config) {
    const model = lab.rt.createModel(of, { seed: 1 });
    const trainer = model.trainer({ lr: 0.01, batchSize: 8, ...options });
    return { model, trainer, dispose: () => [trainer, model].forEach((it) => it.dispose()) };
  }

  test('learns to copy, and to reverse with an encoder and a decoder', () => {
    for (const [examples, of] of [
      [copying, config],
      [reversing, translator],
    ]) {
      const { trainer, dispose } = training(
        { examples, lr: 0.003, warmupSteps: 10, batchSize: 16 },
        of,
      );
      const held = trainer.batchOf(
        Array.from(
          { length: 50 },
          (
            (random) => () =>
              examples(random)
          )(createRandom(99)),
        ),
      );
      const before = trainer.evaluate(held);
      let result;
      for (let step = 1; step <= 900; ++step) {
        result = trainer.step();
        assert.equal(result.step, step);
      }
      const after = trainer.evaluate(held);
      assert.ok(
        after.loss < before.loss / 4 && after.accuracy > 0.8,
        `${JSON.stringify(before)} → ${JSON.stringify(after)}`,
      );
      assert.equal(trainer.steps, 900);
      dispose();
    }
  });

  test('the same seed gives the same run, byte for byte; another seed another', () => {
    const run = (seed) => {
      const { model, trainer, dispose } = training({ examples: copying, seed });
      for (let step = 0; step < 20; ++step) trainer.step();
      const weights = bytes(model.parameters());
      dispose();
      return weights;
    };
    assert.deepEqual(run(7), run(7));
    assert.notDeepEqual(run(7), run(8));
  });

  test('training goes on from a snapshot, bit for bit, even as a structured clone in another model', () => {
    const { model, trainer, dispose } = training({
      examples: copying,
      warmupSteps: 5,
      totalSteps: 40,
    });
    for (let step = 0; step < 10; ++step) trainer.step();
    const snapshot = structuredClone(trainer.snapshot());
    const path = () => Array.from({ length: 10 }, () => trainer.step());
    const first = path();
    const weights = bytes(model.parameters());
    trainer.restore(snapshot);
    assert.equal(trainer.steps, 10);
    assert.deepEqual(path(), first);
    assert.deepEqual(bytes(model.parameters()), weights);
    const other = training({ examples: copying, warmupSteps: 5, totalSteps: 40 });
    other.trainer.restore(snapshot);
    for (const step of first) assert.deepEqual(other.trainer.step(), step);
    assert.deepEqual(bytes(other.model.parameters()), weights);
    other.dispose();
    dispose();
  });

  test('the rate warms up, falls along a cosine, and may be changed', () => {
    const { trainer, dispose } = training({
      examples: copying,
      lr: 0.5,
      warmupSteps: 2,
      totalSteps: 6,
    });
    const rates = Array.from({ length: 7 }, () => trainer.step().lr);
    const expected = [
      0,
      0.25,
      0.5,
      0.25 + 0.25 * Math.SQRT1_2,
      0.25,
      0.25 - 0.25 * Math.SQRT1_2,
      0,
    ];
    rates.forEach((rate, step) => assert.ok(Math.abs(rate - expected[step]) < 1e-9, `${rates}`));
    assert.equal(trainer.lr, 0.5);
    dispose();
    const steady = training({ examples: copying });
    steady.trainer.lr = 0.25;
    assert.equal(steady.trainer.step().lr, 0.25);
    steady.dispose();
  });

  test('the model works between two steps, and a step changes what it computes', () => {
    const { model, trainer, dispose } = training({});
    const first = model.forward(batch && { inputIds: batch.inputIds }).logits.data;
    trainer.evaluate(batch);
    assert.deepEqual(model.forward({ inputIds: batch.inputIds }).logits.data, first);
    trainer.step(batch);
    assert.notDeepEqual(model.forward({ inputIds: batch.inputIds }).logits.data, first);
    dispose();
  });

  test('interventions are in force in every step, and may be changed', () => {
    const at = 'blocks.0.attn.z';
    const { trainer, dispose } = training({ interventions: [{ at, head: 1, op: 'zero' }] });
    const ablated = trainer.gradients(batch, { trace: [at, `grad.${at}`, 'grad.blocks.0.attn.v'] });
    const half = (name) =>
      ablated.trace.get(name).data.filter((_, i) => Math.floor(i / (4 * 8)) % 2 === 1);
    assert.ok(
      half(at).every((x) => x === 0),
      'the head is off',
    );
    assert.ok(
      half(`grad.${at}`).some((x) => x !== 0),
      'what would come of turning it on',
    );
    assert.ok(
      half('grad.blocks.0.attn.v').every((x) => x === 0),
      'nothing flows back through it',
    );
    trainer.interventions = [];
    assert.notEqual(trainer.evaluate(batch).loss, ablated.loss);
    assert.deepEqual(trainer.interventions, []);
    assertError(
      () => (trainer.interventions = [{ at: 'nowhere', op: 'zero' }]),
      'unknown_name',
      /interventions\[0\]\.at/,
    );
    dispose();
  });

  test('gradients have every parameter and what was asked for, and change nothing', () => {
    const { model, trainer, dispose } = training({});
    const { loss, accuracy, parameters, trace } = trainer.gradients(batch);
    assert.deepEqual({ loss, accuracy }, trainer.evaluate(batch));
    assert.deepEqual([...parameters.keys()], [...model.parameterShapes().keys()]);
    for (const [name, { data, dims }] of parameters) {
      assert.deepEqual(dims, model.parameterShapes().get(name));
      assert.ok(
        data.some((x) => x !== 0),
        `${name}: all zero`,
      );
    }
    assert.equal(trace.size, 0);
    const all = trainer.gradients(batch, { trace: true }).trace;
    for (const name of model.activationNames()) {
      assert.deepEqual(all.get(`grad.${name}`).dims, all.get(name).dims, name);
    }
    assertError(
      () => trainer.gradients(batch, { trace: ['grad.nothing'] }),
      'unknown_name',
      /trace\[0\]/,
    );
    dispose();
  });

  test('examples of unequal length are padded', () => {
    const { trainer, dispose } = training({}, { ...config, padTokenId: 9 });
    assert.deepEqual(
      trainer.batchOf([
        { inputIds: [1, 2, 3], labels: [2, 3, -100] },
        { inputIds: [4], labels: [5] },
      ]),
      {
        inputIds: [
          [1, 2, 3],
          [4, 9, 9],
        ],
        attentionMask: [
          [1, 1, 1],
          [1, 0, 0],
        ],
        labels: [
          [2, 3, -100],
          [5, -100, -100],
        ],
      },
    );
    assert.deepEqual(trainer.batchOf([{ inputIds: [1], labels: [2] }]), {
      inputIds: [[1]],
      labels: [[2]],
    });
    assertError(
      () => trainer.batchOf([]),
      'invalid_argument',
      /examples: expected an array of at least one/,
    );
    assertError(
      () => trainer.batchOf([{ inputIds: [1, 2], labels: [1] }]),
      'shape_mismatch',
      /examples\[0\]\.labels: expected 2/,
    );
    assertError(
      () => trainer.batchOf([{ inputIds: [1], labels: [1] }, { labels: [1] }]),
      'invalid_argument',
      /examples\[1\]\.inputIds/,
    );
    assertError(
      () =>
        trainer.batchOf([
          { inputIds: [1], labels: [1] },
          { inputIds: [1], labels: 1 },
        ]),
      'invalid_argument',
      /examples\[1\]\.labels: expected an array as in examples\[0\], got 1/,
    );
    assertError(
      () =>
        trainer.batchOf([
          { inputIds: [1], labels: 1 },
          { inputIds: [1], labels: [1] },
        ]),
      'invalid_argument',
      /examples\[1\]\.labels: expected one number as in examples\[0\], got an array of 1/,
    );
    assertError(
      () => trainer.batchOf([{ ids: [1], labels: [1] }]),
      'invalid_argument',
      /examples\[0\]\.ids: unknown/,
    );
    dispose();
  });

  test('padding changes no gradient', () => {
    const { trainer, dispose } = training({});
    const short = trainer.gradients({ inputIds: [1, 2, 3], labels: [2, 3, 4] });
    const padded = trainer.gradients({
      inputIds: [1, 2, 3, 0, 0],
      attentionMask: [1, 1, 1, 0, 0],
      labels: [2, 3, 4, -100, -100],
    });
    for (const [name, { data }] of short.parameters) {
      padded.parameters
        .get(name)
        .data.forEach((x, i) =>
          assert.ok(Math.abs(x - data[i]) < 1e-6, `${name}[${i}]: ${x}, ${data[i]}`),
        );
    }
    dispose();
  });

  test('a classifier of pictures learns, one label each', () => {
    const vision = {
      image: { size: 4, channels: 1, patchSize: 2 },
      dModel: 8,
      numLayers: 1,
      numLabels: 2,
      attention: { numHeads: 2 },
    };
    // Is the left half brighter, or the right?
    const examples = (random) => {
      const labels = random.integer(2);
      const data = Float32Array.from(
        { length: 16 },
        (_, i) => random.next() + Number(i % 4 < 2 === (labels === 0)),
      );
      return { pixelValues: { data, dims: [1, 4, 4] }, labels };
    };
    const { trainer, dispose } = training({ examples, batchSize: 16 }, vision);
    for (let step = 0; step < 150; ++step) trainer.step();
    const random = createRandom(5);
    const held = trainer.batchOf(Array.from({ length: 50 }, () => examples(random)));
    assert.deepEqual(held.pixelValues.dims, [50, 1, 4, 4]);
    assert.ok(trainer.evaluate(held).accuracy > 0.9);
    assertError(
      () => trainer.step({ ...held, labels: [1, 0] }),
      'shape_mismatch',
      /^labels: expected \[50\], got \[2\]/,
    );
    assertError(
      () => trainer.step({ ...held, labels: held.labels.map(() => 2) }),
      'invalid_argument',
      /^labels\[0\]: expected an integer from 0 to 1/,
    );
    dispose();
  });

  test('a loss that is not finite is an error, and the weights stay', () => {
    const { model, trainer, dispose } = training({});
    const name = 'blocks.1.mlp.fc2.bias';
    const { data, dims } = model.parameter(name);
    model.setParameter(name, { data: data.map(() => Infinity), dims });
    const before = bytes(model.parameters());
    for (const call of ['step', 'evaluate', 'gradients']) {
      assertError(
        () => trainer[call](batch),
        'not_finite',
        /^the loss is NaN; the weights are as before\. /,
      );
    }
    assert.deepEqual(bytes(model.parameters()), before);
    assert.equal(trainer.steps, 0);
    model.setParameter(name, { data, dims });
    assert.equal(trainer.step(batch).step, 1);
    dispose();
  });

  test('batches that do not fit are refused by name', () => {
    const { trainer, dispose } = training({});
    const refused = (given, code, message) => {
      for (const call of ['step', 'evaluate', 'gradients'])
        assertError(() => trainer[call](given), code, message);
    };
    refused({ ...batch, labels: undefined }, 'invalid_argument', /^labels: expected/);
    refused(
      {
        ...batch,
        labels: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      },
      'shape_mismatch',
      /^labels: expected \[2, 4\], got \[2, 3\]/,
    );
    refused(
      {
        ...batch,
        labels: [
          [1, 2, 3, 12],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^labels\[0\]\[3\]: expected an integer from 0 to 11, or -100, got 12/,
    );
    refused(
      {
        ...batch,
        labels: [
          [-100, -100, -100, -100],
          [-100, -100, -100, -100],
        ],
      },
      'invalid_argument',
      /^labels: expected at least one other than -100/,
    );
    refused(
      {
        ...batch,
        labels: [
          [2n ** 40n, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^labels\[0\]\[0\]: .*got 1099511627776n/,
    );
    refused(
      {
        ...batch,
        labels: [
          [1, -1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^labels\[0\]\[1\]: .*got -1/,
    );
    refused(
      {
        ...batch,
        labels: [
          [1, NaN, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^labels\[0\]\[1\]: .*got NaN/,
    );
    refused(
      { ...batch, labels: { data: new Float32Array(8).fill(0.5), dims: [2, 4] } },
      'invalid_argument',
      /^labels\.data\[0\]: expected an integer of 32 bits, got 0\.5/,
    );
    refused(
      { ...batch, labels: { data: new Int32Array(8), dims: [8] } },
      'shape_mismatch',
      /^labels: expected \[2, 4\], got \[1, 8\]/,
    );
    refused({ ...batch, labels: 'abc' }, 'invalid_argument', /^labels: .*got "abc"/);
    refused({ ...batch, labels: [] }, 'shape_mismatch', /^labels: expected \[2, 4\], got \[1, 0\]/);
    refused(
      { inputIds: [], labels: [] },
      'invalid_argument',
      /^inputs: expected at least one sequence of one token, got \[1, 0\]/,
    );
    refused(
      { inputIds: [Array(13).fill(1)], labels: [Array(13).fill(1)] },
      'invalid_argument',
      /maxLen 12 tokens, got 13/,
    );
    refused(
      {
        ...batch,
        attentionMask: [
          [2, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^attentionMask\[0\]\[0\]: .*got 2/,
    );
    refused(
      { ...batch, decoderInputIds: [[1]] },
      'invalid_argument',
      /^decoderInputIds: this model has no encoder/,
    );
    refused(
      {
        ...batch,
        inputIds: [
          [99, 1, 1, 1],
          [1, 1, 1, 1],
        ],
      },
      'invalid_argument',
      /^inputIds/,
    );
    refused({ ...batch, target: 1 }, 'invalid_argument', /target: unknown/);
    const resid = { data: new Float32Array(2 * 4 * 16), dims: [2, 4, 16] };
    refused(
      { labels: batch.labels, start: { layer: 0, resid } },
      'invalid_argument',
      /^start: expected none, as a gradient/,
    );
    refused({ ...batch, mems: [] }, 'invalid_argument', /^mems: this model has none/);
    refused(null, 'invalid_argument', /^batch/);
    refused('batch', 'invalid_argument', /^batch: expected an object, got "batch"/);
    const embeds = {
      labels: batch.labels,
      inputsEmbeds: { data: new Float32Array(128).fill(NaN), dims: [2, 4, 16] },
    };
    assertError(() => trainer.step(embeds), 'not_finite', /the loss is NaN/);
    assertError(() => trainer.step(), 'invalid_argument', /^step: expected a batch/);
    assert.equal(trainer.step(batch).step, 1);
    dispose();
  });

  test('options that do not fit are refused by name, and nothing is left', () => {
    const model = lab.rt.createModel(config);
    const live = lab.rt.liveHandles;
    for (const [options, message] of [
      [{}, /^lr/],
      [{ lr: -1 }, /^lr/],
      [{ lr: 1e300 }, /^lr: expected a number that float32 can hold, got 1e\+300/],
      [{ lr: NaN }, /^lr: expected a finite number, got NaN/],
      [{ lr: Infinity }, /^lr/],
      [{ lr: '0.1' }, /^lr: expected a finite number, got "0.1"/],
      [{ lr: 1, betas: [0.9] }, /^betas/],
      [{ lr: 1, betas: [0.9, 1] }, /^betas\[1\]/],
      [{ lr: 1, betas: 'ab' }, /^betas: expected two numbers, got "ab"/],
      [{ lr: 1, betas: [NaN, 0.9] }, /^betas\[0\]/],
      [{ lr: 1, eps: 0 }, /^eps/],
      [{ lr: 1, eps: 1e-46 }, /^eps: expected a number that float32 can hold, got 1e-46/],
      [{ lr: 1, weightDecay: -1 }, /^weightDecay/],
      [{ lr: 1, weightDecay: 1e300 }, /^weightDecay: expected a number that float32 can hold/],
      [{ lr: 1, clipNorm: 0 }, /^clipNorm/],
      [{ lr: 1, clipNorm: NaN }, /^clipNorm/],
      [{ lr: 1, warmupSteps: -1 }, /^warmupSteps/],
      [{ lr: 1, totalSteps: Infinity }, /^totalSteps/],
      [{ lr: 1, warmupSteps: 1.5 }, /^warmupSteps/],
      [{ lr: 1, warmupSteps: 5, totalSteps: 5 }, /^totalSteps/],
      [
        { lr: 1, examples: 3 },
        /^examples: expected a function that makes an example, or an array of at least one, got 3/,
      ],
      [{ lr: 1, examples: [] }, /^examples/],
      [{ lr: 1, examples: null }, /^examples/],
      [{ lr: 1, batchSize: 0 }, /^batchSize/],
      [{ lr: 1, batchSize: 1.5 }, /^batchSize/],
      [{ lr: 1, seed: -1 }, /^seed/],
      [{ lr: 1, seed: 0.5 }, /^seed/],
      [{ lr: 1, interventions: 3 }, /^interventions: expected an array, got 3/],
      [{ lr: 1, momentum: 0.9 }, /momentum: unknown/],
      [{ lr: 1, disagreement: 1 }, /^disagreement: expected an object/],
      [{ lr: 1, disagreement: {} }, /^disagreement\.weight/],
      [
        { lr: 1, disagreement: { weight: 0 } },
        /^disagreement\.weight: expected a finite number above 0, got 0/,
      ],
      [
        { lr: 1, disagreement: { weight: 1, except: 3 } },
        /^disagreement\.except: expected token ids, got 3/,
      ],
      [
        { lr: 1, disagreement: { weight: 1, except: [12] } },
        /^disagreement\.except\[0\]: expected an integer from 0 to 11, got 12/,
      ],
      [{ lr: 1, disagreement: { weight: 1, heads: [0] } }, /heads: unknown/],
      [
        { lr: 1, interventions: [{ at: 'blocks.0.attn.pattern', index: 1, op: 'zero' }] },
        /no axis 'index'/,
      ],
    ]) {
      assertError(
        () => model.trainer(options),
        options.interventions?.length ? 'unknown_name' : 'invalid_argument',
        message,
      );
    }
    assert.equal(lab.rt.liveHandles, live);
    model.dispose();
  });

  test('heads of a layer that must disagree come to look at different tokens', () => {
    const overlapAfter = (disagreement) => {
      const { model, trainer, dispose } = training({
        examples: copying,
        lr: 0.003,
        batchSize: 16,
        ...(disagreement && { disagreement }),
      });
      for (let step = 0; step < 300; ++step) trainer.step();
      const { attentions } = model.forward(
        { inputIds: [3, 5, 7, 9, 3, 5, 7, 9] },
        { outputAttentions: true },
      );
      dispose();
      // Σ_s P_0 P_1, over the queries 4 … 7 of both layers: tokens that were asked about
      return (
        attentions
          .flatMap(({ data }) => Array.from({ length: 32 }, (_, i) => data[32 + i] * data[96 + i]))
          .reduce((a, b) => a + b) / 8
      );
    };
    const [free, apart] = [overlapAfter(undefined), overlapAfter({ weight: 3 })];
    assert.ok(apart < 0.5 * free, `overlap ${free}, with the term ${apart}`);
  });

  test('heads that must disagree need tokens, each with an answer; a single head has none to disagree with', () => {
    const disagreement = { weight: 1 };
    for (const [of, message] of [
      [
        translator,
        /^disagreement: expected a model of one stack that answers at every token, got an encoder–decoder/,
      ],
      [{ ...config, lmHead: false, numLabels: 3 }, /^disagreement: .*got a classifier/],
    ]) {
      const model = lab.rt.createModel(of);
      assertError(() => model.trainer({ lr: 1, disagreement }), 'invalid_argument', message);
      model.dispose();
    }
    const { trainer, dispose } = training({ disagreement });
    const { inputIds: _, ...rest } = batch;
    const inputsEmbeds = { data: new Float32Array(2 * 4 * 16), dims: [2, 4, 16] };
    assertError(
      () => trainer.step({ ...rest, inputsEmbeds }),
      'invalid_argument',
      /^disagreement: expected a batch of inputIds/,
    );
    assert.equal(trainer.step(batch).step, 1);
    dispose();
    const gradientsOf = (options) => {
      const alone = training(options, { ...config, attention: { numHeads: 1, causal: true } });
      const result = bytes(alone.trainer.gradients(batch).parameters);
      alone.dispose();
      return result;
    };
    assert.deepEqual(gradientsOf({ disagreement }), gradientsOf({}));
  });

  test('what cannot be trained is refused by name', () => {
    const refused = (changes, message) => {
      const model = lab.rt.createModel({ ...config, ...changes });
      assertError(() => model.trainer({ lr: 1 }), 'invalid_argument', message);
      model.dispose();
    };
    refused({ lmHead: false }, /a head that makes logits/);
    refused({ pooler: true }, /pooler/);
  });

  test('snapshots that do not fit are refused by name, and the training is as before', () => {
    const { model, trainer, dispose } = training({});
    trainer.step(batch);
    const snapshot = trainer.snapshot();
    const weights = bytes(model.parameters());
    const name = 'final_norm.weight';
    const without = (tensors) => new Map([...tensors].filter(([key]) => key !== name));
    const wrong = (tensors) =>
      new Map([...tensors, [name, { data: new Float32Array(3), dims: [3] }]]);
    assertError(
      () => trainer.restore({ ...snapshot, parameters: without(snapshot.parameters) }),
      'invalid_argument',
      /snapshot\.parameters: .*final_norm\.weight/,
    );
    assertError(
      () => trainer.restore({ ...snapshot, secondMoments: wrong(snapshot.secondMoments) }),
      'shape_mismatch',
      /snapshot\.secondMoments: final_norm\.weight: expected \[16\], got \[3\]/,
    );
    assertError(
      () => trainer.restore({ ...snapshot, step: -1 }),
      'invalid_argument',
      /snapshot\.step/,
    );
    assertError(
      () => trainer.restore({ ...snapshot, random: 1 }),
      'invalid_argument',
      /snapshot\.random/,
    );
    assertError(
      () =>
        trainer.restore({ ...snapshot, firstMoments: Object.fromEntries(snapshot.firstMoments) }),
      'invalid_argument',
      /snapshot\.firstMoments: expected a Map of tensors, got an object/,
    );
    assertError(
      () =>
        trainer.restore({
          ...snapshot,
          parameters: new Map([...snapshot.parameters, ['more', snapshot.parameters.get(name)]]),
        }),
      'unknown_name',
      /snapshot\.parameters: "more"/,
    );
    const filled = (tensors, value) =>
      new Map(
        [...tensors].map(([at, { data, dims }]) => [at, { data: data.slice().fill(value), dims }]),
      );
    assertError(
      () => trainer.restore({ ...snapshot, firstMoments: filled(snapshot.firstMoments, NaN) }),
      'not_finite',
      /snapshot\.firstMoments: .*\[0\]: expected a number, got NaN/,
    );
    assertError(
      () => trainer.restore({ ...snapshot, secondMoments: filled(snapshot.secondMoments, -1) }),
      'invalid_argument',
      /snapshot\.secondMoments: .*\[0\]: expected at least 0, got -1/,
    );
    assertError(() => trainer.restore(undefined), 'invalid_argument', /snapshot/);
    const other = training({}, { ...config, numLayers: 1 });
    assertError(
      () => trainer.restore(other.trainer.snapshot()),
      'invalid_argument',
      /expected a tensor called "blocks\.1\./,
    );
    other.dispose();
    assert.deepEqual(bytes(model.parameters()), weights);
    assert.equal(trainer.steps, 1);
    dispose();
  });

  test('disposing of the model or of the trainer first is safe', () => {
    const { model, trainer } = training({});
    model.dispose();
    assertError(() => trainer.step(batch), 'disposed', /model/);
    assertError(() => trainer.snapshot(), 'disposed', /model/);
    trainer.dispose();
    trainer.dispose();
    assert.ok(trainer.disposed);
    assertError(() => trainer.step(batch), 'disposed', /Trainer/);
    assertError(() => trainer.batchOf([{ inputIds: [1], labels: [1] }]), 'disposed', /Trainer/);
    assertError(() => (trainer.interventions = []), 'disposed', /Trainer/);
    assertError(() => (trainer.lr = 1), 'disposed', /Trainer/);
    assertError(() => trainer.restore({}), 'disposed', /Trainer/);
    const hasty = training({
      examples: () => (hasty.trainer.dispose(), { inputIds: [1], labels: [2] }),
    });
    assertError(() => hasty.trainer.step(), 'disposed', /Trainer: used after dispose/);
    hasty.dispose();
    const headless = training({
      examples: () => (headless.model.dispose(), { inputIds: [1], labels: [2] }),
    });
    assertError(() => headless.trainer.step(), 'disposed', /its model was used after dispose/);
    headless.dispose();
    const other = training({});
    other.trainer.dispose();
    other.model.forward({ inputIds: batch.inputIds });
    other.model.dispose();
  });
});

describe('trainer in a worker', () => {
  let rt;
  before(async () => (rt = await createWorkerRuntime({ variant: 'simd128' })));
  after(() => rt.dispose());

  test('does what one on this side does', async () => {
    const model = await rt.createModel(config, { seed: 1 });
    const trainer = await model.trainer({ lr: 0.01, warmupSteps: 2 });
    const before = await trainer.evaluate(batch);
    const first = await trainer.step(batch);
    assert.equal(first.loss, before.loss);
    const snapshot = await trainer.snapshot();
    const second = await trainer.step(batch);
    assert.equal(second.step, 2);
    await trainer.restore(snapshot);
    assert.deepEqual(await trainer.step(batch), second);
    await trainer.set({
      lr: 0,
      interventions: [{ at: 'blocks.0.attn.pattern', head: 0, op: 'zero' }],
    });
    assert.equal((await trainer.step(batch)).lr, 0);
    const { trace } = await trainer.gradients(batch, { trace: ['grad.blocks.0.attn.pattern'] });
    assert.deepEqual(trace.get('grad.blocks.0.attn.pattern').dims, [2, 2, 4, 4]);
    await assertRejects(trainer.step({ ...batch, labels: [1] }), 'shape_mismatch', /labels/);
    await assertRejects(trainer.set({ rate: 1 }), 'invalid_argument', /rate: unknown/);
    await assertRejects(
      model.trainer({ lr: 1, examples: () => {} }),
      'invalid_argument',
      /cannot be sent/,
    );
    trainer.dispose();
    await assertRejects(trainer.step(batch), 'disposed', /step/);
    model.dispose();
    assert.equal(await liveHandles(rt), 0);
  });
});
