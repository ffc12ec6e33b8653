// Sweeps: each value is that of the same edit made alone, to the last bit, though most of the pass is not run again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import {
  assertError,
  assertRejects,
  forEachVariant,
  liveHandles,
  tensor,
  variants,
} from './support.mjs';

const base = { vocabSize: 20, maxLen: 8, dModel: 12, dFf: 10, numLayers: 3, positions: 'learned' };
const configs = {
  gpt2: {
    ...base,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 3, causal: true },
  },
  bert: {
    ...base,
    typeVocabSize: 2,
    embedNorm: true,
    maskedLmHead: true,
    pooler: true,
    attention: { numHeads: 3 },
  },
  llama: {
    ...base,
    positions: 'rotary',
    norm: 'pre',
    normKind: 'rms',
    finalNorm: true,
    gated: true,
    lmHead: true,
    attention: { numHeads: 6, numKvHeads: 2, causal: true },
  },
  pair: {
    ...base,
    numLayers: 2,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 2 },
    encoder: { vocabSize: 20, numLayers: 3, attention: { numHeads: 3 } },
  },
  held: {
    ...base,
    numLayers: 2,
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { numHeads: 2 },
    encoder: {
      vocabSize: 20,
      numLayers: 3,
      norm: 'pre',
      finalNorm: true,
      attention: { numHeads: 3 },
    },
  },
  classifier: {
    dModel: 12,
    dFf: 10,
    numLayers: 2,
    numLabels: 3,
    norm: 'pre',
    finalNorm: true,
    image: { size: 4, patchSize: 2, channels: 1 },
    attention: { numHeads: 3 },
  },
  listing: { ...base, feedForward: 'linear_of_sum', attention: { numHeads: 1 } },
};
const batch = {
  inputIds: [
    [1, 2, 3, 4, 5],
    [9, 8, 7, 6, 0],
  ],
  attentionMask: [
    [1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0],
  ],
};
const otherIds = [
  [4, 4, 3, 2, 1],
  [0, 6, 7, 8, 9],
];

const probability = (row, token) => {
  const largest = Math.max(...row);
  return Math.exp(row[token] - largest) / row.reduce((sum, x) => sum + Math.exp(x - largest), 0);
};
const row = ({ data, dims: [, length, width] }, b, t) =>
  data.slice((b * length + t) * width, (b * length + t + 1) * width);

forEachVariant('sweep', (lab) => {
  const withModel = async (name, use) => {
    const model = lab.rt.createModel(configs[name], { seed: 5 });
    try {
      return await use(model);
    } finally {
      model.dispose();
    }
  };
  /** metric: of an output. Every value must be that of `edits(layer, column)` made alone in a whole pass. */
  const assertOneByOne = (model, inputs, result, columns, edits, metric, options = {}) => {
    const value = (interventions) =>
      metric(
        model.forward(inputs, {
          ...options,
          interventions: [...(options.interventions ?? []), ...interventions],
        }),
      );
    const layers = result.layers.length > 0 ? result.layers : [0];
    const expected = layers.flatMap((layer) =>
      columns.map((column) => value(edits(layer, column))),
    );
    const baseline = value([]);
    assert.equal(result.baseline, baseline);
    assert.deepEqual(result.values.data, Float32Array.from(expected));
    assert.deepEqual(
      result.differences.data,
      Float32Array.from(expected, (x) => x - baseline),
    );
    assert.ok(
      result.differences.data.some((x) => x !== 0),
      'the edits change nothing',
    );
  };

  for (const name of ['gpt2', 'bert', 'llama']) {
    test(`heads of a ${name}: probability`, () =>
      withModel(name, async (model) => {
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
      withModel(name, async (model) => {
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
      withModel(name, async (model) => {
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
    withModel('llama', async (model) => {
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
    withModel('gpt2', async (model) => {
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
    withModel('listing', async (model) => {
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
      await withModel('gpt2', async (causal) => {
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

  const two = {
    ...batch,
    decoderInputIds: [
      [3, 1, 4],
      [1, 5, 9],
    ],
    decoderAttentionMask: [
      [1, 1, 1],
      [1, 1, 0],
    ],
  };
  const ofTwo = [
    ['heads', undefined, ['decoder.blocks.L.cross_attn.z'], 'head', [0, 1], 2],
    ['heads', 'encoder.blocks.{l}.attn.z', ['encoder.blocks.L.attn.z'], 'head', [0, 1, 2], 3],
    [
      'layers',
      undefined,
      [
        'decoder.blocks.L.self_attn.out',
        'decoder.blocks.L.cross_attn.out',
        'decoder.blocks.L.mlp.out',
      ],
      undefined,
      [undefined],
      2,
    ],
    ['positions', undefined, ['encoder.blocks.L.resid_pre'], 'query', [0, 1, 2, 3, 4], 3],
    [
      'positions',
      'decoder.blocks.{l}.resid_cross',
      ['decoder.blocks.L.resid_cross'],
      'query',
      [0, 1, 2],
      2,
    ],
    [
      'positions',
      'decoder.blocks.{l}.cross_attn.v',
      ['decoder.blocks.L.cross_attn.v'],
      'key',
      [0, 1, 2, 3, 4],
      2,
    ],
  ];
  for (const [over, at, places, axis, columns, layers] of ofTwo) {
    test(`an encoder–decoder: ${over} of ${at ?? 'the usual'}`, () =>
      withModel('pair', async (model) => {
        const token = 4;
        const result = await model.sweep({
          inputs: two,
          over,
          ...(at && { at }),
          op: 'scale',
          value: -1,
          metric: { kind: 'probability', token },
        });
        assert.deepEqual(
          result.values.dims,
          over === 'layers' ? [layers] : [layers, columns.length],
        );
        // Five blocks, the encoder's three first: those before the one that is edited are not run.
        const before = places[0].startsWith('encoder.') ? 0 : 3;
        const run =
          Array.from({ length: layers }, (_, layer) => 5 - before - layer).reduce(
            (sum, each) => sum + each,
          ) * columns.length;
        assert.deepEqual(result.blockPasses, { run, whole: 5 * layers * columns.length });
        assertOneByOne(
          model,
          two,
          result,
          columns,
          (layer, column) =>
            places.map((place) => ({
              at: place.replace('L', layer),
              ...(axis && { [axis]: column }),
              op: 'scale',
              value: -1,
            })),
          ({ logits }) =>
            (probability(row(logits, 0, 2), token) + probability(row(logits, 1, 1), token)) / 2,
        );
      }));
  }

  for (const [held, run] of [
    ['encoder.embed', 6],
    ['encoder.blocks.1.attn.z', 6],
    ['encoder.blocks.2.resid_post', 6],
    ['encoder.final_norm', 8],
    ['decoder.embed', 8],
    ['decoder.blocks.0.cross_attn.z', 6],
    ['decoder.final_norm', 6],
  ]) {
    test(`an encoder–decoder: edits of its heads, and one held at ${held}`, () =>
      withModel('held', async (model) => {
        const options = { interventions: [{ at: held, op: 'scale', value: 0.5 }] };
        const metric = { kind: 'probability', token: 4, position: 1 };
        const result = await model.sweep({
          inputs: two,
          over: 'heads',
          op: 'zero',
          metric,
          options,
        });
        assert.deepEqual(result.blockPasses, { run, whole: 20 });
        assertOneByOne(
          model,
          two,
          result,
          [0, 1],
          (layer, head) => [{ at: `decoder.blocks.${layer}.cross_attn.z`, head, op: 'zero' }],
          ({ logits }) =>
            (probability(row(logits, 0, 1), 4) + probability(row(logits, 1, 1), 4)) / 2,
          options,
        );
      }));
  }

  test('an encoder–decoder: the embeddings of each side, and what leaves the encoder', () =>
    withModel('held', async (model) => {
      for (const [at, columns, run] of [
        ['encoder.embed', 5, 5],
        ['encoder.final_norm', 5, 2],
        ['decoder.embed', 3, 2],
        ['decoder.final_norm', 3, 0],
      ]) {
        const metric = { kind: 'probability', token: 4, position: 1 };
        const result = await model.sweep({
          inputs: two,
          over: 'positions',
          at,
          op: 'scale',
          value: -1,
          metric,
        });
        assert.deepEqual(result.blockPasses, { run: run * columns, whole: 5 * columns });
        assertOneByOne(
          model,
          two,
          result,
          [...Array(columns).keys()],
          (_, query) => [{ at, query, op: 'scale', value: -1 }],
          ({ logits }) =>
            (probability(row(logits, 0, 1), 4) + probability(row(logits, 1, 1), 4)) / 2,
        );
      }
    }));

  test('a classifier: the probability of a class, the difference of two, the norm of the logits', () =>
    withModel('classifier', async (model) => {
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
    withModel('gpt2', async (model) => {
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
    withModel('gpt2', async (model) => {
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

  test('a pass that begins at a block is the whole pass to the last bit', async () => {
    for (const name of Object.keys(configs)) {
      if (configs[name].encoder || configs[name].image) continue; // no pass of these begins at a block of ids
      await withModel(name, (model) => {
        const whole = model.forward(batch, { trace: true });
        for (let layer = 0; layer <= 3; ++layer) {
          const at = layer < 3 ? `blocks.${layer}.resid_pre` : 'blocks.2.resid_post';
          const later = model
            .activationNames()
            .filter(
              (each) => (/^blocks\.(\d)/.exec(each)?.[1] ?? (/embed/.test(each) ? -1 : 3)) >= layer,
            );
          const start = { layer, resid: whole.trace.get(at) };
          const part = model.forward(
            { start, attentionMask: batch.attentionMask },
            { trace: later },
          );
          for (const each of later)
            assert.deepEqual(
              part.trace.get(each),
              whole.trace.get(each),
              `${name}: ${each} from ${layer}`,
            );
          for (const each of ['lastHiddenState', 'logits', 'poolerOutput'])
            assert.deepEqual(part[each], whole[each], `${name}: ${each} from ${layer}`);
        }
      });
    }
  });

  const resid = tensor([1, 2, 12]);
  const starts = [
    [
      'start with ids',
      { inputIds: [1, 2], start: { layer: 0, resid } },
      {},
      'invalid_argument',
      /inputs: expected either inputIds or inputsEmbeds, got inputIds and start/,
    ],
    [
      'start with embeddings',
      { inputsEmbeds: resid, start: { layer: 0, resid } },
      {},
      'invalid_argument',
      /got inputsEmbeds and start/,
    ],
    [
      'start with token types',
      { tokenTypeIds: [0, 0], start: { layer: 0, resid } },
      {},
      'invalid_argument',
      /tokenTypeIds: expected none with start/,
    ],
    [
      'start after the end',
      { start: { layer: 4, resid } },
      {},
      'invalid_argument',
      /start\.layer: expected an integer from 0 to 3, got 4/,
    ],
    [
      'start without a layer',
      { start: { resid } },
      {},
      'invalid_argument',
      /start\.layer: .* got undefined/,
    ],
    [
      'start without a tensor',
      { start: { layer: 0 } },
      {},
      'invalid_argument',
      /start\.resid: expected \{ data/,
    ],
    [
      'start that is no object',
      { start: 3 },
      {},
      'invalid_argument',
      /start: expected an object, got 3/,
    ],
    [
      'start of another width',
      { start: { layer: 0, resid: tensor([1, 2, 11]) } },
      {},
      'shape_mismatch',
      /start\.resid: expected \[B, T, 12\], got \[1, 2, 11\]/,
    ],
    [
      'start and an earlier edit',
      { start: { layer: 1, resid } },
      { interventions: [{ at: 'blocks.0.attn.z', op: 'zero' }] },
      'invalid_argument',
      /start: this pass begins at 'blocks\.1\.resid_pre' and never makes 'blocks\.0\.attn\.z'/,
    ],
    [
      'start and earlier attentions',
      { start: { layer: 1, resid } },
      { outputAttentions: true },
      'invalid_argument',
      /never makes 'blocks\.0\.attn\.pattern'/,
    ],
  ];
  for (const [what, inputs, options, code, message] of starts) {
    test(`error: ${what}`, () =>
      withModel('gpt2', (model) =>
        assertError(() => model.forward(inputs, options), code, message),
      ));
  }

  const good = {
    inputs: { inputIds: [1, 2, 3] },
    over: 'heads',
    op: 'zero',
    metric: { kind: 'norm' },
  };
  const errors = [
    ['nothing', undefined, 'invalid_argument', /sweep: expected an object, got undefined/],
    ['a misspelt field', { ...good, ower: 1 }, 'invalid_argument', /sweep\.ower: unknown/],
    [
      'over neurons',
      { ...good, over: 'neurons' },
      'invalid_argument',
      /over: expected "heads" or "layers" or "positions", got "neurons"/,
    ],
    ['no op', { ...good, op: undefined }, 'invalid_argument', /sweep\[0\]\.op: expected "zero"/],
    [
      'set without a value',
      { ...good, op: 'set' },
      'invalid_argument',
      /sweep\[0\]\.value: expected a number or a tensor/,
    ],
    [
      'a trace without the activation',
      { ...good, op: undefined, from: new Map() },
      'unknown_name',
      /sweep\[0\]\.from: expected a run whose trace has "blocks\.0\.attn\.z"/,
    ],
    [
      'a place that does not exist',
      { ...good, at: 'blocks.{l}.attn.zz' },
      'unknown_name',
      /at: .* got "blocks\.0\.attn\.zz"/,
    ],
    ['no place', { ...good, at: [] }, 'invalid_argument', /at: expected a name or several/],
    [
      'heads of the residual',
      { ...good, at: 'blocks.{l}.resid_pre' },
      'unknown_name',
      /'blocks\.0\.resid_pre': this activation has no axis 'head'/,
    ],
    [
      'a head that is not there',
      { ...good, heads: [3] },
      'invalid_argument',
      /heads\[0\]: expected an integer from 0 to 2, got 3/,
    ],
    [
      'a layer that is not there',
      { ...good, layers: [0, 3] },
      'invalid_argument',
      /layers\[1\]: expected an integer from 0 to 2, got 3/,
    ],
    [
      'no layers',
      { ...good, layers: [] },
      'invalid_argument',
      /layers: expected an array of at least one/,
    ],
    [
      'layers without {l}',
      { ...good, over: 'positions', at: 'embed', layers: [0] },
      'invalid_argument',
      /layers: expected none, as at has no \{l\}/,
    ],
    [
      'positions of heads',
      { ...good, positions: [0] },
      'invalid_argument',
      /positions: expected none, as the sweep is over heads/,
    ],
    [
      'no metric',
      { ...good, metric: undefined },
      'invalid_argument',
      /metric\.kind: expected "logit_difference"/,
    ],
    [
      'an unknown metric',
      { ...good, metric: { kind: 'loss' } },
      'invalid_argument',
      /metric\.kind: .* got "loss"/,
    ],
    [
      'a metric with too much',
      { ...good, metric: { kind: 'norm', token: 3 } },
      'invalid_argument',
      /metric\.token: unknown/,
    ],
    [
      'a token that is not there',
      { ...good, metric: { kind: 'probability', token: 20 } },
      'invalid_argument',
      /metric\.token: expected an integer from 0 to 19, got 20/,
    ],
    [
      'no token',
      { ...good, metric: { kind: 'probability' } },
      'invalid_argument',
      /metric\.token: .* got undefined/,
    ],
    [
      'a position that is not there',
      { ...good, metric: { kind: 'norm', position: 3 } },
      'invalid_argument',
      /metric\.position: .* got 3/,
    ],
    [
      'positions for another batch',
      { ...good, metric: { kind: 'norm', position: [0, 1] } },
      'invalid_argument',
      /metric\.position: expected a number, or 1 for the batch/,
    ],
    [
      'a metric that gives no number',
      { ...good, metric: () => 'high' },
      'invalid_argument',
      /metric: expected a number of every output, got "high"/,
    ],
    [
      'a run that begins in the middle',
      { ...good, inputs: { start: { layer: 1, resid: tensor([1, 3, 12]) } } },
      'invalid_argument',
      /sweep: expected inputs from the beginning/,
    ],
    [
      'an unknown option',
      { ...good, options: { trace: true } },
      'invalid_argument',
      /options\.trace: unknown/,
    ],
  ];
  for (const [what, spec, code, message] of errors) {
    test(`error: ${what}`, () =>
      withModel('gpt2', (model) => assertRejects(model.sweep(spec), code, message)));
  }
  test('error: what is predicted, of a model that is not causal or has no logits', async () => {
    const spec = { ...good, metric: { kind: 'probability', token: 1 } };
    await withModel('bert', (model) =>
      assertRejects(
        model.sweep(spec),
        'invalid_argument',
        /metric\.position: expected the place of the token to predict/,
      ),
    );
    await withModel('listing', (model) =>
      assertRejects(
        model.sweep(spec),
        'invalid_argument',
        /metric: expected a model that makes logits/,
      ),
    );
    await withModel('listing', (model) =>
      assertRejects(
        model.sweep({ ...good, metric: { kind: 'norm', of: 'logits' } }),
        'invalid_argument',
        /metric\.of: this model makes no logits/,
      ),
    );
    await withModel('gpt2', (model) =>
      assertRejects(
        model.sweep(good, { progress: 1 }),
        'invalid_argument',
        /options\.progress: unknown/,
      ),
    );
    await withModel('gpt2', (model) =>
      assertRejects(
        model.sweep(good, { onProgress: 1 }),
        'invalid_argument',
        /onProgress: expected a function, got 1/,
      ),
    );
  });
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
