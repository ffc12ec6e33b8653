// One call of the main API per case, half of them with something spoilt among the arguments.
import * as lab from 'attention-lab';
import { placesOf, spoil } from './choose.mjs';
import { sameBits, small, wrongError } from './outcome.mjs';

const site = (choose) =>
  choose.of([
    'embed',
    'blocks.0.attn.z',
    'blocks.1.attn.pattern',
    'blocks.1.attn.masked_scores',
    'blocks.0.mlp.out',
    'final_norm',
    'logits',
  ]);
const edit = (choose) =>
  choose.of([
    { at: site(choose), op: choose.of(['zero', 'mean']) },
    { at: site(choose), op: choose.of(['set', 'add', 'scale']), value: choose.number() },
    { at: 'blocks.1.attn.out', batch: 0, query: 0, op: 'set', value: choose.tensor([8]) },
    { at: 'blocks.0.attn.z', head: choose.below(2), query: choose.below(3), op: 'zero' },
  ]);
const inputs = (choose) => {
  const length = 1 + choose.below(4);
  return choose.of([
    { inputIds: choose.ids(length, 20) },
    { inputIds: [choose.ids(length, 20), choose.ids(length, 20)] },
    {
      inputIds: { data: Int32Array.from(choose.ids(length, 20)), dims: [1, length] },
      attentionMask: [Array(length).fill(1)],
    },
    { inputsEmbeds: choose.tensor([1, length, 8]) },
  ]);
};
const options = (choose) => ({
  temperature: 0.5 + choose.below(3),
  outputAttentions: choose.chance(1, 2),
  trace: choose.of([true, false, [site(choose)]]),
  interventions: Array.from({ length: choose.below(3) }, () => edit(choose)),
});
const batch = (choose) => {
  const length = 1 + choose.below(4);
  return { inputIds: choose.ids(length, 20), labels: choose.ids(length, 20) };
};
const config = (choose) => ({
  ...structuredClone(small),
  positions: choose.of([
    'none',
    'learned',
    'sinusoidal',
    'rotary',
    'alibi',
    't5_bias',
    'transformer_xl',
  ]),
  dFf: 1 + choose.below(16),
  normEps: 1e-5,
  embedScale: 1 + choose.below(3),
  maxLen: 8 + choose.below(24),
  padTokenId: choose.below(20),
  positionOffset: choose.below(3),
  normKind: choose.of(['layer', 'rms']),
  gated: choose.chance(1, 2),
});

/** What a case calls: (world, choose) → [function, its arguments]. */
const calls = [
  ({ model }, choose) => [(...a) => model.forward(...a), [inputs(choose), options(choose)]],
  ({ model }, choose) => [
    (...a) => model.generate(...a),
    [
      choose.ids(2, 20),
      {
        maxNewTokens: 1 + choose.below(4),
        temperature: choose.below(2),
        topK: choose.below(5),
        topP: 0.5,
        seed: choose.below(99),
        repetitionPenalty: 1.2,
        noRepeatNgramSize: choose.below(3),
        minNewTokens: choose.below(3),
        stopTokens: [choose.below(20)],
        onToken: () => {},
      },
    ],
  ],
  ({ model }, choose) => [
    (...a) => model.sweep(...a),
    [
      {
        inputs: inputs(choose),
        over: choose.of(['heads', 'layers', 'positions']),
        op: 'zero',
        metric: choose.of([
          { kind: 'norm' },
          { kind: 'probability', token: 3 },
          { kind: 'change', of: 'logits' },
        ]),
        layers: [0],
      },
      { onProgress: () => {} },
    ],
  ],
  ({ trainer }, choose) => [(...a) => trainer.step(...a), [batch(choose)]],
  ({ trainer }, choose) => [(...a) => trainer.evaluate(...a), [batch(choose)]],
  ({ trainer }, choose) => [
    (...a) => trainer.gradients(...a),
    [batch(choose), { trace: [`grad.${site(choose)}`] }],
  ],
  ({ trainer }, choose) => [(...a) => trainer.batchOf(...a), [[batch(choose), batch(choose)]]],
  ({ trainer }) => [(s) => trainer.restore(s), [trainer.snapshot()]],
  ({ trainer }, choose) => [
    (...a) => trainer.set(...a),
    [{ lr: 0.01, interventions: [edit(choose)] }],
  ],
  ({ model }, choose) => [
    (o) => model.trainer(o).dispose(),
    [
      {
        lr: 0.1,
        betas: [0.9, 0.99],
        eps: 1e-8,
        weightDecay: 0.1,
        clipNorm: 1,
        warmupSteps: 2,
        totalSteps: 9,
        batchSize: 2,
        seed: 1,
        disagreement: { weight: 0.1, except: [1] },
        examples: [batch(choose)],
      },
    ],
  ],
  ({ model }, choose) => [
    (...a) => model.setParameter(...a),
    ['final_norm.weight', choose.tensor([8])],
  ],
  ({ model }, choose) => [
    (a) => model.setParameters(a),
    [{ 'blocks.0.norm1.bias': choose.tensor([8]) }],
  ],
  ({ model }, choose) => [(...a) => model.save(...a), [{ dtype: choose.of(['f32', 'f16']) }]],
  ({ rt }, choose) => [
    (c, o) => rt.createModel(c, o).dispose(),
    [config(choose), { seed: choose.below(9) }],
  ],
  ({ rt }, choose) => [
    (c, o) => rt.createAttention(c, o).dispose(),
    [{ dModel: 8, numHeads: 2, dHead: 4, window: choose.below(3) }, { seed: 1 }],
  ],
  ({ rt }) => [
    (c, o) => rt.createRecurrent(c, o).dispose(),
    [{ vocabSize: 9, hiddenSize: 4, numLayers: 2, inputSize: 3 }, { seed: 1 }],
  ],
  ({ rt }, choose) => [
    (n, o) => rt.createListing(n, o).dispose(),
    [choose.of(lab.listingNames), { dModel: 8, numHeads: 2, seed: 1 }],
  ],
  ({ layer }, choose) => [
    (...a) => layer.forward(...a),
    [
      {
        query: choose.tensor([2, 3, 8]),
        key: choose.tensor([2, 2, 8]),
        keyMask: { data: Uint8Array.of(1, 1, 1, 0), dims: [2, 2] },
      },
      { causal: false, temperature: 2, trace: true },
    ],
  ],
  ({ gru }, choose) => [
    (...a) => gru.forward(...a),
    [{ inputIds: choose.ids(3, 9) }, { influence: true, trace: true }],
  ],
  ({ rt }, choose) => [
    (...a) => rt.attention(...a),
    [
      { q: choose.tensor([2, 3, 4]), k: choose.tensor([2, 3, 4]), v: choose.tensor([2, 3, 2]) },
      {
        causal: true,
        window: 2,
        scale: 0.5,
        temperature: 2,
        bias: choose.tensor([3, 3]),
        score: choose.of([
          'dot',
          'scaled-dot',
          { kind: 'general', w: choose.tensor([4, 4]) },
          {
            kind: 'additive',
            wq: choose.tensor([5, 4]),
            wk: choose.tensor([5, 4]),
            v: choose.tensor([5]),
          },
        ]),
        trace: ['scores'],
      },
    ],
  ],
  ({ run }, choose) => [
    lab.measureHeads,
    [
      choose.of([run, run.attentions]),
      { inputIds: [1, 2, 1], attentionMask: [1, 1, 1], specialTokens: [true, false, false] },
    ],
  ],
  ({ run }) => [
    lab.rollout,
    [{ attentions: [...run.attentions] }, { heads: 'max', residual: 0.5, layers: 2 }],
  ],
  ({ run, model }) => [
    lab.weightNorms,
    [
      { attentions: run.attentions, trace: run.trace },
      { parameters: model.parameters(), at: 'blocks.{l}.attn' },
    ],
  ],
  (_, choose) => [
    lab.preprocess,
    [
      { data: new Uint8ClampedArray(64), width: 4, height: 4 },
      {
        size: { height: 3, width: 5 },
        resample: choose.below(6),
        do_center_crop: true,
        crop_size: 2,
        image_mean: [0.5, 0.5, 0.5],
      },
      { channels: 3 },
    ],
  ],
  (_, choose) => [(s, l) => void lab.createRandom(s).shuffle(l), [choose.below(99), [1, 2, 3]]],
  (_, choose) => [(s, l) => void lab.createRandom(s).pick(l), [choose.below(99), [1, 2, 3]]],
  ({ rt }) => [
    (s, o) => rt.loadModel(s, o),
    [new Map([['config.json', new Uint8Array(3)]]), { onProgress: () => {} }],
  ],
];

export async function open() {
  const rt = await lab.createRuntime({ variant: 'simd128' });
  const open = () => {
    const model = rt.createModel(small, { seed: 3 });
    return {
      rt,
      model,
      trainer: model.trainer({ lr: 0.01 }),
      layer: rt.createAttention({ dModel: 8, numHeads: 2 }),
      gru: rt.createRecurrent({ vocabSize: 9, hiddenSize: 4 }),
      run: model.forward({ inputIds: [1, 2, 1] }, { outputAttentions: true, trace: true }),
    };
  };
  const close = (world) =>
    ['trainer', 'model', 'layer', 'gru'].forEach((name) => world[name].dispose());
  const good = () => {
    const model = rt.createModel({ ...small, positions: 'rotary' }, { seed: 7 });
    const { data } = model.forward({ inputIds: [3, 1, 4, 1, 5] }).logits;
    model.dispose();
    return data;
  };
  const expected = good();
  return {
    async run(choose) {
      const world = open();
      try {
        const [call, args] = choose.of(calls)(world, choose);
        const effects = [
          () => world.model.dispose(),
          () => world.trainer.dispose(),
          () => world.layer.dispose(),
          () => good(),
          () => world.model.forward({ inputIds: [1] }),
        ];
        const places = placesOf(args);
        for (let k = choose.below(3); k > 0; --k) spoil(args, places, choose, effects);
        await call(...args);
      } catch (error) {
        return wrongError(error, lab);
      } finally {
        close(world);
      }
    },
    check() {
      if (!sameBits(good(), expected)) return 'a sound forward pass gives other numbers';
      return rt.liveHandles === 0 ? undefined : `${rt.liveHandles} live handles`;
    },
  };
}
