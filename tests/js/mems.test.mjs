// Transformer-XL's mems: what it equals, how it grows, that it travels through a worker, and what is refused.
// Agreement with the paper's equations is tested by the golden group `transformer_xl`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertAllClose } from './compare.mjs';
import { assertError, assertRejects, assertWorks, forEachVariant, variants } from './support.mjs';

const small = {
  vocabSize: 20,
  dModel: 12,
  numLayers: 2,
  positions: 'transformer_xl',
  memLength: 16,
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 3, causal: true },
};
const inputIds = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
const close = { absolute: 5e-6, relative: 5e-6 };
const named = (tensor) => new Map([['value', tensor]]);

/** lastHiddenState of all segments, one behind the other, and the last mems. */
function inSegments(model, lengths, options = {}) {
  const parts = [];
  let mems;
  let first = 0;
  for (const length of lengths) {
    const output = model.forward(
      { inputIds: inputIds.slice(first, first + length) },
      { ...options, ...(mems && { mems }) },
    );
    parts.push(...output.lastHiddenState.data);
    mems = output.mems;
    first += length;
  }
  return { hidden: { data: Float32Array.from(parts), dims: [1, first, 12] }, mems };
}

forEachVariant('mems', (lab) => {
  const withModel = (config, run) => {
    const model = lab.rt.createModel({ ...small, ...config }, { seed: 6 });
    try {
      return run(model);
    } finally {
      model.dispose();
    }
  };

  test('segments are one long pass while the mems holds all that was', () =>
    withModel({}, (model) => {
      const whole = model.forward({ inputIds });
      for (const lengths of [[12], [5, 7], [1, 1, 4, 6], [11, 1]]) {
        const { hidden, mems } = inSegments(model, lengths);
        assertAllClose(named(hidden), named(whole.lastHiddenState), close);
        assert.deepEqual(
          mems.map(({ dims }) => dims),
          [
            [1, 12, 12],
            [1, 12, 12],
          ],
        );
        mems.forEach((tensor, layer) =>
          assertAllClose(named(tensor), named(whole.mems[layer]), close),
        );
      }
    }));

  test('a shorter mems forgets, and never holds more than memLength', () =>
    withModel({ memLength: 3 }, (model) => {
      const { hidden, mems } = inSegments(model, [2, 5, 5]);
      assert.deepEqual(mems[1].dims, [1, 3, 12]);
      const whole = model.forward({ inputIds }).lastHiddenState;
      assert.throws(() =>
        assertAllClose(named(hidden), named(whole), { absolute: 1e-4, relative: 0 }),
      );
    }));

  test('a mems is a copy: neither the next call nor its caller changes another', () =>
    withModel({}, (model) => {
      const { mems } = model.forward({ inputIds: inputIds.slice(0, 4) });
      const kept = mems.map(({ data }) => data.slice());
      const next = () => model.forward({ inputIds: inputIds.slice(4, 8) }, { mems });
      const first = next();
      mems.forEach(({ data }, layer) => assert.deepEqual(data, kept[layer]));
      first.mems[0].data.fill(7);
      assert.deepEqual(next().lastHiddenState, first.lastHiddenState);
    }));

  test('attentions are [B, H, T, M + T], causal over both; a trace holds what was asked for, and no more', () =>
    withModel({}, (model) => {
      const { mems, trace: none } = model.forward({ inputIds: inputIds.slice(0, 4) });
      assert.equal(none.size, 0);
      const output = model.forward(
        { inputIds: inputIds.slice(4, 7) },
        { mems, outputAttentions: true, trace: ['blocks.1.resid_pre'] },
      );
      assert.deepEqual(output.attentions[1].dims, [1, 3, 3, 7]);
      output.attentions[1].data.forEach((weight, i) =>
        assert.equal(weight > 0, i % 7 <= 4 + (Math.floor(i / 7) % 3)),
      );
      assert.deepEqual([...output.trace.keys()], ['blocks.1.resid_pre']);
      const all = model.forward({ inputIds }, { trace: true });
      assert.deepEqual([...all.trace.keys()].toSorted(), model.activationNames().toSorted());
    }));

  test('recording, or editing nothing away, leaves the output as it was', () =>
    withModel({}, (model) => {
      const { mems } = model.forward({ inputIds: inputIds.slice(0, 5) });
      const run = (options) =>
        named(model.forward({ inputIds: inputIds.slice(5) }, { mems, ...options }).lastHiddenState);
      const plain = run({});
      assertAllClose(run({ trace: true, outputAttentions: true }), plain, close);
      for (const at of model.activationNames()) {
        assertAllClose(run({ interventions: [{ at, op: 'scale', value: 1 }] }), plain, close);
        if (at === 'logits') continue;
        const edited = run({ interventions: [{ at, op: 'scale', value: -2 }] });
        assert.throws(() => assertAllClose(edited, plain, { absolute: 1e-4, relative: 0 }), at);
      }
    }));

  test('padding in a segment hides its tokens, not the mems; a mask is [T, M + T]', () =>
    withModel({}, (model) => {
      const { mems } = model.forward({ inputIds: inputIds.slice(0, 5) });
      const alone = model.forward({ inputIds: [1, 2, 3] }, { mems }).lastHiddenState;
      const padded = model.forward(
        { inputIds: [1, 2, 3, 0, 0], attentionMask: [1, 1, 1, 0, 0] },
        { mems },
      ).lastHiddenState;
      assertAllClose(
        named({ data: padded.data.subarray(0, alone.data.length), dims: alone.dims }),
        named(alone),
        close,
      );
      const cells = {
        data: Uint8Array.from({ length: 24 }, (_, i) => (i % 8 >= 5 ? 1 : 0)),
        dims: [3, 8],
      };
      const forgot = model.forward({ inputIds: [1, 2, 3] }, { mems, mask: cells }).lastHiddenState;
      assertAllClose(
        named(forgot),
        named(model.forward({ inputIds: [1, 2, 3] }).lastHiddenState),
        close,
      );
    }));

  test('generate is one long pass', () =>
    withModel({}, (model) => {
      const { ids } = model.generate(inputIds, { maxNewTokens: 6 });
      const { data } = model.forward({ inputIds: ids.slice(0, -1) }).logits;
      for (let t = inputIds.length - 1; t < ids.length - 1; ++t) {
        const logits = data.subarray(t * 20, (t + 1) * 20);
        assert.equal(logits.indexOf(Math.max(...logits)), ids[t + 1]);
      }
    }));

  test('parameters', () =>
    withModel({}, (model) => {
      const shapes = model.parameterShapes();
      assert.deepEqual(shapes.get('blocks.1.attn.r_proj.weight'), [12, 12]);
      assert.deepEqual(shapes.get('blocks.1.attn.content_bias'), [3, 4]);
      assert.deepEqual(shapes.get('blocks.1.attn.position_bias'), [3, 4]);
      assert.equal(shapes.has('blocks.1.attn.r_proj.bias'), false);
    }));

  test('refuses memories that do not fit', () =>
    withModel({}, (model) => {
      const { mems } = model.forward({ inputIds: inputIds.slice(0, 4) });
      const refuse = (given, code, message, ids = [1, 2]) =>
        assertError(() => model.forward({ inputIds: ids }, { mems: given }), code, message);
      refuse(
        [mems[0]],
        'invalid_argument',
        /mems: expected an array of 2 tensors, one for each layer, got an array of 1/,
      );
      refuse(mems[0], 'invalid_argument', /mems: expected an array of 2 tensors/);
      refuse(
        [mems[0], undefined],
        'invalid_argument',
        /mems\[1\]: expected \{ data: Float32Array, dims \} or arrays of numbers/,
      );
      refuse(mems, 'shape_mismatch', /mems\[0\]: expected \[2, 4, 12\], got \[1, 4, 12\]/, [
        [1, 2],
        [3, 4],
      ]);
      refuse(
        [mems[0], { data: new Float32Array(36), dims: [1, 3, 12] }],
        'shape_mismatch',
        /mems\[1\]: expected \[1, 4, 12\], got \[1, 3, 12\]/,
      );
      const long = { data: new Float32Array(17 * 12), dims: [1, 17, 12] };
      refuse(
        [long, long],
        'shape_mismatch',
        /mems\[0\]: expected \[1, at most 16, 12\], got \[1, 17, 12\]/,
      );
      refuse([{ data: new Float32Array(12), dims: [12] }, mems[1]], 'shape_mismatch', /mems\[0\]/);
      assertError(
        () =>
          model.forward(
            { inputIds: [1] },
            { mems, mask: { data: new Uint8Array(1), dims: [1, 1] } },
          ),
        'shape_mismatch',
        /mask: expected \[1, 5\]/,
      );
      withModel({ memLength: 0 }, (without) => {
        assert.equal(without.forward({ inputIds }).mems, undefined);
        assertError(
          () => without.forward({ inputIds }, { mems }),
          'invalid_argument',
          /mems: this model has none/,
        );
      });
      assertWorks(lab.rt);
    }));

  const badConfigs = [
    [
      { positions: 'alibi' },
      /config\.memLength: expected 0 unless positions are "transformer_xl", got 16/,
    ],
    [{ memLength: -1 }, /config\.memLength: expected an integer from 0/],
    [
      { attention: { numHeads: 3, sharedHeads: true } },
      /positions transformer_xl: expected neither sharedHeads/,
    ],
    [
      { attention: { numHeads: 3, globalTokens: true } },
      /positions transformer_xl: expected neither sharedHeads nor globalTokens/,
    ],
    [
      { feedForward: 'linear_of_sum', norm: 'post' },
      /positions transformer_xl: expected feedForward mlp/,
    ],
    [{ encoder: {} }, /config\.memLength: expected 0 in a model with an encoder and a decoder/],
  ];
  for (const [config, message] of badConfigs) {
    test(`refuses ${JSON.stringify(config)}`, () =>
      assertError(() => lab.rt.createModel({ ...small, ...config }), 'invalid_argument', message));
  }
});

for (const variant of variants) {
  test(`a worker carries a mems as well (${variant})`, async () => {
    const worker = await createWorkerRuntime({ variant });
    try {
      const model = await worker.createModel(small, { seed: 6 });
      const whole = await model.forward({ inputIds });
      const { mems } = await model.forward({ inputIds: inputIds.slice(0, 5) });
      const rest = await model.forward({ inputIds: inputIds.slice(5) }, { mems });
      const expected = {
        data: whole.lastHiddenState.data.subarray(5 * 12),
        dims: rest.lastHiddenState.dims,
      };
      assertAllClose(named(rest.lastHiddenState), named(expected), close);
      await assertRejects(
        model.forward({ inputIds }, { mems: [mems[0]] }),
        'invalid_argument',
        /mems: expected an array of 2/,
      );
    } finally {
      worker.dispose();
    }
  });
}
