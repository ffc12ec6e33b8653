// What the answer depends on: the page's sweeps are the package's, they follow edits and sentences, and a big model is asked on request.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../scripts/lib/paths.mjs';
import { loadModel } from './expected.mjs';
import { eventually, pageTest, useLab } from './lab.mjs';
import { exported, table, text, toNumber } from './reading.mjs';
import { openOfPage, pageModel, pairInputs } from './model-kinds-reading.mjs';

/** Rows of numbers of one of the maps. */
const numbers = async (page, id) =>
  (await table(page, id))
    .slice(1)
    .map(([, ...cells]) => cells.map((cell) => toNumber(/[+−]?\d+$/.exec(cell)[0])));

const rowsOf = ({ data, dims }) =>
  Array.from({ length: dims[0] }, (_, row) => [
    ...data.subarray(row * dims[1], (row + 1) * dims[1]),
  ]);
/** In whole points. */
const assertPoints = (actual, expected) => {
  assert.deepEqual(
    actual.map((row) => row.length),
    expected.map((row) => row.length),
  );
  actual.forEach((row, r) =>
    row.forEach((value, c) =>
      assert.ok(
        Math.abs(value - 100 * expected[r][c]) <= 0.51,
        `[${r}, ${c}]: expected ${100 * expected[r][c]}, got ${value}`,
      ),
    ),
  );
};

function likeliest(model, text) {
  const { ids, tokens } = model.encode(text);
  const position = tokens.indexOf('[MASK]');
  const { logits } = model.forward({ inputIds: ids });
  const size = logits.dims.at(-1);
  const scores = [...logits.data.subarray(position * size, (position + 1) * size)];
  return { ids, position, token: scores.indexOf(Math.max(...scores)) };
}

useLab();

pageTest(
  'heads off in turn, and words patched in from the sentence before, are the package’s sweeps',
  {},
  async ({ page }) => {
    const model = await loadModel();
    const before = await page.getByRole('textbox').first().inputValue();
    const { ids, position, token } = likeliest(model, before);
    const metric = { kind: 'probability', token, position };
    const heads = await model.sweep({
      inputs: { inputIds: ids },
      over: 'heads',
      op: 'zero',
      metric,
    });
    await eventually(page, async () =>
      assertPoints(await numbers(page, 'causes-heads'), rowsOf(heads.differences)),
    );
    assert.match(
      await text(page, 'causes'),
      new RegExp(`“${model.tokenizer.idToToken(token)}” has`),
    );
    assert.equal(await page.getByTestId('causes-patches').count(), 0);

    await page.getByTestId('show-me').click();
    const after = likeliest(model, await page.getByRole('textbox').first().inputValue());
    assert.notEqual(after.token, token);
    const from = model.forward(
      { inputIds: ids },
      { trace: ['blocks.0.resid_pre', 'blocks.1.resid_pre'] },
    );
    const patches = await model.sweep({
      inputs: { inputIds: after.ids },
      over: 'positions',
      from,
      metric: { ...metric, position: after.position },
    });
    await eventually(page, async () =>
      assertPoints(await numbers(page, 'causes-patches'), rowsOf(patches.values)),
    );

    await page.getByTestId('causal').check();
    const causal = await model.sweep({
      inputs: { inputIds: after.ids },
      over: 'heads',
      op: 'zero',
      options: { causal: true },
      metric: {
        kind: 'probability',
        position: after.position,
        token: likeliestWith(model, after, { causal: true }),
      },
    });
    await eventually(page, async () =>
      assertPoints(await numbers(page, 'causes-heads'), rowsOf(causal.differences)),
    );
    await page.getByTestId('causes-heads').getByRole('button').nth(5).click();
    assert.match(await text(page, 'heatmap'), /Layer 2, head 2/);
    model.dispose();
  },
);

function likeliestWith(model, { ids, position }, options) {
  const { logits } = model.forward({ inputIds: ids }, options);
  const size = logits.dims.at(-1);
  const scores = [...logits.data.subarray(position * size, (position + 1) * size)];
  return scores.indexOf(Math.max(...scores));
}

pageTest('without an answer there is nothing to ask', {}, async ({ page }) => {
  await page.getByRole('textbox').first().fill('the dog saw the cat .');
  await page.keyboard.press('Escape');
  await eventually(page, async () =>
    assert.match(await text(page, 'causes'), /A question needs an answer/),
  );
});

pageTest(
  'a model in a worker is asked when the reader says so',
  {},
  async ({ page, context, problems }) => {
    const folder = join(paths.root, 'tests', 'golden', 'checkpoints', 'mlm_gelu');
    const files = Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]),
    );
    const headers = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag' };
    await context.route('https://huggingface.co/**', (route) => {
      const body = files[route.request().url().split('/').at(-1)];
      return route.fulfill(body ? { body, headers } : { status: 404, headers });
    });
    await page.getByTestId('hub-id').fill('lab/mlm');
    await page.getByRole('button', { name: 'Download' }).click();
    await page.getByTestId('open-model').filter({ hasText: 'lab/mlm' }).waitFor();
    await page
      .getByRole('textbox', { name: 'Sentence', exact: true })
      .fill('the dog [MASK] the cat .');
    await page.getByTestId('causes-ask').click();
    const model = await loadModel(folder);
    const { ids, position, token } = likeliest(model, 'the dog [MASK] the cat .');
    const expected = await model.sweep({
      inputs: { inputIds: ids },
      over: 'heads',
      op: 'zero',
      metric: { kind: 'probability', token, position },
    });
    await eventually(page, async () =>
      assertPoints(await numbers(page, 'causes-heads'), rowsOf(expected.differences)),
    );
    await page
      .getByRole('textbox', { name: 'Sentence', exact: true })
      .fill('the dog [MASK] the dog .');
    await page.getByTestId('causes-heads').waitFor({ state: 'detached' });
    model.dispose();
    problems.splice(
      0,
      problems.length,
      ...problems.filter((problem) => !/huggingface\.co|status of 404/.test(problem)),
    );
  },
);

pageTest(
  'of a translator each kind of attention has its heads off in turn, at the place that is chosen',
  {},
  async ({ page }) => {
    const model = await pageModel('dates');
    await openOfPage(page, 'dates');
    await eventually(page, async () =>
      assert.equal(await page.getByRole('textbox', { name: 'Output' }).inputValue(), '2026-11-20'),
    );
    await page.getByTestId('token').nth(5).click();
    await page.mouse.move(5, 5);
    const inputs = pairInputs(
      model,
      model.encode('20 nov 2026').ids,
      model.encode('2026-11-20').ids,
    );
    const position = 5;
    const metric = { kind: 'probability', token: model.tokenizer.tokenToId('1'), position };
    for (const [kind, site] of [
      ['cross', 'decoder.blocks.{l}.cross_attn'],
      ['encoder', 'encoder.blocks.{l}.attn'],
      ['decoder', 'decoder.blocks.{l}.self_attn'],
    ]) {
      const expected = await model.sweep({
        inputs,
        over: 'heads',
        op: 'zero',
        at: `${site}.z`,
        metric,
      });
      await eventually(page, async () =>
        assertPoints(await numbers(page, `causes-heads-${kind}`), rowsOf(expected.differences)),
      );
    }
    await page.getByTestId('causes-heads-encoder').getByRole('button').nth(1).click();
    assert.match(await text(page, 'heatmap'), /encoder, layer 1, head 2/);
    model.dispose();
  },
);

pageTest('of a picture the class has its heads off in turn', {}, async ({ page }) => {
  const model = await pageModel('digits');
  await openOfPage(page, 'digits');
  const { dims, data } = (await exported(page)).pixelValues;
  const inputs = { pixelValues: { dims, data: Float32Array.from(data) } };
  const expected = await model.sweep({
    inputs,
    over: 'heads',
    op: 'zero',
    metric: { kind: 'probability', token: 4 },
  });
  await eventually(page, async () =>
    assertPoints(await numbers(page, 'causes-heads'), rowsOf(expected.differences)),
  );
  model.dispose();
});
