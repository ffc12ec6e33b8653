// Models of other kinds in the Lab, for tests: how they are opened, what they are given, and what the package makes of it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { paths } from '../../scripts/lib/paths.mjs';
import { loadModel } from './expected.mjs';
import { eventually } from './lab.mjs';
import { predictions, text, toNumber } from './reading.mjs';

export const golden = (name) => join(paths.root, 'tests', 'golden', 'checkpoints', name);
export const pageModel = (name) => loadModel(join(paths.page, 'models', name));

const traced = ['q', 'k', 'v', 'scores', 'masked_scores', 'pattern', 'z'];
const kinds = {
  crossAttentions: 'decoder.blocks.{l}.cross_attn',
  encoderAttentions: 'encoder.blocks.{l}.attn',
  decoderAttentions: 'decoder.blocks.{l}.self_attn',
  attentions: 'blocks.{l}.attn',
};

/** A pass with everything recorded; `sites` are its attentions in the order of the page: { name, layer, pattern, at(activation) }. */
export function pass(model, inputs, options = {}) {
  const trace = model
    .activationNames()
    .filter((name) => traced.some((each) => name.endsWith(`attn.${each}`)));
  const output = model.forward(inputs, { outputAttentions: true, trace, ...options });
  const sites = Object.entries(kinds).flatMap(([name, place]) =>
    (output[name] ?? []).map((pattern, layer) => ({
      name,
      layer,
      pattern,
      at: (activation) => output.trace.get(`${place.replace('{l}', layer)}.${activation}`),
    })),
  );
  return { ...output, sites };
}

/** What the page gives a translator whose tokens are these. */
export const pairInputs = (model, source, target) => ({
  inputIds: source,
  decoderInputIds: [
    ...(model.config.lmHead ? model.generate(source, { maxNewTokens: 1 }).ids.slice(0, 1) : []),
    ...target,
  ],
});

export async function openFolder(page, name) {
  await page.getByTestId('choose-folder').setInputFiles(golden(name));
  await eventually(page, async () =>
    assert.match(await text(page, 'open-model'), new RegExp(`${name}.*Back`)),
  );
  await page.getByTestId('heatmap').waitFor();
}

export async function openOfPage(page, name) {
  await page.getByTestId(`page-model-${name}`).click();
  await eventually(page, async () =>
    assert.match(await text(page, 'open-model'), new RegExp(`^Loaded: ${name}`)),
  );
  await page.getByTestId('heatmap').waitFor();
}

/** Probabilities of the last row of logits in %, likeliest first. */
export function likeliest({ data, dims }, name, count = 5) {
  const row = [...data.subarray(data.length - dims.at(-1))];
  const largest = Math.max(...row);
  const exps = row.map((score) => Math.exp(score - largest));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps
    .map((share, id) => [name(id), (100 * share) / total])
    .sort((a, b) => b[1] - a[1])
    .slice(0, count);
}

/** The page's own list, likeliest first, without edits or, with some, after them. */
export async function assertAnswers(page, expected) {
  const shown = [...(await predictions(page))];
  assert.deepEqual(
    shown.map(([name]) => name),
    expected.map(([name]) => name),
  );
  shown.forEach(([name, { after }], i) =>
    assert.ok(
      Math.abs(after - expected[i][1]) < 0.06,
      `${name}: expected ${expected[i][1]}, got ${after}`,
    ),
  );
}

/** Tensors of the page's own JSON, { dims, data }, equal the package's. */
export function assertTensor(actual, expected, name) {
  assert.deepEqual(actual.dims, expected.dims, name);
  actual.data.forEach((value, i) =>
    assert.ok(
      Math.abs(value - expected.data[i]) <= 5e-5 * (1 + Math.abs(expected.data[i])),
      `${name}[${i}]: expected ${expected.data[i]}, got ${value}`,
    ),
  );
}

/** Why the last change could not be computed; opens what the program said where that is closed. */
export async function failure(page) {
  const details = page.getByTestId('error').locator('details');
  if (!(await details.evaluate(({ open }) => open))) await details.locator('summary').click();
  return text(page, 'error');
}

export const disagreement = async (page) =>
  toNumber((await page.getByTestId('agreement').getAttribute('data-disagreement')) ?? '');
