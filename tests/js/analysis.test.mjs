// Lens, logit parts and score terms: exact sums on random models of every kind, and what a truncated model says by itself.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { assertClose } from './compare.mjs';
import { assertError, assertRejects, forEachVariant, tensor } from './support.mjs';

const checkpoints = fileURLToPath(new URL('../golden/checkpoints/', import.meta.url));

/** Sums of float32 products: exact but for rounding. */
const exact = { absolute: 1e-4, relative: 1e-4 };
const model5e5 = { absolute: 5e-5, relative: 5e-5 };
const reference = JSON.parse(
  readFileSync(new URL('../golden/analyses.json', import.meta.url), 'utf8'),
);
const assertNear = (actual, expected, what) =>
  assert.ok(
    Math.abs(actual - expected) <= 5e-5 + 5e-5 * Math.abs(expected),
    `${what}: expected ${expected}, got ${actual}`,
  );
const sum = (values) => values.reduce((total, x) => total + x, 0);
const assertSum = (values, expected, what) =>
  assert.ok(
    Math.abs(sum(values) - expected) <= exact.absolute + exact.relative * Math.abs(expected),
    `${what}: the parts sum to ${sum(values)}, the pass says ${expected}`,
  );

const small = { vocabSize: 23, dModel: 16, numLayers: 3, dFf: 24, maxLen: 12 };
const heads = { numHeads: 4 };
const kinds = {
  'GPT-2-like': {
    ...small,
    positions: 'learned',
    norm: 'pre',
    finalNorm: true,
    lmHead: true,
    attention: { ...heads, causal: true },
  },
  'Llama-like': {
    ...small,
    positions: 'rotary',
    rotary: { theta: 500, llama3Factor: 8, originalMaxLen: 64 },
    norm: 'pre',
    normKind: 'rms',
    gated: true,
    activation: 'silu',
    finalNorm: true,
    lmHead: true,
    tieEmbeddings: false,
    attention: { ...heads, numKvHeads: 2, bias: false, outBias: false, causal: true },
  },
  'BERT-like': {
    ...small,
    typeVocabSize: 2,
    positions: 'learned',
    embedNorm: true,
    activation: 'gelu',
    maskedLmHead: true,
    attention: heads,
  },
  'T5-like bias': {
    ...small,
    positions: 't5_bias',
    norm: 'pre',
    normKind: 'rms',
    lmHead: true,
    attention: { ...heads, scaleBy: 'none', causal: true },
  },
  'fused, no output projection': {
    ...small,
    positions: 'alibi',
    lmHead: true,
    attention: { ...heads, fused: true, outProjection: false, causal: true },
  },
  'vectors for tokens': {
    ...small,
    vocabSize: 0,
    positions: 'learned',
    numLabels: 3,
    attention: heads,
  },
  translator: {
    ...small,
    positions: 'sinusoidal',
    lmHead: true,
    lmHeadBias: true,
    attention: heads,
    encoder: {},
  },
};
const ids = [3, 1, 4, 1, 5, 9, 2];

/** Inputs of a model by its config. */
function inputsOf({ vocabSize, dModel, encoder, image, maxLen }) {
  if (image) return { pixelValues: tensor([image.channels, ...sides(image)], 3) };
  if (vocabSize === 0) return { inputsEmbeds: tensor([1, 6, dModel], 4) };
  const longest = Math.min(maxLen || 7, encoder?.maxLen || 7, 7);
  const inputIds = ids.slice(0, longest).map((id) => id % vocabSize);
  return encoder ? { inputIds, decoderInputIds: inputIds.slice(0, 4) } : { inputIds };
}
const sides = ({ size }) => (Array.isArray(size) ? size : [size, size]);
const hasLogits = ({ lmHead, maskedLmHead, numLabels }) => lmHead || maskedLmHead || numLabels > 0;

function checkParts(model, what) {
  const { numLabels, attention } = model.config;
  const inputs = inputsOf(model.config);
  const { logits } = model.forward(inputs);
  const width = logits.dims.at(-1);
  const position = numLabels > 0 ? 0 : attention.causal ? undefined : 1;
  const row = numLabels > 0 ? 0 : (position ?? logits.dims[1] - 1);
  for (const token of [0, width - 1]) {
    const { logit, parts } = model.attributeLogit(inputs, { token, position });
    assert.equal(logit, logits.data[row * width + token]);
    assertSum(
      parts.map(({ value }) => value),
      logit,
      `${what}, token ${token}`,
    );
    assert.equal(new Set(parts.map(({ name }) => name)).size, parts.length, 'names are unique');
  }
  const both = model.attributeLogit(inputs, { token: 0, against: width - 1, position });
  assertSum(
    both.parts.map(({ value }) => value),
    logits.data[row * width] - logits.data[(row + 1) * width - 1],
    `${what}, a difference`,
  );
}

function checkScores(model, what) {
  const { encoder, numLayers, attention } = model.config;
  const inputs = inputsOf(model.config);
  for (const which of encoder ? ['self', 'cross'] : ['self'])
    for (const layer of [0, numLayers - 1])
      for (const head of [0, attention.numHeads - 1])
        for (const [query, key] of [
          [2, 0],
          [1, 1],
        ]) {
          const question = { layer, head, query, key, attention: which };
          const { score, queryWriters, keyWriters, terms } = model.explainScore(inputs, question);
          assert.deepEqual(terms.dims, [queryWriters.length, keyWriters.length]);
          assertSum([...terms.data], score, `${what}, ${JSON.stringify(question)}`);
        }
}

forEachVariant('analyses', (lab) => {
  for (const [kind, config] of Object.entries(kinds))
    test(`the parts of a logit and the terms of a score sum to it: ${kind}`, () => {
      const model = lab.rt.createModel(config, { seed: 5 });
      grow(model);
      checkParts(model, kind);
      checkScores(model, kind);
      model.dispose();
    });

  test('the same on every checkpoint of the golden files', async () => {
    let checked = 0;
    for (const name of readdirSync(checkpoints)) {
      const model = await lab.rt.loadModel(`${checkpoints}${name}`);
      if (hasLogits(model.config)) checkParts(model, name);
      if (!model.config.image || model.config.maxLen > 2) checkScores(model, name);
      checked += 1;
      model.dispose();
    }
    assert.ok(checked > 30);
  });

  for (const golden of reference.cases)
    test(`lens, parts and terms are PyTorch's by autograd: ${golden.checkpoint}`, async () => {
      const model = await lab.rt.loadModel(`${checkpoints}${golden.checkpoint}`);
      const inputs = { inputIds: golden.inputIds };
      const V = golden.lens[0][0].length;
      const { sites, ids: order, probabilities } = model.logitLens(inputs, { topK: V });
      assert.equal(sites.length, golden.lens.length);
      const flat = golden.lens.flat(2);
      const byId = new Float32Array(flat.length);
      order.data.forEach((id, at) => (byId[at - (at % V) + id] = probabilities.data[at]));
      const dims = [flat.length];
      assertClose({ data: byId, dims }, { data: Float32Array.from(flat), dims }, model5e5);

      const { logit, parts, ...question } = golden.attribution;
      const ours = model.attributeLogit(inputs, question);
      assertNear(ours.logit, logit, 'the logit');
      const values = new Map(ours.parts.map(({ name, value }) => [name, value]));
      for (const [name, expected] of Object.entries(parts)) {
        assert.ok(values.has(name), name);
        assertNear(values.get(name), expected, name);
      }
      if (golden.score) {
        const { score, terms, ...place } = golden.score;
        const explained = model.explainScore(inputs, place);
        assertNear(explained.score, score, 'the score');
        for (const [writer, row] of Object.entries(terms))
          for (const [other, expected] of Object.entries(row)) {
            const [i, j] = [
              explained.queryWriters.indexOf(writer),
              explained.keyWriters.indexOf(other),
            ];
            assert.ok(i >= 0 && j >= 0, `${writer} × ${other}`);
            assertNear(
              explained.terms.data[i * explained.keyWriters.length + j],
              expected,
              `${writer} × ${other}`,
            );
          }
      }
      model.dispose();
    });

  test('the lens at a layer says what a model cut off there says', () => {
    for (const kind of ['GPT-2-like', 'Llama-like', 'BERT-like']) {
      const whole = lab.rt.createModel(kinds[kind], { seed: 7 });
      grow(whole);
      const lens = whole.logitLens({ inputIds: ids }, { topK: 23 });
      assert.deepEqual(lens.sites, [
        'blocks.0.resid_pre',
        'blocks.1.resid_pre',
        'blocks.2.resid_pre',
        'blocks.2.resid_post',
      ]);
      assert.deepEqual(lens.ids.dims, [4, ids.length, 23]);
      for (const layers of [1, 2, 3]) {
        const cut = lab.rt.createModel({ ...kinds[kind], numLayers: layers });
        for (const name of cut.parameterShapes().keys())
          cut.setParameter(name, whole.parameter(name));
        const { logits } = cut.forward({ inputIds: ids });
        for (let t = 0; t < ids.length; ++t) {
          const expected = distribution(logits.data.subarray(t * 23, (t + 1) * 23));
          const actual = new Float32Array(23);
          for (let rank = 0; rank < 23; ++rank) {
            const at = (layers * ids.length + t) * 23 + rank;
            actual[lens.ids.data[at]] = lens.probabilities.data[at];
          }
          assertClose(
            { data: actual, dims: [23] },
            { data: Float32Array.from(expected), dims: [23] },
            { absolute: 1e-6, relative: 1e-5 },
          );
        }
        cut.dispose();
      }
      const two = whole.logitLens({ inputIds: ids }, { topK: 2, positions: [6, 0] });
      assert.deepEqual(two.positions, [6, 0]);
      assert.equal(two.ids.data[0], lens.ids.data[6 * 23]);
      assert.ok(two.probabilities.data[0] >= two.probabilities.data[1]);
      whole.dispose();
    }
  });

  test('a circuit is what its matrices are by hand', async () => {
    const model = lab.rt.createModel(kinds['GPT-2-like'], { seed: 9 });
    grow(model);
    const tokens = [2, 7, 11];
    const found = await model.circuit({ layer: 2, head: 1, tokens, topK: 23 });
    const D = 16;
    const K = 4;
    const rows = (name) => {
      const { data, dims } = model.parameter(name);
      return Array.from({ length: dims[0] }, (_, r) => [
        ...data.subarray(r * (dims[1] ?? 1), (r + 1) * (dims[1] ?? 1)),
      ]);
    };
    const dot = (a, b) => sum(a.map((x, i) => x * b[i]));
    const centred = (x) => x.map((each) => each - sum(x) / D);
    const gain = rows('blocks.2.norm1.weight').flat();
    const finalGain = rows('final_norm.weight').flat();
    const words = rows('embed.token.weight');
    const read = words.map((row) => centred(row).map((x, i) => x * gain[i]));
    const write = words.map((row) => centred(row.map((x, i) => x * finalGain[i])));
    const own = (name) => rows(`blocks.2.attn.${name}_proj.weight`).slice(K, 2 * K);
    const map = (matrix, x) => matrix.map((row) => dot(row, x));
    const o = rows('blocks.2.attn.out_proj.weight').map((row) => row.slice(K, 2 * K));
    const qk = (i, j) => dot(map(own('q'), read[i]), map(own('k'), read[j])) / 2;
    const ov = (i, j) => dot(map(o, map(own('v'), read[i])), write[j]);
    const close = (actual, expected) =>
      assert.ok(
        Math.abs(actual - expected) < 1e-5 * (1 + Math.abs(expected)),
        `${actual} ${expected}`,
      );
    tokens.forEach((a, i) =>
      tokens.forEach((b, j) => {
        close(found.qk.data[i * 3 + j], qk(a, b));
        close(found.ov.data[i * 3 + j], ov(a, b));
      }),
    );
    found.keys[0].ids.forEach((id, rank) => close(found.keys[0].values[rank], qk(2, id)));
    found.outputs[1].ids.forEach((id, rank) => close(found.outputs[1].values[rank], ov(7, id)));
    assert.deepEqual(
      found.outputs[1].values,
      found.outputs[1].values.toSorted((a, b) => b - a),
    );
    assert.ok(Math.abs(found.copying) <= 1);
    // ‖W_Q-side · what head 2 of layer 0 writes‖, from the whole matrices.
    const matrix = (left, right) =>
      left[0].map((_, r) =>
        right[0].map((__, c) => sum(left.map((row, k) => row[r] * right[k][c]))),
      );
    const norm = (m) => Math.hypot(...m.flat());
    const reads = matrix(
      own('k'),
      own('q').map((row) => row.map((x, i) => x * gain[i])),
    );
    const o0 = rows('blocks.0.attn.out_proj.weight').map((row) => row.slice(2 * K, 3 * K));
    const v0 = rows('blocks.0.attn.v_proj.weight').slice(2 * K, 3 * K);
    const writes = o0.map((row) => v0[0].map((_, c) => sum(row.map((x, k) => x * v0[k][c]))));
    const both = reads.map((row) =>
      writes[0].map((_, c) => sum(row.map((x, k) => x * writes[k][c]))),
    );
    close(found.composition.q.data[2], norm(both) / (norm(reads) * norm(writes)));
    assert.deepEqual(found.composition.v.dims, [2, 4]);
    model.dispose();
  });

  test('a head whose OV is the identity copies, and its negative does the contrary', async () => {
    const config = {
      ...kinds['GPT-2-like'],
      numLayers: 1,
      attention: { numHeads: 1, causal: true },
    };
    const model = lab.rt.createModel(config, { seed: 3 });
    const identity = (sign) => ({
      data: Float32Array.from({ length: 256 }, (_, i) => (i % 17 === 0 ? sign : 0)),
      dims: [16, 16],
    });
    model.setParameter('blocks.0.attn.v_proj.weight', identity(1));
    for (const sign of [1, -1]) {
      model.setParameter('blocks.0.attn.out_proj.weight', identity(sign));
      const { copying } = await model.circuit({ layer: 0, head: 0 });
      assert.ok(Math.abs(copying - sign) < 1e-6, `${copying}`);
    }
    model.dispose();
  });

  test('what does not fit is refused by name', async () => {
    const model = lab.rt.createModel(kinds['BERT-like'], { seed: 1 });
    const inputs = { inputIds: ids };
    assertError(() => model.attributeLogit(inputs, { token: 1 }), 'invalid_argument', /position/);
    assertError(
      () => model.attributeLogit(inputs, { token: 23, position: 0 }),
      'invalid_argument',
      /token.*22/,
    );
    assertError(
      () => model.attributeLogit({ inputIds: [ids, ids] }, { token: 1, position: 0 }),
      'invalid_argument',
      /one sequence, got 2/,
    );
    assertError(() => model.logitLens(inputs, { sites: ['embed'] }), 'unknown_name', /resid_pre/);
    assertError(() => model.logitLens(inputs, { topK: 24 }), 'invalid_argument', /topK/);
    assertError(
      () => model.explainScore(inputs, { layer: 3, head: 0, query: 0, key: 0 }),
      'invalid_argument',
      /layer/,
    );
    assertError(
      () => model.explainScore(inputs, { layer: 0, head: 0, query: 0, key: 7 }),
      'invalid_argument',
      /key/,
    );
    await assertRejects(model.circuit({ layer: 0, head: 0 }), 'invalid_argument', /language-model/);
    await assertRejects(model.scanHeads(['a']), 'no_tokenizer', /tokenizer/);
    model.dispose();
  });

  test('a scan of texts counts what each head does, and an abort ends it', async () => {
    const reader = await lab.rt.loadModel(
      fileURLToPath(new URL('../../web/public/models/coreference', import.meta.url)),
    );
    const texts = [
      'the animal did not cross the street because the [MASK] was too tired .',
      'the boy saw the king .',
    ];
    const seen = [];
    const scan = await reader.scanHeads(texts, {
      topK: 1,
      scores: ['previousToken'],
      onProgress: ({ done }) => seen.push(done),
    });
    assert.deepEqual(seen.at(-1), 2);
    for (const [i, text] of texts.entries()) {
      const { ids: inputIds, specialTokens } = reader.encode(text);
      const { attentions } = reader.forward({ inputIds }, { outputAttentions: true });
      const T = inputIds.length;
      const score = (layer, head) => {
        const of = specialTokens.flatMap((special, t) =>
          special || t === 0 ? [] : [attentions[layer].data[(head * T + t) * T + t - 1]],
        );
        return sum(of) / of.length;
      };
      const [example] = scan.examples.previousToken[1][2];
      if (example.text === i) assert.ok(Math.abs(example.score - score(1, 2)) < 1e-5);
      else assert.ok(example.score >= score(1, 2) - 1e-5);
    }
    const shares = scan.targets.previous.data[2];
    assert.ok(shares >= 0 && shares <= 1);
    const aborted = AbortSignal.abort(new Error('enough'));
    await assertRejects(reader.scanHeads(texts, { signal: aborted }), 'aborted', /scanHeads/);
    reader.dispose();
  });
});

/** Random weights with biases and gains that are no zeros and ones, so that every term counts. */
function grow(model) {
  let seed = 100;
  for (const [name, dims] of model.parameterShapes()) {
    if (!/bias|norm/.test(name)) continue;
    const { data } = tensor(dims, ++seed);
    const base = /norm.*weight/.test(name) ? 1 : 0;
    model.setParameter(name, { data: data.map((x) => base + 0.3 * x), dims: [...dims] });
  }
}

function distribution(logits) {
  const most = Math.max(...logits);
  const powers = [...logits].map((x) => Math.exp(x - most));
  return powers.map((x) => x / sum(powers));
}
