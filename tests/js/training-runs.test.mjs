// What a training run promises whatever it trains: the same bits wherever it runs, no memory that grows, models that can be saved.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { created } from './saved-models.mjs';
import { assertRejects, forEachVariant, liveHandles, tensor } from './support.mjs';

const config = {
  vocabSize: 12,
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
const bytes = (tensors) =>
  Object.fromEntries(
    [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer).toString('hex')]),
  );

/** Sequences of unequal length that go up by one. */
const examples = ((random) =>
  Array.from({ length: 20 }, () => {
    const first = random.integer(6);
    const inputIds = Array.from({ length: 2 + random.integer(4) }, (_, t) => first + t);
    return { inputIds, labels: inputIds.map((id) => id + 1) };
  }))(createRandom(3));

/** Something that a model of this config can be trained on. */
function batchFor({ image, encoder, vocabSize, numLabels, typeVocabSize }) {
  const labels = numLabels
    ? [1, 0]
    : [
        [1, 2, 3, -100],
        [4, 5, 6, 7],
      ];
  const inputIds = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  if (image) return { pixelValues: tensor([2, image.channels, ...image.size]), labels };
  if (encoder)
    return {
      inputIds: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      attentionMask: [
        [1, 1, 1],
        [1, 1, 0],
      ],
      decoderInputIds: inputIds,
      labels,
    };
  assert.ok(vocabSize > 0);
  return {
    inputIds,
    ...(typeVocabSize > 1 && {
      tokenTypeIds: [
        [0, 0, 1, 1],
        [0, 1, 1, 1],
      ],
    }),
    labels,
  };
}

/** Weights, moments and numbers after 30 steps with a head off, on this side or in a worker. */
async function run(rt, seed = 5) {
  const model = await rt.createModel(config, { seed: 2 });
  const trainer = await model.trainer({
    lr: 0.01,
    warmupSteps: 5,
    totalSteps: 60,
    batchSize: 4,
    seed,
    examples,
  });
  await trainer.set({ interventions: [{ at: 'blocks.0.attn.z', head: 1, op: 'zero' }] });
  const results = [];
  for (let step = 0; step < 30; ++step) results.push(await trainer.step());
  const { parameters, firstMoments, secondMoments, ...rest } = await trainer.snapshot();
  trainer.dispose();
  model.dispose();
  return {
    results,
    ...rest,
    weights: bytes(parameters),
    first: bytes(firstMoments),
    second: bytes(secondMoments),
  };
}

forEachVariant('training runs', (lab) => {
  test('the same seed gives the same bits in another runtime and in a worker; another seed does not', async () => {
    const expected = await run(lab.rt);
    const another = await createRuntime({ variant: lab.rt.variant });
    const model = another.createModel(config); // memory there is laid out in another way
    assert.deepEqual(await run(another), expected);
    model.dispose();
    const worker = await createWorkerRuntime({ variant: lab.rt.variant });
    assert.deepEqual(await run(worker), expected);
    assert.equal(await liveHandles(worker), 0);
    worker.dispose();
    assert.notDeepEqual((await run(lab.rt, 6)).weights, expected.weights);
  });

  test('a list of examples is learned by heart', () => {
    const model = lab.rt.createModel(config, { seed: 1 });
    const trainer = model.trainer({ lr: 0.01, examples, batchSize: 8 });
    for (let step = 0; step < 150; ++step) trainer.step();
    assert.equal(trainer.evaluate(trainer.batchOf(examples)).accuracy, 1);
    trainer.dispose();
    model.dispose();
  });

  test('a thousand steps take no more memory than fifty', () => {
    const model = lab.rt.createModel(config, { seed: 1 });
    const trainer = model.trainer({
      lr: 0.001,
      examples,
      batchSize: 8,
      interventions: [{ at: 'blocks.1.attn.pattern', head: 0, op: 'mean' }],
    });
    const batch = trainer.batchOf(examples);
    const steps = (count) => {
      for (let step = 0; step < count; ++step) trainer.step();
      trainer.evaluate(batch);
      trainer.gradients(batch, { trace: true });
      trainer.restore(trainer.snapshot());
      return lab.rt.memoryBytes;
    };
    const [warm, live] = [steps(50), lab.rt.liveHandles];
    for (let round = 0; round < 10; ++round) assert.equal(steps(100), warm);
    assert.equal(lab.rt.liveHandles, live);
    trainer.dispose();
    model.dispose();
  });

  for (const [name, [given, architecture]] of Object.entries(created)) {
    const { lmHead, maskedLmHead, numLabels, pooler } = given;
    if (pooler || !(lmHead || maskedLmHead || numLabels)) continue;
    test(`${name}: trained and saved as ${architecture}, it is the same model, and trains on alike`, async () => {
      const model = lab.rt.createModel(given, { seed: 3 });
      const trainer = model.trainer({ lr: 0.02 });
      const batch = batchFor(model.config);
      const first = trainer.step(batch);
      for (let step = 0; step < 5; ++step) trainer.step(batch);
      const trained = trainer.evaluate(batch);
      assert.ok(trained.loss < first.loss, `${first.loss} → ${trained.loss}`);
      const again = await lab.rt.loadModel(model.save());
      const { labels, ...inputs } = batch;
      assert.deepEqual(again.forward(inputs).logits, model.forward(inputs).logits);
      const both = [trainer, again.trainer({ lr: 0.02 })];
      assert.deepEqual(both[1].evaluate(batch), trained);
      const state = { ...trainer.snapshot(), step: 0, ...zeros(model) };
      both[0].restore(state);
      for (let step = 0; step < 3; ++step)
        assert.deepEqual(both[1].step(batch), both[0].step(batch));
      for (const each of [...both, model, again]) each.dispose();
    });
  }

  test('a worker is sent what an edit takes of another run, and no function', async () => {
    const worker = await createWorkerRuntime({ variant: lab.rt.variant });
    const model = await worker.createModel(config, { seed: 1 });
    const inputIds = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const { trace } = await model.forward(
      {
        inputIds: [
          [7, 8, 9],
          [6, 5, 4],
        ],
      },
      { trace: true },
    );
    const trainer = await model.trainer({
      lr: 0.01,
      interventions: [{ at: 'blocks.0.mlp.out', op: 'set', from: trace }],
    });
    const batch = {
      inputIds,
      labels: [
        [2, 3, 4],
        [5, 6, 7],
      ],
    };
    const { trace: traced } = await trainer.gradients(batch, { trace: ['blocks.0.mlp.out'] });
    assert.deepEqual(traced.get('blocks.0.mlp.out'), trace.get('blocks.0.mlp.out'));
    await assertRejects(trainer.step(), 'invalid_argument', /^step: expected a batch/);
    await assertRejects(
      model.trainer({ lr: 1, examples: () => examples[0] }),
      'invalid_argument',
      /cannot be sent/,
    );
    worker.dispose();
  });
});

/** Moments of a model that was never trained. */
function zeros(model) {
  const all = () =>
    new Map(
      [...model.parameterShapes()].map(([name, dims]) => [
        name,
        { data: new Float32Array(dims.reduce((a, b) => a * b)), dims },
      ]),
    );
  return { firstMoments: all(), secondMoments: all() };
}
