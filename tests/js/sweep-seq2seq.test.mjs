// Sweeps over an encoder and a decoder: each value is that of the same edit made alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forEachVariant } from './support.mjs';
import { assertOneByOne, batch, probability, row, withModel } from './sweep-models.mjs';

forEachVariant('sweep of an encoder–decoder', (lab) => {
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
      withModel(lab, 'pair', async (model) => {
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
      withModel(lab, 'held', async (model) => {
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
    withModel(lab, 'held', async (model) => {
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
});
