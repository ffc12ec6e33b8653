// rt.createModel and Model.forward: inputs in all their forms, properties of a batch, options, and every error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { assertClose } from './compare.mjs';
import { assertError, assertWorks, forEachVariant, mask, slice, tensor } from './support.mjs';

const tolerance = { absolute: 5e-5, relative: 5e-5 };
const small = {
  vocabSize: 20,
  maxLen: 8,
  typeVocabSize: 2,
  dModel: 12,
  numLayers: 2,
  positions: 'learned',
  embedNorm: true,
  attention: { numHeads: 3 },
  pooler: true,
  maskedLmHead: true,
};

forEachVariant('model', (lab) => {
  const withModel = (config, run, options = { seed: 3 }) => {
    const model = lab.rt.createModel(config, options);
    try {
      return run(model);
    } finally {
      model.dispose();
    }
  };

  test('outputs have the shapes of the documentation', () =>
    withModel(small, (model) => {
      const out = model.forward(
        {
          inputIds: [
            [1, 2, 3],
            [4, 5, 6],
          ],
        },
        { outputAttentions: true },
      );
      assert.deepEqual(out.lastHiddenState.dims, [2, 3, 12]);
      assert.deepEqual(out.logits.dims, [2, 3, 20]);
      assert.deepEqual(out.poolerOutput.dims, [2, 12]);
      assert.deepEqual(
        out.attentions.map(({ dims }) => dims),
        [
          [2, 3, 3, 3],
          [2, 3, 3, 3],
        ],
      );
      assert.equal(out.trace.size, 0);
      assert.ok(out.logits.data.every(Number.isFinite));
      const plain = model.forward({ inputIds: [1, 2, 3] });
      assert.equal(plain.attentions, undefined);
      assert.deepEqual(plain.lastHiddenState.dims, [1, 3, 12]);
    }));

  test('a model without heads has no logits and no pooler output', () =>
    withModel({ vocabSize: 5, dModel: 4, numLayers: 1, attention: { numHeads: 1 } }, (model) => {
      const out = model.forward({ inputIds: [1, 2] });
      assert.equal(out.logits, undefined);
      assert.equal(out.poolerOutput, undefined);
      assert.equal(model.tokenizer, undefined);
      assertError(() => model.encode('text'), 'no_tokenizer', /no tokenizer; pass token ids/);
      assertError(() => model.decode([1]), 'no_tokenizer', /no tokenizer/);
    }));

  test('ids as an array, nested arrays and a tensor are the same', () =>
    withModel(small, (model) => {
      const nested = model.forward({
        inputIds: [[1, 2, 3]],
        attentionMask: [[1, 1, 0]],
        tokenTypeIds: [[0, 1, 1]],
      });
      const flat = model.forward({
        inputIds: [1, 2, 3],
        attentionMask: [1, 1, 0],
        tokenTypeIds: [0, 1, 1],
      });
      const ids = (...values) => ({ data: Int32Array.from(values), dims: [1, 3] });
      const typed = model.forward({
        inputIds: ids(1, 2, 3),
        attentionMask: ids(1, 1, 0),
        tokenTypeIds: ids(0, 1, 1),
      });
      assert.deepEqual(flat, nested);
      assert.deepEqual(typed, nested);
      assert.notDeepEqual(model.forward({ inputIds: [1, 2, 3] }), nested);
    }));

  test('batch = one by one', () =>
    withModel(small, (model) => {
      const inputIds = [
        [1, 2, 3],
        [7, 8, 9],
        [19, 0, 4],
      ];
      const { logits } = model.forward({ inputIds });
      inputIds.forEach((ids, b) =>
        assertClose(slice(logits, b), slice(model.forward({ inputIds: ids }).logits, 0), tolerance),
      );
    }));

  test('padding changes nothing', () =>
    withModel(small, (model) => {
      const alone = model.forward({ inputIds: [5, 6, 7] }, { outputAttentions: true });
      const padded = model.forward(
        { inputIds: [5, 6, 7, 0, 0], attentionMask: [1, 1, 1, 0, 0] },
        { outputAttentions: true },
      );
      for (let t = 0; t < 3; ++t) {
        assertClose(slice(slice(padded.logits, 0), t), slice(slice(alone.logits, 0), t), tolerance);
      }
      for (let t = 0; t < 3; ++t) {
        assert.deepEqual([...padded.attentions[1].data.slice(t * 5 + 3, t * 5 + 5)], [0, 0]);
      }
      assertClose(padded.poolerOutput, alone.poolerOutput, tolerance);
    }));

  test('causal: outputs do not depend on later tokens', () =>
    withModel(small, (model) => {
      const states = (last) =>
        model.forward({ inputIds: [5, 6, 7, last] }, { causal: true }).lastHiddenState;
      const [a, b] = [states(1), states(2)].map((states) => slice(states, 0));
      for (let t = 0; t < 3; ++t) assert.deepEqual(slice(a, t), slice(b, t));
      assert.notDeepEqual(slice(a, 3), slice(b, 3));
      withModel({ ...small, attention: { numHeads: 3, causal: true } }, (causal) => {
        const byConfig = causal.forward({ inputIds: [5, 6, 7, 1] });
        const byOption = model.forward({ inputIds: [5, 6, 7, 1] }, { causal: true });
        assert.deepEqual(byConfig, byOption);
        assert.deepEqual(
          causal.forward({ inputIds: [5, 6] }, { causal: false }),
          model.forward({ inputIds: [5, 6] }),
        );
      });
    }));

  test('a mask in the options restricts every attention', () =>
    withModel(small, (model) => {
      const lower = mask([4, 4], (i) => (i % 4 <= Math.floor(i / 4) ? 1 : 0));
      assert.deepEqual(
        model.forward({ inputIds: [1, 2, 3, 4] }, { mask: lower }),
        model.forward({ inputIds: [1, 2, 3, 4] }, { causal: true }),
      );
    }));

  test('temperature flattens', () =>
    withModel(small, (model) => {
      const first = (temperature) =>
        model.forward({ inputIds: [1, 2, 3, 4] }, { temperature, outputAttentions: true })
          .attentions[0];
      assert.ok(first(1e6).data.every((weight) => Math.abs(weight - 0.25) < 1e-4));
      assert.ok(Math.max(...first(1e-4).data) > 0.99);
    }));

  test('inputsEmbeds takes the place of token embeddings', () =>
    withModel({ dModel: 4, numLayers: 1, attention: { numHeads: 2 } }, (model) => {
      const { lastHiddenState } = model.forward({ inputsEmbeds: tensor([2, 3, 4]) });
      assert.deepEqual(lastHiddenState.dims, [2, 3, 4]);
      assertError(
        () => model.forward({ inputIds: [1] }),
        'invalid_argument',
        /inputIds: this model has no embedding/,
      );
    }));

  test('trace gives what is named, and everything on request', () =>
    withModel(small, (model) => {
      const names = model.activationNames();
      for (const name of [
        'embed',
        'blocks.0.resid_pre',
        'blocks.1.attn.pattern',
        'blocks.1.mlp.post',
        'blocks.1.resid_post',
        'logits',
      ]) {
        assert.ok(names.includes(name), `${name} in ${names.join(' ')}`);
      }
      const inputIds = [1, 2, 3];
      const some = model.forward(
        { inputIds },
        { trace: ['blocks.1.attn.pattern'], outputAttentions: true },
      );
      assert.deepEqual([...some.trace.keys()], ['blocks.1.attn.pattern']);
      assert.deepEqual(some.trace.get('blocks.1.attn.pattern'), some.attentions[1]);
      const { trace, ...outputs } = model.forward({ inputIds }, { trace: true });
      assert.deepEqual([...trace.keys()].sort(), [...names].sort());
      assertClose(
        outputs.logits,
        model.forward({ inputIds }).logits,
        tolerance,
        'tracing changes nothing',
      );
    }));

  test('an intervention changes what comes after it, and only that', () =>
    withModel(small, (model) => {
      const inputIds = [1, 2, 3];
      const run = (interventions) => model.forward({ inputIds }, { interventions, trace: true });
      const plain = run([]);
      const edited = run([{ at: 'blocks.1.attn.pattern', head: 2, op: 'zero' }]);
      assert.deepEqual(
        edited.trace.get('blocks.0.resid_post'),
        plain.trace.get('blocks.0.resid_post'),
      );
      const pattern = edited.trace.get('blocks.1.attn.pattern');
      assert.ok(pattern.data.slice(18).every((weight) => weight === 0));
      assert.deepEqual(
        pattern.data.slice(0, 18),
        plain.trace.get('blocks.1.attn.pattern').data.slice(0, 18),
      );
      assert.notDeepEqual(edited.logits, plain.logits);
      const back = run([
        { at: 'blocks.1.attn.pattern', head: 2, op: 'scale', value: 0 },
        { at: 'blocks.1.attn.pattern', op: 'set', value: plain.trace.get('blocks.1.attn.pattern') },
      ]);
      assertClose(back.logits, plain.logits, tolerance);
      const moved = run([{ at: 'embed', index: 0, op: 'add', value: 1.5 }]).trace.get('embed');
      assert.ok(Math.abs(moved.data[0] - plain.trace.get('embed').data[0] - 1.5) < 1e-6);
    }));

  test('the same seed gives the same model', () => {
    const logits = (seed) =>
      withModel(small, (model) => model.forward({ inputIds: [1, 2] }).logits, { seed });
    assert.deepEqual(logits(1), logits(1));
    assert.notDeepEqual(logits(1), logits(2));
  });

  test('error: NaN weights, by name and place; nothing is written, and the runtime works on', () => {
    withModel(small, (model) => {
      const name = 'blocks.0.mlp.fc1.weight';
      const sound = model.parameter(name);
      const data = sound.data.slice();
      data[7] = NaN;
      const message = /blocks\.0\.mlp\.fc1\.weight\[7\]: expected a number, got NaN/;
      assertError(
        () => model.setParameter(name, { data, dims: sound.dims }),
        'not_finite',
        message,
      );
      const gain = { data: new Float32Array(12).fill(3), dims: [12] };
      assertError(
        () =>
          model.setParameters({
            'blocks.0.norm1.weight': gain,
            [name]: { data, dims: sound.dims },
          }),
        'not_finite',
        message,
      );
      assert.deepEqual(model.parameter(name), sound);
      assert.notDeepEqual(model.parameter('blocks.0.norm1.weight'), gain);
    });
    assertWorks(lab.rt);
  });

  test('infinite weights, and what is not a number because of them, pass through as in PyTorch', () => {
    withModel(small, (model) => {
      model.setParameter('blocks.0.mlp.fc1.weight', {
        data: new Float32Array(48 * 12).fill(Infinity),
        dims: [48, 12],
      });
      assert.ok(model.forward({ inputIds: [1, 2] }).logits.data.every(Number.isNaN));
    });
    assertWorks(lab.rt);
  });

  const configErrors = [
    ['none', undefined, 'invalid_argument', /config: expected an object, got undefined/],
    [
      'no attention',
      { dModel: 4, numLayers: 1 },
      'invalid_argument',
      /config\.attention: expected an object, got undefined/,
    ],
    [
      'two dModels',
      { ...small, attention: { numHeads: 1, dModel: 12 } },
      'invalid_argument',
      /config\.attention\.dModel: unknown/,
    ],
    [
      'a misspelt field',
      { ...small, numLayer: 1 },
      'invalid_argument',
      /config\.numLayer: unknown/,
    ],
    [
      'heads that do not divide',
      { ...small, attention: { numHeads: 5 } },
      'invalid_argument',
      /config\.attention\.numHeads: expected a divisor of dModel 12.* got 5/,
    ],
    [
      'a negative size',
      { ...small, vocabSize: -1 },
      'invalid_argument',
      /config\.vocabSize: .* got -1/,
    ],
    [
      'an unknown activation',
      { ...small, activation: 'sigmoid' },
      'invalid_argument',
      /config\.activation: expected "relu" or .* got "sigmoid"/,
    ],
    ['eps 0', { ...small, normEps: 0 }, 'invalid_argument', /config\.normEps: .* got 0/],
    [
      'a head without a vocabulary',
      { ...small, vocabSize: 0 },
      'invalid_argument',
      /config\.maskedLmHead: expected a vocabSize above 0/,
    ],
    [
      'an attention of another width',
      { ...small, attention: { numHeads: 1, dHead: 5, outProjection: false } },
      'invalid_argument',
      /./,
    ],
  ];
  for (const [what, config, code, message] of configErrors) {
    test(`error: config: ${what}`, () =>
      assertError(() => lab.rt.createModel(config), code, message));
  }
  test('error: a model larger than memory leaves nothing behind', () => {
    const huge = { vocabSize: 1 << 24, dModel: 1 << 12, numLayers: 1, attention: { numHeads: 1 } };
    assertError(() => lab.rt.createModel(huge), 'out_of_memory', /./);
    assertWorks(lab.rt);
  });

  const forwardErrors = [
    ['no inputs', [], 'invalid_argument', /inputs: expected an object, got undefined/],
    [
      'empty inputs',
      [{}],
      'invalid_argument',
      /inputs: expected either inputIds or inputsEmbeds, got neither/,
    ],
    [
      'both',
      [{ inputIds: [1], inputsEmbeds: tensor([1, 1, 12]) }],
      'invalid_argument',
      /expected either inputIds or inputsEmbeds, got inputIds and inputsEmbeds/,
    ],
    ['a misspelt input', [{ inputIDs: [1] }], 'invalid_argument', /inputs\.inputIDs: unknown/],
    ['text', [{ inputIds: 'the cat' }], 'invalid_argument', /inputIds: expected/],
    [
      'no tokens',
      [{ inputIds: [] }],
      'invalid_argument',
      /at least one sequence of one token, got \[1, 0\]/,
    ],
    [
      'an empty batch',
      [{ inputIds: { data: new Int32Array(0), dims: [0, 3] } }],
      'invalid_argument',
      /got \[0, 3\]/,
    ],
    [
      'an id too large',
      [{ inputIds: [1, 20] }],
      'invalid_argument',
      /inputIds\[1\]: expected an integer from 0 to 19, got 20/,
    ],
    [
      'a negative id',
      [{ inputIds: [[1], [-1]] }],
      'invalid_argument',
      /inputIds\[1\]\[0\]: .* got -1/,
    ],
    ['half an id', [{ inputIds: [1.5] }], 'invalid_argument', /inputIds\[0\]: .* got 1\.5/],
    ['NaN', [{ inputIds: [NaN] }], 'invalid_argument', /inputIds\[0\]: .* got NaN/],
    ['a hole', [{ inputIds: [1, , 2] }], 'invalid_argument', /inputIds\[1\]: .* got undefined/], // eslint-disable-line no-sparse-arrays
    [
      'a large bigint',
      [{ inputIds: [2n ** 40n] }],
      'invalid_argument',
      /inputIds\[0\]: .* got 1099511627776n/,
    ],
    [
      'a ragged batch',
      [{ inputIds: [[1, 2], [3]] }],
      'shape_mismatch',
      /inputIds\[1\]: expected 2 ids as in inputIds\[0\], got 1; pad .* attentionMask/,
    ],
    [
      'a mixed batch',
      [{ inputIds: [[1, 2], 3] }],
      'invalid_argument',
      /inputIds\[1\]: expected an array of ids, got 3/,
    ],
    [
      'three axes',
      [{ inputIds: { data: Int32Array.of(1), dims: [1, 1, 1] } }],
      'shape_mismatch',
      /inputIds: expected \[T\] or \[B, T\], got \[1, 1, 1\]/,
    ],
    [
      'an id out of range in a tensor',
      [{ inputIds: { data: Int32Array.of(99), dims: [1] } }],
      'invalid_argument',
      /inputIds\.data\[0\]: .* got 99/,
    ],
    [
      'floats',
      [{ inputIds: tensor([3]) }],
      'invalid_argument',
      /inputIds\.data\[0\]: expected an integer of 32 bits, got 0\.25/,
    ],
    [
      'too long',
      [{ inputIds: [1, 2, 3, 4, 5, 6, 7, 8, 9] }],
      'invalid_argument',
      /at most maxLen 8 tokens, got 9/,
    ],
    [
      'a mask of another length',
      [{ inputIds: [1, 2], attentionMask: [1] }],
      'shape_mismatch',
      /attentionMask: expected \[1, 2\], got \[1, 1\]/,
    ],
    [
      'a mask of twos',
      [{ inputIds: [1, 2], attentionMask: [1, 2] }],
      'invalid_argument',
      /attentionMask\[1\]: expected an integer from 0 to 1, got 2/,
    ],
    [
      'an unknown token type',
      [{ inputIds: [1], tokenTypeIds: [2] }],
      'invalid_argument',
      /tokenTypeIds\[0\]: expected an integer from 0 to 1, got 2/,
    ],
    [
      'embeddings of another width',
      [{ inputsEmbeds: tensor([1, 2, 13]) }],
      'shape_mismatch',
      /inputsEmbeds: expected \[B, T, 12\], got \[1, 2, 13\]/,
    ],
    [
      'an unknown option',
      [{ inputIds: [1] }, { outputAttention: true }],
      'invalid_argument',
      /options\.outputAttention: unknown/,
    ],
    [
      'an unknown activation',
      [{ inputIds: [1] }, { trace: ['blocks.9.attn.q'] }],
      'unknown_name',
      /trace\[0\]: .* got "blocks\.9\.attn\.q"/,
    ],
    [
      'a mask of the wrong shape',
      [{ inputIds: [1, 2] }, { mask: mask([3, 3], () => 1) }],
      'shape_mismatch',
      /mask: expected \[2, 2\].* got \[3, 3\]/,
    ],
    [
      'an edit at a name that does not exist',
      [{ inputIds: [1] }, { interventions: [{ at: 'nowhere', op: 'zero' }] }],
      'unknown_name',
      /interventions\[0\]\.at: .* got "nowhere"/,
    ],
    [
      'an unknown edit',
      [{ inputIds: [1] }, { interventions: [{ at: 'embed', op: 'erase' }] }],
      'invalid_argument',
      /interventions\[0\]\.op: .* got "erase"/,
    ],
    [
      'an edit without its value',
      [{ inputIds: [1] }, { interventions: [{ at: 'embed', op: 'add' }] }],
      'invalid_argument',
      /interventions\[0\]\.value: expected a number or a tensor, got undefined/,
    ],
    [
      'an edit with a value it ignores',
      [{ inputIds: [1] }, { interventions: [{ at: 'embed', op: 'zero', value: 1 }] }],
      'invalid_argument',
      /interventions\[0\]\.value: expected none/,
    ],
    [
      'an edit of a head of the residual',
      [{ inputIds: [1] }, { interventions: [{ at: 'embed', head: 0, op: 'zero' }] }],
      'unknown_name',
      /no axis 'head'/,
    ],
    [
      'an edit of a head that is not there',
      [{ inputIds: [1] }, { interventions: [{ at: 'blocks.0.attn.z', head: 3, op: 'zero' }] }],
      'invalid_argument',
      /head/,
    ],
    [
      'an edit by a tensor of the wrong shape',
      [{ inputIds: [1] }, { interventions: [{ at: 'embed', op: 'set', value: tensor([5]) }] }],
      'shape_mismatch',
      /\[5\]/,
    ],
  ];
  for (const [what, args, code, message] of forwardErrors) {
    test(`error: forward: ${what}`, () =>
      withModel(small, (model) => {
        assertError(() => model.forward(...args), code, message);
        assert.ok(model.forward({ inputIds: [1] }).logits.data.every(Number.isFinite));
      }));
  }

  test('dispose: twice is once, and use afterwards is an error', () => {
    const model = lab.rt.createModel(small);
    assert.equal(lab.rt.liveHandles, 1);
    model.dispose();
    model[Symbol.dispose]();
    assert.equal(lab.rt.liveHandles, 0);
    assertError(
      () => model.forward({ inputIds: [1] }),
      'disposed',
      /Model: used after dispose\(\)/,
    );
  });

  test('a model that was dropped without dispose is collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    (() => lab.rt.createModel(small))();
    for (let turn = 0; turn < 100 && lab.rt.liveHandles > 0; ++turn) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(lab.rt.liveHandles, 0);
  });
});
