// A pass that begins at a block, with what another pass recorded there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertError, forEachVariant, tensor } from './support.mjs';
import { batch, configs, withModel } from './sweep-models.mjs';

forEachVariant('start', (lab) => {
  test('a pass that begins at a block is the whole pass to the last bit', async () => {
    for (const name of Object.keys(configs)) {
      if (configs[name].encoder || configs[name].image) continue; // no pass of these begins at a block of ids
      await withModel(lab, name, (model) => {
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
      withModel(lab, 'gpt2', (model) =>
        assertError(() => model.forward(inputs, options), code, message),
      ));
  }
});
