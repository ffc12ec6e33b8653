// The worker's API is the main API's, member by member: what the declarations list is there, and does the same.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { createWorkerRuntime } from 'attention-lab/worker';
import { readDeclarations } from './declarations.mjs';
import { assertRejects, tensor } from './support.mjs';

const checkpoint = (name) => new URL(`../golden/checkpoints/${name}/`, import.meta.url);
const coreference = new URL('../../web/public/models/coreference/', import.meta.url);
const inputs = { inputIds: [3, 1, 4, 1] };
const batch = { inputIds: [3, 1, 4], labels: [1, 4, 1] };
const pixels = {
  width: 9,
  height: 7,
  data: Uint8Array.from({ length: 9 * 7 * 3 }, (_, i) => (i * 37) % 256),
};
const query = tensor([2, 3, 8]);
const sweep = { inputs, over: 'heads', op: 'zero', metric: { kind: 'norm' } };

/** What a method gives, or all that its stream does. */
async function settled(result) {
  if (!result?.[Symbol.asyncIterator]) return result;
  const all = [];
  for await (const each of result) all.push(each);
  return all;
}

/** Of a class: how one is made by a runtime of either side, and arguments for each of its methods. */
const parameterised = (name) => ({
  parameterShapes: [],
  parameter: [name],
  parameterRows: [name, 1, 2],
  parameters: [],
  activationNames: [],
});
const classes = {
  Runtime: {
    make: (rt) => rt,
    calls: {
      ready: [],
      attention: [{ q: tensor([3, 4]), k: tensor([3, 4]), v: tensor([3, 4]) }, { trace: true }],
      createAttention: [{ dModel: 8, numHeads: 2 }, { seed: 1 }],
      createRecurrent: [{ hiddenSize: 4 }],
      createModel: [{ vocabSize: 9, dModel: 8, numLayers: 1, attention: { numHeads: 2 } }],
      createListing: ['fused', { dModel: 4 }],
      loadModel: [checkpoint('mlm_gelu')],
      listCache: [{ cacheDir: '/nowhere' }],
      clearCache: [{ cacheDir: '/nowhere' }],
    },
  },
  Model: {
    make: (rt) => rt.loadModel(checkpoint('gpt2_odd')),
    calls: {
      ...parameterised('embed.token.weight'),
      setParameter: ['final_norm.bias', tensor([21], 5)],
      setParameters: [{ 'final_norm.bias': tensor([21], 6) }],
      forward: [inputs, { outputAttentions: true, trace: true }],
      generate: [[3, 1], { maxNewTokens: 4, temperature: 2, seed: 5 }],
      stream: [[3, 1], { maxNewTokens: 4, temperature: 2, seed: 5 }],
      sweep: [sweep],
      logitLens: [inputs],
      attributeLogit: [inputs, { token: 5 }],
      explainScore: [inputs, { layer: 0, head: 1, query: 2, key: 1 }],
      circuit: [{ layer: 1, head: 0, tokens: [3, 1] }],
      scanHeads: [['it did', 'it fit']],
      save: [{ dtype: 'f16' }],
      trainer: [{ lr: 0.01 }],
      encode: ['it did'],
      decode: [[5, 6]],
      ablate: [[{ layer: 0, head: 0 }]],
    },
    /** What this model cannot do is asked of one that can. */
    others: {
      embed: [(rt) => rt.loadModel(checkpoint('distilbert_base')), ['the cat', 'sat']],
      preprocess: [(rt) => rt.loadModel(checkpoint('vit_classifier')), pixels],
      fillMask: [(rt) => rt.loadModel(coreference), 'the animal was [MASK] .', { topK: 2 }],
      classify: [(rt) => rt.loadModel(checkpoint('bert_classes')), 'the cat', { topK: 2 }],
      tags: [(rt) => rt.loadModel(checkpoint('bert_tags')), 'the cat sat'],
      answer: [
        (rt) => rt.loadModel(checkpoint('bert_spans')),
        { question: 'who', context: 'the cat sat' },
        { topK: 2 },
      ],
    },
  },
  Trainer: {
    make: async (rt) =>
      (await rt.loadModel(checkpoint('gpt2_odd'))).trainer({
        lr: 0.01,
        examples: [batch],
        batchSize: 2,
      }),
    calls: {
      step: [batch],
      evaluate: [batch],
      gradients: [batch, { trace: true }],
      batchOf: [[batch, { inputIds: [5], labels: [2] }]],
      set: [{ lr: 0.5, interventions: [{ at: 'blocks.0.attn.pattern', head: 0, op: 'zero' }] }],
      snapshot: [],
      restore: [
        (here) => {
          const snapshot = here.snapshot();
          return { ...snapshot, step: 7 };
        },
      ],
    },
  },
  AttentionLayer: {
    make: (rt) => rt.createAttention({ dModel: 8, numHeads: 2 }, { seed: 3 }),
    calls: {
      ...parameterised('q_proj.weight'),
      setParameter: ['q_proj.bias', tensor([8], 3)],
      setParameters: [new Map([['q_proj.bias', tensor([8], 4)]])],
      forward: [{ query }, { trace: true }],
    },
  },
  Recurrent: {
    make: (rt) => rt.createRecurrent({ hiddenSize: 8 }, { seed: 3 }),
    calls: {
      ...parameterised('weight_hh_l0'),
      setParameter: ['bias_hh_l0', tensor([24], 3)],
      setParameters: [{ bias_hh_l0: tensor([24], 4) }],
      forward: [{ inputsEmbeds: query }, { influence: true, trace: true }],
    },
  },
  Listing: {
    make: (rt) => rt.createListing('fused', { dModel: 8, seed: 2 }),
    calls: { forward: [{ query }, { trace: true }] },
  },
  Tokenizer: {
    make: async (rt) => (await rt.loadModel(checkpoint('mlm_gelu'))).tokenizer,
    calls: {
      encode: [['it did', ['it', 'fit']], { padding: true }],
      decode: [[5, 6], { skipSpecialTokens: true }],
      tokenToId: ['it'],
      idToToken: [5],
    },
  },
};

const declarations = readDeclarations();
const disposal = ['dispose', 'Symbol.dispose'];

/** A result of either side as data: objects of the package by their properties. */
function asData(value) {
  if (typeof value?.dispose !== 'function') return value;
  const data = {};
  for (const name of Object.keys(value)) if (name !== 'handle') data[name] = asData(value[name]);
  return { config: data.config, name: data.name, labels: data.labels };
}

describe('a worker has', () => {
  let there;
  let here;
  before(async () => {
    [there, here] = await Promise.all([
      createWorkerRuntime({ variant: 'simd128' }),
      createRuntime({ variant: 'simd128' }),
    ]);
  });
  after(() => there.dispose());

  for (const [kind, { make, calls, others = {} }] of Object.entries(classes)) {
    const declared = declarations.members('.', kind);
    const names = [...declared.keys()];
    const methods = names.filter((name) => declared.get(name).method && !disposal.includes(name));
    const properties = names.filter((name) => !declared.get(name).method);

    describe(kind, () => {
      let [remote, local] = [];
      before(async () => {
        [remote, local] = [await make(there), await make(here)];
      });
      after(() => {
        if (kind === 'Runtime') return;
        remote.dispose?.();
        local.dispose?.();
      });

      test('the same members in its declarations', () => {
        const own = kind === 'Runtime' ? [...names, ...disposal] : names;
        assert.deepEqual(
          [...declarations.members('./worker', `Worker${kind}`).keys()].sort(),
          [...new Set(own)].sort(),
        );
      });

      test('and at run time, and no other', () => {
        const own = Object.getOwnPropertyNames(remote).filter((name) => name !== 'dispose');
        const expected = names.filter((name) => !disposal.includes(name));
        assert.deepEqual(own.sort(), expected.sort());
        assert.equal('then' in remote, false, 'it can be awaited');
      });

      test('its properties', () => {
        assert.ok(properties.length > 0);
        for (const name of properties) {
          if (name === 'memoryBytes') assert.ok(remote[name] > 0);
          else if (!(Symbol.toStringTag in Object(remote[name])))
            assert.deepEqual(remote[name], asData(local[name]), name);
          assert.throws(() => (remote[name] = 1), `${name} is assigned`);
        }
      });

      test('a call of every method, with the same result', async () => {
        assert.deepEqual(methods.sort(), [...Object.keys(calls), ...Object.keys(others)].sort());
        for (const [name, args] of Object.entries(calls)) {
          const given = args.map((arg) => (typeof arg === 'function' ? arg(local) : arg));
          const [got, expected] = [
            await settled(remote[name](...given)),
            await settled(local[name](...given)),
          ];
          assert.deepEqual(asData(got), asData(expected), name);
          for (const made of [got, expected]) made?.dispose?.();
        }
        for (const [name, [makeOther, ...args]] of Object.entries(others)) {
          const [a, b] = [await makeOther(there), await makeOther(here)];
          assert.deepEqual(await a[name](...args), b[name](...args), name);
          for (const made of [a, b]) made.dispose();
        }
      });

      test("the call's own options where the declarations have them", () => {
        for (const name of methods) {
          const { overloads, parameters } = declared.get(name);
          if (overloads === 1)
            assert.equal(local[name].length, parameters, `${name}: a parameter with a default`);
        }
      });
    });
  }
});

test('in a worker: properties follow the calls, and tell that an object is gone', async () => {
  const rt = await createWorkerRuntime({ variant: 'simd128' });
  const model = await rt.createModel(
    { vocabSize: 9, dModel: 8, numLayers: 1, lmHead: true, attention: { numHeads: 2 } },
    { seed: 1 },
  );
  const trainer = await model.trainer({ lr: 0.01 });
  assert.deepEqual([trainer.steps, trainer.lr, trainer.interventions], [0, 0.01, []]);
  await trainer.step({ inputIds: [1, 2], labels: [2, 3] });
  const interventions = [{ at: 'blocks.0.attn.pattern', head: 0, op: 'zero' }];
  await trainer.set({ lr: 0.5, interventions });
  assert.deepEqual([trainer.steps, trainer.lr, trainer.interventions], [1, 0.5, interventions]);
  assert.equal(rt.liveHandles, 2);
  assert.deepEqual([model.disposed, trainer.disposed], [false, false]);
  trainer.dispose();
  model.dispose();
  assert.deepEqual([model.disposed, trainer.disposed], [true, true]);
  await rt.ready();
  assert.equal(rt.liveHandles, 0);
  assert.throws(() => (model.config = {}), { code: 'invalid_argument' });
  assert.throws(() => (rt.variant = 'relaxed'), { code: 'invalid_argument' });
  rt.dispose();
  await assertRejects(rt.ready(), 'disposed', /worker runtime/);
});

test("in a worker: objects behind a framework's proxy, and methods taken out of them", async () => {
  const rt = await createWorkerRuntime({ variant: 'simd128' });
  const wrapped = new Proxy(await rt.loadModel(checkpoint('mlm_gelu')), {});
  assert.deepEqual(await wrapped.encode('it did'), await wrapped.tokenizer.encode('it did'));
  const { forward } = wrapped;
  assert.deepEqual(
    (await forward(new Proxy({ inputIds: [[1, 2]] }, {}))).logits.dims.slice(0, 2),
    [1, 2],
  );
  assert.equal(await Promise.resolve(wrapped), wrapped);
  wrapped.dispose();
  assert.equal(wrapped.disposed, true);
  rt.dispose();
});
