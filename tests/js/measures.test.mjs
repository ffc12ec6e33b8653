// Scores of heads, weight norms and rollout over real runs: what is left out, what is refused, and what there is none of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headMeasures, measureHeads, rollout, weightNorms } from 'attention-lab';
import * as worker from 'attention-lab/worker';
import { assertClose } from './compare.mjs';
import { assertError, forEachVariant, tensor } from './support.mjs';

/** One head's pattern [1, 1, T, S] from its rows. */
const patternOf = (rows) => ({
  data: Float32Array.from(rows.flat()),
  dims: [1, 1, rows.length, rows[0].length],
});
const only = (scores) =>
  Object.fromEntries(Object.entries(scores).map(([name, { data }]) => [name, data[0]]));

const config = {
  vocabSize: 9,
  dModel: 8,
  numLayers: 2,
  norm: 'pre',
  lmHead: true,
  attention: { numHeads: 4, numKvHeads: 2, causal: true },
};

forEachVariant('measures', (lab) => {
  test('the output of a model is measured as it is, and W_O is what the norms say', () => {
    const model = lab.rt.createModel(config, { seed: 2 });
    const inputIds = [
      [1, 2, 3, 1, 2],
      [4, 4, 5, 6, 4],
    ];
    const out = model.forward({ inputIds }, { outputAttentions: true, trace: true });
    const scores = measureHeads(out, { inputIds, parameters: model.parameters() });
    assert.deepEqual(Object.keys(scores).sort(), [...headMeasures].sort());
    assert.ok(scores.nextToken.data.every(Number.isNaN), 'a causal query has no next token');
    delete scores.nextToken;
    for (const { data, dims } of Object.values(scores)) {
      assert.deepEqual(dims, [2, 4]);
      assert.ok(data.every((score) => Number.isFinite(score) && score >= 0));
    }
    assert.deepEqual(measureHeads(out.attentions, { inputIds }).induction, scores.induction);
    const [norms] = weightNorms(out, { parameters: model.parameters() });
    assert.deepEqual(norms.dims, out.attentions[0].dims);

    // Without anything else, the first query's output is its own value through W_O: the head's norm is that of its part.
    const alone = model.forward(
      { inputIds: [1] },
      {
        outputAttentions: true,
        trace: true,
        interventions: [1, 2, 3].map((head) => ({ at: 'blocks.0.attn.z', head, op: 'zero' })),
      },
    );
    const bias = model.parameter('blocks.0.attn.out_proj.bias').data;
    const own = alone.trace.get('blocks.0.attn.out').data.map((x, i) => x - bias[i]);
    const [first] = weightNorms(alone, { parameters: model.parameters() });
    assertClose(
      { data: first.data.slice(0, 1), dims: [1] },
      { data: Float32Array.of(Math.hypot(...own)), dims: [1] },
      { absolute: 1e-5, relative: 1e-5 },
    );
    model.dispose();
  });
});

describe('measureHeads', () => {
  test('a perfect induction head, and an adjacent repetition', () => {
    const rows = [
      [1, 0, 0, 0],
      [0, 1, 0, 0],
      [0, 1, 0, 0],
      [0, 0, 1, 0],
    ];
    assert.equal(only(measureHeads([patternOf(rows)], { inputIds: [7, 8, 7, 8] })).induction, 1);
    assert.equal(
      only(
        measureHeads(
          [
            patternOf([
              [1, 0],
              [0.25, 0.75],
            ]),
          ],
          { inputIds: [7, 7] },
        ),
      ).induction,
      0.75,
    );
  });

  test('what no query has is NaN, and one token has next to nothing', () => {
    const scores = only(measureHeads([patternOf([[1]])], { inputIds: [3] }));
    assert.deepEqual(scores, {
      entropy: NaN,
      entropyBits: 0,
      previousToken: NaN,
      nextToken: NaN,
      firstToken: NaN,
      sameToken: NaN,
      induction: NaN,
      distance: 0,
    });
    const dead = only(
      measureHeads([
        patternOf([
          [0, 0],
          [0, 0],
        ]),
      ]),
    );
    assert.ok(Object.values(dead).every(Number.isNaN), 'a head without any weight has no tendency');
  });

  test('the next token: its mean weight over the queries that may attend to one', () => {
    const rows = [
      [0.25, 0.75, 0],
      [0, 0.5, 0.5],
      [0, 0, 1],
    ];
    const scores = (options) => only(measureHeads([patternOf(rows)], options));
    assert.equal(scores({}).nextToken, 0.625);
    assert.equal(scores({ attentionMask: [1, 1, 0] }).nextToken, 0.75);
    assert.equal(scores({ specialTokens: [true, false, false] }).nextToken, 0.5);
  });

  test('entropy is over the keys that a query may attend to', () => {
    const causal = patternOf([
      [1, 0, 0],
      [0.5, 0.5, 0],
      [1 / 3, 1 / 3, 1 / 3],
    ]);
    assert.ok(Math.abs(only(measureHeads([causal])).entropy - 1) < 1e-6);
  });

  test('special tokens are keys and no queries; padding is neither', () => {
    const rows = [
      [0, 1, 0],
      [1, 0, 0],
      [0.5, 0.5, 0],
    ];
    const scores = (options) => only(measureHeads([patternOf(rows)], options));
    assert.equal(scores({ specialTokens: [true, false, true] }).firstToken, 1);
    assert.equal(scores({ attentionMask: [1, 1, 0] }).firstToken, 1);
    assert.equal(scores({}).firstToken, 0.75);
    assert.equal(
      scores({ attentionMask: [0, 1, 1] }).firstToken,
      0.5,
      'the first token is the first that is no padding',
    );
  });

  test('in a worker entry too', () => {
    for (const name of ['measureHeads', 'rollout', 'weightNorms', 'headMeasures'])
      assert.ok(worker[name], name);
  });

  const good = [tensor([1, 2, 3, 3])];
  const errors = [
    [
      'no run',
      () => measureHeads(),
      'invalid_argument',
      /attentions: expected the output of forward with outputAttentions.* got undefined/,
    ],
    [
      'a run without attentions',
      () => measureHeads({ trace: new Map() }),
      'invalid_argument',
      /attentions: expected the output of forward with outputAttentions/,
    ],
    ['no layers', () => measureHeads([]), 'invalid_argument', /attentions: .* got an array of 0/],
    ['no tensor', () => measureHeads([3]), 'invalid_argument', /attentions\[0\]: expected \{ data/],
    [
      'three axes',
      () => measureHeads([tensor([2, 3, 3])]),
      'shape_mismatch',
      /attentions\[0\]: expected \[B, H, T, S\], got \[2, 3, 3\]/,
    ],
    [
      'layers of two shapes',
      () => measureHeads([...good, tensor([1, 2, 4, 4])]),
      'shape_mismatch',
      /attentions\[1\]: expected \[1, 2, 3, 3\]/,
    ],
    [
      'ids of another length',
      () => measureHeads(good, { inputIds: [1, 2] }),
      'shape_mismatch',
      /inputIds: expected \[1, 3\], got \[1, 2\]/,
    ],
    [
      'half an id',
      () => measureHeads(good, { inputIds: [1, 2.5, 3] }),
      'invalid_argument',
      /inputIds\[1\]/,
    ],
    [
      'a mask of twos',
      () => measureHeads(good, { attentionMask: [1, 2, 1] }),
      'invalid_argument',
      /attentionMask\[1\]/,
    ],
    [
      'special tokens of another length',
      () => measureHeads(good, { specialTokens: [true] }),
      'shape_mismatch',
      /specialTokens: .* \[1, 3\] tokens, got \[1, 1\]/,
    ],
    [
      'special tokens as ids',
      () => measureHeads(good, { specialTokens: [0, 1, 2] }),
      'invalid_argument',
      /specialTokens\[0\]: expected true or false, got 0/,
    ],
    [
      'special tokens as text',
      () => measureHeads(good, { specialTokens: 'CLS' }),
      'shape_mismatch',
      /specialTokens: .* got "CLS"/,
    ],
    [
      'a misspelt option',
      () => measureHeads(good, { ids: [1, 2, 3] }),
      'invalid_argument',
      /options\.ids: unknown/,
    ],
    [
      'parameters without a trace',
      () => measureHeads({ attentions: good }, { parameters: {} }),
      'unknown_name',
      /trace: expected "blocks\.0\.attn\.v"/,
    ],
    [
      'parameters and bare attentions',
      () => measureHeads(good, { parameters: {} }),
      'unknown_name',
      /trace: expected "blocks\.0\.attn\.v"/,
    ],
    [
      'parameters without the projection',
      () =>
        weightNorms(
          { attentions: good, trace: new Map([['blocks.0.attn.v', tensor([1, 2, 3, 4])]]) },
          { parameters: {} },
        ),
      'unknown_name',
      /parameters: expected "blocks\.0\.attn\.out_proj\.weight"/,
    ],
    [
      'a projection of another width',
      () =>
        weightNorms(
          { attentions: good, trace: new Map([['blocks.0.attn.v', tensor([1, 2, 3, 4])]]) },
          { parameters: { 'blocks.0.attn.out_proj.weight': tensor([8, 9]) } },
        ),
      'shape_mismatch',
      /expected \[D, 8\], got \[8, 9\]/,
    ],
    [
      'values of another run',
      () =>
        weightNorms({
          attentions: good,
          trace: new Map([['blocks.0.attn.v', tensor([1, 2, 5, 4])]]),
        }),
      'shape_mismatch',
      /blocks\.0\.attn\.v: expected \[1, G, 3, K\]/,
    ],
    [
      'rollout of cross-attention',
      () => rollout([tensor([1, 2, 3, 4])]),
      'shape_mismatch',
      /expected \[B, H, T, T\] of self-attention, got \[1, 2, 3, 4\]/,
    ],
    [
      'rollout by the sum',
      () => rollout(good, { heads: 'sum' }),
      'invalid_argument',
      /heads: expected "mean" or "max" or "min", got "sum"/,
    ],
    [
      'rollout with too much residual',
      () => rollout(good, { residual: 1.5 }),
      'invalid_argument',
      /residual: expected a share from 0 to 1, got 1\.5/,
    ],
    [
      'rollout of too many layers',
      () => rollout(good, { layers: 2 }),
      'invalid_argument',
      /layers: expected an integer from 1 to 1, got 2/,
    ],
  ];
  for (const [what, run, code, message] of errors)
    test(`error: ${what}`, () => assertError(run, code, message));
});
