// model.embed: against pooling done by hand, whatever the batch, and what it refuses. Values of PyTorch: golden.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createWorkerRuntime } from 'attention-lab/worker';
import { assertAllClose } from './compare.mjs';
import { checkpointPath } from './golden.mjs';
import { assertError, assertRejects, forEachVariant, slice } from './support.mjs';

const row = (tensor, index) => ({ data: slice(tensor, index).data, dims: [1, tensor.dims[1]] });
const assertSame = (actual, expected) =>
  assertAllClose(new Map([['embedding', actual]]), new Map([['embedding', expected]]), {
    absolute: 1e-6,
    relative: 1e-6,
  });

forEachVariant('embed', (lab) =>
  describe('of one model', () => {
    let model;
    before(async () => {
      model = await lab.rt.loadModel(checkpointPath('distilbert_base'));
    });
    after(() => model.dispose());

    const byHand = (text) => {
      const {
        lastHiddenState: {
          data,
          dims: [, T, D],
        },
      } = model.forward({ inputIds: model.encode(text).ids });
      const sum = Array.from({ length: D }, (_, i) =>
        Array.from({ length: T }, (_, t) => data[t * D + i]).reduce((a, b) => a + b),
      );
      const norm = Math.hypot(...sum);
      return { data: Float32Array.from(sum, (value) => value / norm), dims: [1, D] };
    };

    test('the mean over the tokens, divided by its norm; one text or several', () => {
      const texts = ['the cat sat on the mat because it was tired.', '', 'The dog'];
      const all = model.embed(texts);
      assert.deepEqual(all.dims, [3, 15]);
      texts.forEach((text, index) => {
        assertSame(row(all, index), byHand(text));
        assertSame(model.embed(text), byHand(text));
      });
    });

    test('as many texts as need several passes, in the order given', () => {
      const words = ['the', 'cat', 'sat', 'on', 'mat', 'dog'];
      const texts = Array.from({ length: 150 }, (_, i) =>
        Array.from({ length: 1 + ((i * 7) % 30) }, (_, j) => words[(i + j) % 6]).join(' '),
      );
      const all = model.embed(texts);
      assert.deepEqual(all.dims, [150, 15]);
      for (const index of [0, 1, 74, 149]) assertSame(row(all, index), byHand(texts[index]));
    });

    test('a model with a head embeds as well', async () => {
      const masked = await lab.rt.loadModel(checkpointPath('mlm_gelu'));
      assert.deepEqual(masked.embed(['the cat', 'the cat sat']).dims, [2, 36]);
      masked.dispose();
    });

    test('refuses what it cannot embed', () => {
      assertError(
        () => model.embed([]),
        'invalid_argument',
        /texts: expected a string or an array of at least one, got an array of 0/,
      );
      assertError(() => model.embed(), 'invalid_argument', /texts: .* got undefined/);
      assertError(
        () => model.embed(['a', 3]),
        'invalid_argument',
        /texts\[1\]: expected a string, got 3/,
      );
      assertError(
        () => model.embed(['the', 'the '.repeat(50)]),
        'invalid_argument',
        /texts\[1\]: expected at most maxLen 40 tokens, got 52/,
      );
      const bare = lab.rt.createModel({
        vocabSize: 9,
        dModel: 8,
        numLayers: 1,
        attention: { numHeads: 1 },
      });
      assertError(() => bare.embed('the'), 'no_tokenizer', /no tokenizer/);
      bare.dispose();
      assertError(() => bare.embed('the'), 'no_tokenizer', /no tokenizer/);
    });

    test('in a worker: the same', async () => {
      const worker = await createWorkerRuntime({ variant: lab.rt.variant });
      const remote = await worker.loadModel(checkpointPath('distilbert_base'));
      assert.deepEqual(await remote.embed(['the cat', 'sat']), model.embed(['the cat', 'sat']));
      await assertRejects(remote.embed([]), 'invalid_argument', /texts/);
      remote.dispose();
      worker.dispose();
    });
  }),
);
