// What a sweep refuses, by name.
import { test } from 'node:test';
import { assertRejects, forEachVariant, tensor } from './support.mjs';
import { withModel } from './sweep-models.mjs';

forEachVariant('sweep: errors', (lab) => {
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
      withModel(lab, 'gpt2', (model) => assertRejects(model.sweep(spec), code, message)));
  }
  test('error: what is predicted, of a model that is not causal or has no logits', async () => {
    const spec = { ...good, metric: { kind: 'probability', token: 1 } };
    await withModel(lab, 'bert', (model) =>
      assertRejects(
        model.sweep(spec),
        'invalid_argument',
        /metric\.position: expected the place of the token to predict/,
      ),
    );
    await withModel(lab, 'listing', (model) =>
      assertRejects(
        model.sweep(spec),
        'invalid_argument',
        /metric: expected a model that makes logits/,
      ),
    );
    await withModel(lab, 'listing', (model) =>
      assertRejects(
        model.sweep({ ...good, metric: { kind: 'norm', of: 'logits' } }),
        'invalid_argument',
        /metric\.of: this model makes no logits/,
      ),
    );
    await withModel(lab, 'gpt2', (model) =>
      assertRejects(
        model.sweep(good, { progress: 1 }),
        'invalid_argument',
        /options\.progress: unknown/,
      ),
    );
    await withModel(lab, 'gpt2', (model) =>
      assertRejects(
        model.sweep(good, { onProgress: 1 }),
        'invalid_argument',
        /onProgress: expected a function, got 1/,
      ),
    );
  });
});
