// What the page must show: the built package, run in Node on the same checkpoint and text.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createRuntime } from 'attention-lab';
import { paths } from '../../scripts/lib/paths.mjs';
import { assertClose } from '../js/compare.mjs';

export const shippedFolder = join(paths.page, 'models', 'coreference');
/** Whole models agree to this on every variant. */
export const tolerance = { absolute: 5e-5, relative: 5e-5 };

const runtime = await createRuntime();
export const loadModel = (folder = shippedFolder) => runtime.loadModel(folder);
export const createListing = (name, options) => runtime.createListing(name, options);

/** Words as they are shown: without a tokenizer's marks, a space alone as a mark of its own, an unknown word as it was typed. */
export function words(model, text) {
  const { ids, tokens, offsets } = model.tokenizer.encode(text);
  return ids.map((id, i) =>
    id === model.tokenizer.unkTokenId && offsets[i]
      ? text.slice(...offsets[i])
      : tokens[i].replace(/^(##|▁|Ġ)(?=.)/, '').replace(/^Ġ$/, '␣'),
  );
}

const traced = ['q', 'k', 'v', 'scores', 'masked_scores', 'pattern', 'z'];

/** One pass: the output, and for each layer and head what attention made of it. */
export function run(model, text, options = {}) {
  const { ids } = model.tokenizer.encode(text);
  const inputIds = ids.slice(0, model.config.maxLen);
  const trace = [
    'blocks.0.resid_pre',
    ...Array.from({ length: model.config.numLayers }, (_, l) =>
      traced.map((name) => `blocks.${l}.attn.${name}`),
    ).flat(),
  ];
  const output = model.forward({ inputIds }, { outputAttentions: true, trace, ...options });
  return {
    ...output,
    ids: inputIds,
    at: (layer, name) => output.trace.get(`blocks.${layer}.attn.${name}`),
  };
}

/** Row `row` of head `head` of a tensor [1, H, rows, columns]. */
export function row({ data, dims }, head, index) {
  const [rows, columns] = dims.slice(-2);
  return [...data.subarray((head * rows + index) * columns, (head * rows + index + 1) * columns)];
}

/** Head `head` of a tensor [1, H, rows, columns] as rows. */
export const matrix = (tensor, head) =>
  Array.from({ length: tensor.dims.at(-2) }, (_, index) => row(tensor, head, index));

/** Probabilities in % of every word at `position` of `output`; of a piece such as `##is` only where there is no word `is`. */
export function shares(model, { logits }, position) {
  const width = logits.dims.at(-1);
  const scores = logits.data.subarray(position * width, (position + 1) * width);
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const exps = Array.from(scores, (score) => Math.exp(score - largest));
  const total = exps.reduce((a, b) => a + b, 0);
  const named = exps.map((share, id) => [model.tokenizer.idToToken(id), (100 * share) / total]);
  const isPiece = ([token]) => token.startsWith('##');
  return new Map([
    ...named.filter(isPiece).map(([token, share]) => [token.slice(2), share]),
    ...named.filter((each) => !isPiece(each)),
  ]);
}

/** Shown numbers equal computed ones to half a unit of the last digit shown; where `masked`, none is shown. */
export function assertShown(actual, expected, digits, name, masked = () => false) {
  const slack = 0.5 * 10 ** -digits + 5e-5;
  assert.equal(actual.length, expected.length, `${name}: rows`);
  actual.forEach((values, i) => {
    assert.equal(values.length, expected[i].length, `${name}: row ${i}`);
    values.forEach((value, j) => {
      if (masked(i, j))
        assert.ok(
          Number.isNaN(value),
          `${name} [${i}, ${j}]: expected a masked cell, got ${value}`,
        );
      else
        assert.ok(
          Math.abs(value - expected[i][j]) <= slack,
          `${name} [${i}, ${j}]: expected ${expected[i][j]}, got ${value}`,
        );
    });
  });
}

/** What the page exported equals a pass of the package. */
export function assertSamePass(exported, expected) {
  assert.deepEqual(exported.ids, expected.ids);
  assert.equal(exported.attentions.length, expected.attentions.length, 'layers');
  expected.attentions.forEach((tensor, layer) =>
    assertClose(exported.attentions[layer], tensor, tolerance, `attentions.${layer}`),
  );
  assertClose(exported.lastHiddenState, expected.lastHiddenState, tolerance, 'lastHiddenState');
  assert.equal(exported.logits === undefined, expected.logits === undefined, 'logits');
  if (expected.logits) assertClose(exported.logits, expected.logits, tolerance, 'logits');
}
