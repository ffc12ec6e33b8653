// Edits of activations: patching from another run, what is refused, and that a refusal leaves the model as it was.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertError, assertRejects, forEachVariant, slice, tensor, variants } from './support.mjs';

const config = {
  vocabSize: 20,
  maxLen: 8,
  typeVocabSize: 2,
  dModel: 12,
  dFf: 10,
  numLayers: 2,
  positions: 'learned',
  embedNorm: true,
  norm: 'pre',
  finalNorm: true,
  lmHead: true,
  attention: { numHeads: 6, numKvHeads: 3, causal: true },
};
const inputIds = [1, 2, 3, 4];
const otherIds = [9, 8, 7, 6];
const filled = (dims, value) => ({ ...tensor(dims), data: tensor(dims).data.fill(value) });

forEachVariant('interventions', (lab) => {
  const withModel = (use) => {
    const model = lab.rt.createModel(config, { seed: 3 });
    try {
      return use(model);
    } finally {
      model.dispose();
    }
  };

  test('patching all of any activation of a block gives the other run from there on', () =>
    withModel((model) => {
      const other = model.forward({ inputIds: otherIds }, { trace: true });
      for (const at of [
        'blocks.0.resid_pre',
        'blocks.1.resid_pre',
        'blocks.1.resid_post',
        'final_norm',
        'logits',
      ]) {
        const { logits } = model.forward({ inputIds }, { interventions: [{ at, from: other }] });
        assert.deepEqual(logits, other.logits, at);
      }
    }));

  test('from takes an output or its trace, set is its default, and it equals the same edit by value', () =>
    withModel((model) => {
      const at = 'blocks.0.attn.z';
      const other = model.forward({ inputIds: otherIds }, { trace: [at] });
      const run = (edit) =>
        model.forward({ inputIds }, { interventions: [{ at, head: 4, ...edit }] });
      const value = { data: slice(slice(other.trace.get(at), 0), 4).data, dims: [1, 4, 2] };
      const expected = run({ op: 'set', value });
      assert.deepEqual(run({ from: other }), expected);
      assert.deepEqual(run({ from: other.trace, op: 'set' }), expected);
      assert.notDeepEqual(expected, model.forward({ inputIds }));
      assert.deepEqual(run({ from: other, op: 'add' }), run({ op: 'add', value }));
    }));

  test('every activation can be patched in from a run, −∞ of masked scores included, and changes nothing if it is the same run', () =>
    withModel((model) => {
      const plain = model.forward({ inputIds }, { trace: true });
      const edits = model.activationNames().map((at) => ({ at, from: plain }));
      const patched = model.forward({ inputIds }, { interventions: edits, trace: true });
      assert.deepEqual(patched.trace, plain.trace);
    }));

  test('a masked score may be set to −∞, and stays masked when it is scaled', () =>
    withModel((model) => {
      const at = 'blocks.0.attn.masked_scores';
      const pattern = (edit) => {
        const name = 'blocks.0.attn.pattern';
        return model
          .forward({ inputIds }, { trace: [name], interventions: [{ at, ...edit }] })
          .trace.get(name).data;
      };
      const closed = pattern({ key: 1, op: 'set', value: -Infinity });
      assert.ok(
        closed.every((weight, i) => Number.isFinite(weight) && (i % 4 !== 1 || weight === 0)),
      );
      const scaled = pattern({ op: 'scale', value: -1.5 });
      assert.ok(
        scaled.every(
          (weight, i) =>
            Number.isFinite(weight) && (i % 4 <= Math.floor(i / 4) % 4 || weight === 0),
        ),
      );
    }));

  test('no edits are no edits', () =>
    withModel((model) =>
      assert.deepEqual(
        model.forward({ inputIds }, { interventions: [] }),
        model.forward({ inputIds }),
      ),
    ));

  const z = 'blocks.1.attn.z';
  const cases = [
    [
      'a trace without the name',
      (run) => ({ at: z, from: run([1, 2, 3, 4], []) }),
      'unknown_name',
      /interventions\[0\]\.from: expected a run whose trace has "blocks\.1\.attn\.z", got one with 0 others/,
    ],
    [
      'a run of another length',
      (run) => ({ at: z, from: run([1, 2, 3]) }),
      'shape_mismatch',
      /'blocks\.1\.attn\.z': from: expected \[1, 6, 4, 2\], got \[1, 6, 3, 2\]: the runs differ in their number of tokens/,
    ],
    [
      'a run of another length, one position',
      (run) => ({ at: z, query: 0, from: run([1, 2, 3]) }),
      'shape_mismatch',
      /number of tokens/,
    ],
    [
      'a run of more sequences',
      (run) => ({
        at: z,
        from: run([
          [1, 2, 3, 4],
          [1, 2, 3, 4],
        ]),
      }),
      'shape_mismatch',
      /number of sequences/,
    ],
    [
      'another model',
      () => ({ at: z, from: new Map([[z, tensor([1, 6, 4, 3])]]) }),
      'shape_mismatch',
      /the runs differ in their sizes/,
    ],
    [
      'another rank',
      () => ({ at: z, from: new Map([[z, tensor([4])]]) }),
      'shape_mismatch',
      /expected \[1, 6, 4, 2\], got \[4\]/,
    ],
    [
      'no run',
      () => ({ at: z, from: tensor([1]) }),
      'invalid_argument',
      /interventions\[0\]\.from: expected the output of forward or its trace, got an object/,
    ],
    ['null', () => ({ at: z, from: null }), 'invalid_argument', /\.from: .* got null/],
    [
      'no tensor',
      () => ({ at: z, from: new Map([[z, 3]]) }),
      'invalid_argument',
      /\.from: expected \{ data: Float32Array, dims \} or arrays of numbers, got 3/,
    ],
    [
      'NaN in the run',
      () => ({ at: z, from: new Map([[z, filled([1, 6, 4, 2], NaN)]]) }),
      'invalid_argument',
      /\.from\.data\[0\]: expected a finite number, got NaN/,
    ],
    [
      'from and value',
      (run) => ({ at: z, value: 1, from: run() }),
      'invalid_argument',
      /interventions\[0\]: expected either value or from, got both/,
    ],
    [
      'from for zero',
      (run) => ({ at: z, op: 'zero', from: run() }),
      'invalid_argument',
      /\.from: expected none, as op "zero" takes none/,
    ],
    [
      'from for mean',
      (run) => ({ at: z, op: 'mean', from: run() }),
      'invalid_argument',
      /\.from: expected none, as op "mean" takes none/,
    ],
    [
      'neither op nor from',
      () => ({ at: z }),
      'invalid_argument',
      /interventions\[0\]\.op: expected "zero" or .* got undefined/,
    ],
    [
      'nothing at all',
      () => ({}),
      'invalid_argument',
      /interventions\[0\]\.at: expected a string, got undefined/,
    ],
    [
      'null for an edit',
      () => null,
      'invalid_argument',
      /interventions\[0\]: expected an object, got null/,
    ],
    [
      'value NaN',
      () => ({ at: z, op: 'set', value: NaN }),
      'invalid_argument',
      /\.value: expected a finite number, got NaN/,
    ],
    [
      'value ∞',
      () => ({ at: z, op: 'scale', value: Infinity }),
      'invalid_argument',
      /\.value: expected a finite number, got Infinity/,
    ],
    [
      'value −∞ elsewhere',
      () => ({ at: 'embed', op: 'add', value: -Infinity }),
      'invalid_argument',
      /\.value: .* got -Infinity/,
    ],
    [
      'a value beyond float32',
      () => ({ at: z, op: 'set', value: 1e300 }),
      'invalid_argument',
      /\.value: expected a number that float32 can hold, got 1e\+300/,
    ],
    [
      'NaN in a tensor',
      () => ({ at: z, head: 0, op: 'set', value: filled([1, 4, 2], NaN) }),
      'invalid_argument',
      /\.value\.data\[0\]: expected a finite number, got NaN/,
    ],
    [
      '+∞ as a masked score',
      () => ({
        at: 'blocks.0.attn.masked_scores',
        op: 'set',
        value: filled([1, 6, 4, 4], Infinity),
      }),
      'invalid_argument',
      /got Infinity/,
    ],
    [
      'an empty tensor',
      () => ({ at: z, op: 'set', value: { data: new Float32Array(0), dims: [0] } }),
      'shape_mismatch',
      /expected \[1, 6, 4, 2\], got \[0\]/,
    ],
    [
      'a selector that is too large',
      () => ({ at: z, head: 6, op: 'zero' }),
      'invalid_argument',
      /'blocks\.1\.attn\.z': head: expected 0 to 5, got 6/,
    ],
    [
      'a key beyond S',
      () => ({ at: 'blocks.0.attn.k', key: 4, op: 'zero' }),
      'invalid_argument',
      /key: expected 0 to 3, got 4/,
    ],
    [
      'a head of k beyond its groups',
      () => ({ at: 'blocks.0.attn.k', head: 3, op: 'zero' }),
      'invalid_argument',
      /head: expected 0 to 2, got 3/,
    ],
    [
      'a negative selector',
      () => ({ at: z, batch: -1, op: 'zero' }),
      'invalid_argument',
      /interventions\[0\]\.batch: expected an integer from 0/,
    ],
    [
      'half a selector',
      () => ({ at: z, index: 0.5, op: 'zero' }),
      'invalid_argument',
      /interventions\[0\]\.index: .* got 0\.5/,
    ],
    [
      'an axis that is not there',
      () => ({ at: 'logits', head: 0, op: 'zero' }),
      'unknown_name',
      /'logits': this activation has no axis 'head'/,
    ],
    [
      'a name that does not exist',
      () => ({ at: 'blocks.2.attn.z', op: 'zero' }),
      'unknown_name',
      /interventions\[0\]\.at: expected a name of activationNames\(\), got "blocks\.2\.attn\.z"/,
    ],
  ];
  for (const [what, edit, code, message] of cases) {
    test(`error: ${what}`, () =>
      withModel((model) => {
        const before = model.forward({ inputIds });
        const run = (ids = inputIds, trace = [z]) => model.forward({ inputIds: ids }, { trace });
        assertError(
          () => model.forward({ inputIds }, { interventions: [edit(run)] }),
          code,
          message,
        );
        assert.deepEqual(model.forward({ inputIds }), before);
      }));
  }
});

describe('interventions in a worker', () => {
  test('a patch travels with no more of its run than it needs, and errors come back', async () => {
    const rt = await createWorkerRuntime({ variant: variants[0] });
    const model = await rt.createModel(config, { seed: 3 });
    const other = await model.forward({ inputIds: otherIds }, { trace: true });
    other.trace.set('not an activation', () => 'this cannot be cloned');
    const { logits } = await model.forward(
      { inputIds },
      { interventions: [{ at: 'blocks.1.resid_pre', from: other }] },
    );
    assert.deepEqual(logits, other.logits);
    const patch = (edit) => model.forward({ inputIds }, { interventions: [edit] });
    await assertRejects(
      patch({ at: 'nowhere', from: new Map() }),
      'unknown_name',
      /interventions\[0\]\.at/,
    );
    await assertRejects(
      patch({ at: 'embed', from: new Map() }),
      'unknown_name',
      /interventions\[0\]\.from: .* "embed"/,
    );
    await assertRejects(
      patch(null),
      'invalid_argument',
      /interventions\[0\]: expected an object, got null/,
    );
    await assertRejects(
      model.forward({ inputIds }, { interventions: 3 }),
      'invalid_argument',
      /interventions: expected an array, got 3/,
    );
    model.dispose();
    rt.dispose();
  });
});
