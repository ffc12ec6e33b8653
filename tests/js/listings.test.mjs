// The published listings as presets: what each computes, against its own definition. (Golden values: golden.test.mjs.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listingNames } from 'attention-lab';
import { assertClose } from './compare.mjs';
import { assertError, forEachVariant, mask, slice, tensor } from './support.mjs';

const tolerance = { absolute: 1e-5, relative: 1e-5 };
const e = { data: Float32Array.of(1, 2, 2, 3, 3, 4, 4, 5, 5, 6), dims: [5, 2] };

forEachVariant('listings', (lab) => {
  const withListing = (name, options, run) => {
    const listing = lab.rt.createListing(name, options);
    try {
      return run(listing);
    } finally {
      listing.dispose();
    }
  };

  test('each says in one sentence how it differs', () => {
    assert.deepEqual(listingNames, [
      'fused',
      'multi_head',
      'multi_head_no_softmax',
      'no_weights',
      'single_head',
      'shared_heads',
    ]);
    const sentences = listingNames.map((name) =>
      withListing(name, name === 'no_weights' ? {} : { dModel: 8 }, (listing) => {
        assert.equal(listing.name, name);
        return listing.difference;
      }),
    );
    assert.equal(new Set(sentences).size, listingNames.length);
    for (const sentence of sentences) assert.match(sentence, /^[A-Z][^.]+\.$/);
  });

  test('1: fused, one head as wide as D, √D, no output projection', () =>
    withListing('fused', { dModel: 8, seed: 1 }, (listing) => {
      assert.deepEqual(Object.fromEntries(listing.layer.parameterShapes()), {
        'qkv_proj.weight': [24, 8],
        'qkv_proj.bias': [24],
      });
      const { output, trace } = listing.forward({ query: tensor([4, 8]) }, { trace: true });
      const [q, k, v] = ['q', 'k', 'v'].map((name) => ({
        data: trace.get(name).data,
        dims: [4, 8],
      }));
      assertClose(
        output,
        lab.rt.attention({ q, k, v }, { scale: 1 / Math.sqrt(8) }).output,
        tolerance,
      );
    }));

  test('1: its encoder x ← LayerNorm(Linear(SA(x) + x)), two layers on [10, 32, 64]', () =>
    withListing('fused', { dModel: 64 }, ({ encoder }) => {
      assert.equal(encoder.config.numLayers, 2);
      const { lastHiddenState } = encoder.forward({ inputsEmbeds: tensor([10, 32, 64]) });
      assert.deepEqual(lastHiddenState.dims, [10, 32, 64]);
      const row = lastHiddenState.data.slice(0, 64);
      assert.ok(
        Math.abs(row.reduce((a, b) => a + b, 0)) < 1e-3,
        'a fresh LayerNorm leaves a mean of 0',
      );
    }));

  test('2: with softmax rows sum to 1, without it the weights are the scores', () => {
    const run = (name) =>
      withListing(
        name,
        { dModel: 8, numHeads: 2, seed: 4 },
        (listing) => listing.forward({ query: tensor([4, 8]) }, { trace: true }).trace,
      );
    const [soft, plain] = [run('multi_head'), run('multi_head_no_softmax')];
    assert.deepEqual(plain.get('scores'), soft.get('scores'));
    assert.deepEqual(plain.get('pattern'), plain.get('scores'));
    assert.ok(
      Math.abs(
        soft
          .get('pattern')
          .data.slice(0, 4)
          .reduce((a, b) => a + b) - 1,
      ) < 1e-6,
    );
  });

  test('3: no weights; S, P, W, Y and context of its definition, in doubles', () =>
    withListing('no_weights', {}, (listing) => {
      assert.equal(listing.layer, undefined);
      assert.equal(listing.config, undefined);
      const E = [
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
        [5, 6],
      ];
      const product = (a, b) =>
        a.map((row) => b[0].map((_, j) => row.reduce((sum, x, i) => sum + x * b[i][j], 0)));
      const S = E.map((row) => E.map((other) => row[0] * other[0] + row[1] * other[1]));
      const P = S.map((row) => {
        const largest = Math.max(...row);
        const weights = row.map((x) => Math.exp(x - largest));
        const total = weights.reduce((a, b) => a + b);
        return weights.map((x) => x / total);
      });
      const W = product(S, P);
      const Y = product(W, E);
      const { output, trace } = listing.forward({ query: e });
      const expect = (actual, rows) =>
        assertClose(actual, { data: rows.flat(), dims: [rows.length, rows[0].length] }, tolerance);
      expect(trace.get('scores'), S);
      expect(trace.get('pattern'), P);
      expect(trace.get('weights'), W);
      expect(output, Y);
      expect(trace.get('usual'), product(P, E));
      assertClose(trace.get('context'), { data: Y.map(([a, b]) => a + b), dims: [5] }, tolerance);
      assert.deepEqual(
        [...listing.forward({ query: e }, { trace: ['context'] }).trace.keys()],
        ['context'],
      );
      assert.equal(listing.forward({ query: e }, { trace: false }).trace.size, 0);
    }));

  test('4: one head of width D, scale 1/√D', () =>
    withListing('single_head', { dModel: 6 }, (listing) => {
      assert.equal(listing.config.dHead, 6);
      assert.deepEqual(listing.layer.parameterShapes().get('out_proj.weight'), [6, 6]);
    }));

  test('5: shared K × K projections, 1/√D, masked by −1e20, values and keys given separately', () =>
    withListing('shared_heads', { dModel: 8, numHeads: 4 }, (listing) => {
      assert.deepEqual(Object.fromEntries(listing.layer.parameterShapes()), {
        'q_proj.weight': [2, 2],
        'k_proj.weight': [2, 2],
        'v_proj.weight': [2, 2],
        'out_proj.weight': [8, 8],
        'out_proj.bias': [8],
      });
      const [query, key, value] = [tensor([3, 8], 1), tensor([5, 8], 2), tensor([5, 8], 3)];
      const cells = mask([3, 5], (i) => (i < 5 ? 0 : 1)); // the first query may attend to nothing
      const { output, trace } = listing.forward(
        { query, key, value, mask: cells },
        { trace: true },
      );
      assert.deepEqual(output.dims, [3, 8]);
      const pattern = slice(slice(trace.get('pattern'), 0), 0);
      assertClose(slice(pattern, 0), { data: new Float32Array(5).fill(0.2), dims: [5] }, tolerance);
      const of = (name) => slice(slice(trace.get(name), 0), 1); // head 1
      const scores = lab.rt.attention(
        { q: of('q'), k: of('k'), v: of('v') },
        { scale: 1 / Math.sqrt(8), trace: true },
      ).scores;
      assertClose(of('scores'), scores, tolerance);
    }));

  test('errors', () => {
    assertError(
      () => lab.rt.createListing('fourth'),
      'invalid_argument',
      /name: expected "fused" or .* got "fourth"/,
    );
    assertError(
      () => lab.rt.createListing('fused'),
      'invalid_argument',
      /dModel: listing "fused" needs one/,
    );
    assertError(
      () => lab.rt.createListing('fused', { dModel: 8, numHeads: 2 }),
      'invalid_argument',
      /numHeads: listing "fused" has one head, got 2/,
    );
    assertError(
      () => lab.rt.createListing('multi_head', { dModel: 8, numHeads: 3 }),
      'invalid_argument',
      /divisor/,
    );
    withListing('no_weights', {}, (listing) => {
      assertError(
        () => listing.forward({ query: tensor([2, 2, 2]) }),
        'shape_mismatch',
        /query: expected \[T, D\], got \[2, 2, 2\]/,
      );
      assertError(
        () => listing.forward({ query: e, key: e }),
        'invalid_argument',
        /inputs\.key: unknown/,
      );
      assertError(() => listing.forward({ query: e }, { trace: ['q'] }), 'unknown_name', /"q"/);
    });
  });
});
