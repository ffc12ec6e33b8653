// Windows and global tokens: linear memory, what a pattern may hold, edits, configs of one's own, and what is refused.
// Agreement with LongformerModel and LongformerForMaskedLM is tested by the golden group `longformer`.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { assertAllClose } from './compare.mjs';
import { checkpointPath } from './golden.mjs';
import { assertError, assertRejects, assertWorks, forEachVariant, variants } from './support.mjs';

const small = {
  vocabSize: 30,
  maxLen: 40,
  dModel: 12,
  numLayers: 2,
  positions: 'learned',
  padTokenId: 0,
  positionOffset: 1,
  attention: { numHeads: 3, window: [2, 3], globalTokens: true },
};
const T = 13;
const inputIds = Array.from({ length: T }, (_, i) => 1 + ((7 * i) % 29));
const globalAttentionMask = Array.from({ length: T }, (_, i) => (i === 0 || i === 8 ? 1 : 0));
const close = { absolute: 2e-6, relative: 2e-6 };

/** The checkpoint with other fields of config.json. */
function withFields(name, changes) {
  const folder = checkpointPath(name);
  return readdirSync(folder).map((file) => {
    const content = readFileSync(`${folder}/${file}`);
    const json = file === 'config.json' && JSON.stringify({ ...JSON.parse(content), ...changes });
    return new File([json || content], file);
  });
}

forEachVariant('windows and global tokens', (lab) => {
  const withModel = (config, run) => {
    const model = lab.rt.createModel({ ...small, ...config }, { seed: 4 });
    try {
      return run(model);
    } finally {
      model.dispose();
    }
  };
  const hidden = (model, inputs, options) =>
    new Map([['hidden', model.forward(inputs, options).lastHiddenState]]);

  test('a pattern is zero outside of the window, but for global rows and columns, and its rows sum to 1', () =>
    withModel({}, (model) => {
      const { attentions } = model.forward(
        { inputIds, globalAttentionMask },
        { outputAttentions: true },
      );
      attentions.forEach(({ data, dims }, layer) => {
        assert.deepEqual(dims, [1, 3, T, T]);
        for (let row = 0; row < 3 * T; ++row) {
          const t = row % T;
          const weights = data.subarray(row * T, (row + 1) * T);
          assert.ok(Math.abs(weights.reduce((a, b) => a + b) - 1) < 1e-6);
          weights.forEach((weight, s) => {
            const allowed =
              globalAttentionMask[t] ||
              globalAttentionMask[s] ||
              Math.abs(t - s) <= small.attention.window[layer];
            assert.equal(weight > 0, Boolean(allowed), `layer ${layer}, ${t} → ${s}`);
          });
        }
      });
    }));

  test('asking for patterns, or editing nothing away, leaves the output as it was', () =>
    withModel({}, (model) => {
      const inputs = { inputIds, globalAttentionMask };
      const plain = hidden(model, inputs);
      assertAllClose(hidden(model, inputs, { outputAttentions: true, trace: true }), plain, close);
      for (const at of model.activationNames()) {
        assertAllClose(
          hidden(model, inputs, { interventions: [{ at, op: 'scale', value: 1 }] }),
          plain,
          close,
        );
      }
    }));

  test('an edit of every activation changes what comes after it; a zeroed pattern is a zeroed z', () =>
    withModel({}, (model) => {
      const inputs = { inputIds, globalAttentionMask };
      const plain = hidden(model, inputs);
      for (const at of model.activationNames()) {
        const edited = hidden(model, inputs, { interventions: [{ at, op: 'scale', value: -2 }] });
        assert.throws(() => assertAllClose(edited, plain, { absolute: 1e-4, relative: 0 }), at);
      }
      const zeroed = (at) =>
        hidden(model, inputs, { interventions: [{ at, head: 1, op: 'zero' }] });
      assertAllClose(zeroed('blocks.1.attn.pattern'), zeroed('blocks.1.attn.z'), close);
    }));

  test('without a mask, or with one of zeros, only the windows count', () =>
    withModel({}, (model) => {
      const none = new Array(T).fill(0);
      assert.deepEqual(
        hidden(model, { inputIds, globalAttentionMask: none }),
        hidden(model, { inputIds }),
      );
      const only = lab.rt.createModel({ ...small, attention: { numHeads: 3, window: [2, 3] } });
      try {
        only.setParameters(
          new Map([...model.parameters()].filter(([name]) => !name.includes('_global_'))),
        );
        assert.deepEqual(hidden(only, { inputIds }), hidden(model, { inputIds }));
      } finally {
        only.dispose();
      }
    }));

  test('padding changes nothing before it, and a padded token is not global', () =>
    withModel({}, (model) => {
      const alone = model.forward({ inputIds, globalAttentionMask }).lastHiddenState;
      const padded = model.forward({
        inputIds: [...inputIds, 0, 0, 0],
        attentionMask: [...new Array(T).fill(1), 0, 0, 0],
        globalAttentionMask: [...globalAttentionMask, 1, 0, 1],
      }).lastHiddenState;
      const head = { data: padded.data.subarray(0, alone.data.length), dims: alone.dims };
      assertAllClose(new Map([['hidden', head]]), new Map([['hidden', alone]]), close);
    }));

  test('a window alone: of one layer, and of a causal model that generates', () => {
    const layer = lab.rt.createAttention({ dModel: 6, numHeads: 2, window: 1 }, { seed: 1 });
    try {
      const query = {
        data: Float32Array.from({ length: 5 * 6 }, (_, i) => Math.sin(i)),
        dims: [5, 6],
      };
      const pattern = layer.forward({ query }, { trace: ['pattern'] }).trace.get('pattern');
      pattern.data.forEach((weight, i) =>
        assert.equal(weight > 0, Math.abs((Math.floor(i / 5) % 5) - (i % 5)) <= 1),
      );
    } finally {
      layer.dispose();
    }
    withModel(
      { lmHead: true, attention: { numHeads: 3, causal: true, window: [1, 2] } },
      (model) => {
        const { ids } = model.generate(inputIds, { maxNewTokens: 6 });
        const { data } = model.forward({ inputIds: ids.slice(0, -1) }).logits;
        for (let t = T - 1; t < ids.length - 1; ++t) {
          const logits = data.subarray(t * 30, (t + 1) * 30);
          assert.equal(logits.indexOf(Math.max(...logits)), ids[t + 1]);
        }
      },
    );
  });

  test('one attention_window for all layers is as many', async () => {
    const run = async (files) => {
      const model = await lab.rt.loadModel(files);
      try {
        return hidden(model, { inputIds: inputIds.map((id) => id + 4), globalAttentionMask });
      } finally {
        model.dispose();
      }
    };
    assert.deepEqual(
      await run(withFields('longformer_mlm', { attention_window: 6 })),
      await run(withFields('longformer_mlm', {})),
    );
  });

  const badFiles = [
    [
      { attention_window: 5 },
      'bad_checkpoint',
      /attention_window: expected an even size above 0, or one for each of the 2 layers, got 5/,
    ],
    [{ attention_window: [4] }, 'bad_checkpoint', /attention_window: .*got \[4\]/],
    [{ attention_window: 0 }, 'bad_checkpoint', /attention_window: .*got 0/],
    [{ attention_window: '8' }, 'bad_checkpoint', /attention_window: .*got "8"/],
    [
      { num_attention_heads: 3 },
      'unsupported_checkpoint',
      /num_attention_heads: expected a divisor of hidden_size 16, got 3/,
    ],
    [{ hidden_act: 'relu' }, 'unsupported_checkpoint', /hidden_act: expected "gelu", got "relu"/],
    [
      { model_type: 'roberta', architectures: ['RobertaForMaskedLM'] },
      'checkpoint_mismatch',
      /roberta\..*missing|unexpected/,
    ],
  ];
  for (const [changes, code, message] of badFiles) {
    test(`refuses a checkpoint with ${JSON.stringify(changes)}`, async () => {
      await assertRejects(lab.rt.loadModel(withFields('longformer_mlm', changes)), code, message);
      assert.equal(lab.rt.liveHandles, 0);
    });
  }

  const badConfigs = [
    [{ window: -1 }, /config\.attention\.window: expected an integer from 0 .* got -1/],
    [{ window: NaN }, /config\.attention\.window: .* got NaN/],
    [
      { window: [1, 2, 3] },
      /config\.attention\.window: expected one for each of the 2 layers, got 3/,
    ],
    [{ window: [1, 2.5] }, /config\.attention\.window\[1\]: .* got 2\.5/],
    [{ window: 'wide' }, /config\.attention\.window: expected a number, or an array .* got "wide"/],
    [{ globalTokens: 1 }, /config\.attention\.globalTokens: expected true or false, got 1/],
    [{ causal: true, globalTokens: true }, /globalTokens: expected neither causal/],
    [{ normalisation: 'none', globalTokens: true }, /globalTokens: expected .*softmax/],
  ];
  for (const [attention, message] of badConfigs) {
    test(`refuses attention ${JSON.stringify(attention)}`, () =>
      assertError(
        () => lab.rt.createModel({ ...small, attention: { numHeads: 3, ...attention } }),
        'invalid_argument',
        message,
      ));
  }
  test('refuses global tokens with a bias on the scores', () =>
    assertError(
      () => lab.rt.createModel({ ...small, positions: 'alibi' }),
      'invalid_argument',
      /globalTokens: expected positions that are no bias/,
    ));

  test('refuses masks that do not fit', () =>
    withModel({}, (model) => {
      const refuse = (inputs, code, message) =>
        assertError(() => model.forward({ inputIds, ...inputs }), code, message);
      refuse(
        { globalAttentionMask: [1, 0] },
        'shape_mismatch',
        /globalAttentionMask: expected \[1, 13\], got \[1, 2\]/,
      );
      refuse(
        { globalAttentionMask: new Array(T).fill(2) },
        'invalid_argument',
        /globalAttentionMask\[0\]: expected an integer from 0 to 1, got 2/,
      );
      refuse({ globalAttentionMask: 'first' }, 'invalid_argument', /globalAttentionMask/);
      assertError(
        () => model.forward({ inputIds: new Array(41).fill(1) }),
        'invalid_argument',
        /at most maxLen 40 tokens, got 41/,
      );
      assertWorks(lab.rt);
      withModel({ attention: { numHeads: 3 } }, (plain) =>
        assertError(
          () => plain.forward({ inputIds, globalAttentionMask }),
          'invalid_argument',
          /globalAttentionMask: this model has no global tokens/,
        ),
      );
    }));

  test('infinite weights give NaN where they reach, and the runtime works on', () =>
    withModel({}, (model) => {
      const name = 'blocks.0.attn.q_global_proj.bias';
      model.setParameter(name, { data: new Float32Array(12).fill(Infinity), dims: [12] });
      const { data } = model.forward({ inputIds, globalAttentionMask }).lastHiddenState;
      assert.ok(Number.isNaN(data[0]), 'a global token');
      assertWorks(lab.rt);
    }));
});

for (const variant of variants) {
  test(`a long sequence makes no matrix T × T (${variant})`, async () => {
    const rt = await createRuntime({ variant }); // its own, as memory never shrinks
    const length = 16384;
    const model = rt.createModel({
      ...small,
      maxLen: length,
      attention: { numHeads: 3, window: 16, globalTokens: true },
    });
    const before = rt.memoryBytes;
    const mask = Array.from({ length }, (_, i) => (i % 4000 === 0 ? 1 : 0));
    model.forward({
      inputIds: Array.from({ length }, (_, i) => 1 + (i % 29)),
      globalAttentionMask: mask,
    });
    const grown = rt.memoryBytes - before;
    model.dispose();
    assert.ok(
      grown < (4 * length ** 2) / 50,
      `${grown} bytes; one matrix T × T has ${4 * length ** 2}`,
    );
  });
}
