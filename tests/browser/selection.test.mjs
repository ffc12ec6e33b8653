// Choosing: hover isolates, click keeps, Escape clears, arrow keys move; and the arithmetic of a cell adds up.
import assert from 'node:assert/strict';
import { eventually, pageTest, useLab } from './lab.mjs';
import { assertAddsUp } from './arithmetic.mjs';
import { cellCentre, text, tokens, weights } from './reading.mjs';
import { assertShown, loadModel, matrix, run } from './expected.mjs';

const model = await loadModel();
const { numHeads } = model.config.attention;
const sentenceOf = (page) =>
  page.getByRole('textbox', { name: 'Sentence', exact: true }).inputValue();
const queries = (page) =>
  page
    .getByTestId('arc')
    .evaluateAll((arcs) => [...new Set(arcs.map((arc) => Number(arc.dataset.query)))]);
const percent = (share) => `${(100 * share).toFixed(1)}%`;
const cellSummary = (page, pattern) => async (query, key) => {
  const shown = await tokens(page);
  await eventually(page, async () =>
    assert.equal(
      await text(page, 'cell-summary'),
      `${shown[query]} → ${shown[key]} ${percent(pattern[query][key])}`,
    ),
  );
};

useLab();

pageTest('hover isolates a word, click keeps it, Escape clears it', {}, async ({ page }) => {
  const words = await tokens(page);
  const [mask, cross] = [words.indexOf('[MASK]'), words.indexOf('cross')];
  const looksAt = (word) =>
    eventually(page, async () =>
      assert.ok((await text(page, 'summary')).startsWith(`${word} attends to`), word),
    );
  assert.deepEqual(await queries(page), [mask]);
  const chip = page.getByTestId('token').nth(cross);
  await chip.hover();
  await eventually(page, async () => assert.deepEqual(await queries(page), [cross]));
  await looksAt('cross');
  await page.mouse.move(5, 5);
  await looksAt('[MASK]');
  assert.deepEqual(await queries(page), [mask]);
  await chip.click();
  await page.mouse.move(5, 5);
  await looksAt('cross');
  await page.keyboard.press('ArrowRight');
  await looksAt(words[cross + 1]);
  await page.keyboard.press('ArrowLeft');
  await looksAt('cross');
  await page.keyboard.press('Escape');
  await eventually(page, async () =>
    assert.ok((await queries(page)).length > 1, 'the arcs of all words'),
  );
  assert.match(await text(page, 'arithmetic'), /Choose a cell/);
});

pageTest(
  'hover on a head previews it, click keeps it, arrow keys move on',
  {},
  async ({ page }) => {
    const pass = run(model, await sentenceOf(page));
    const shows = (layer, head) =>
      eventually(page, async () =>
        assertShown(
          await weights(page),
          matrix(pass.attentions[layer], head),
          3,
          `layer ${layer}, head ${head}`,
        ),
      );
    await shows(1, 0);
    await page.getByTestId('head-0-2').hover();
    await shows(0, 2);
    await page.mouse.move(5, 5);
    await shows(1, 0);
    await page.getByTestId('head-0-2').click();
    await page.mouse.move(5, 5);
    await shows(0, 2);
    await page.keyboard.press('ArrowRight');
    await shows(0, 3);
    await page.keyboard.press('ArrowDown');
    await shows(1, 3);
    for (let layer = 0; layer < model.config.numLayers; layer++) {
      for (let head = 0; head < numHeads; head++) {
        await page.getByTestId(`head-${layer}-${head}`).click();
        await shows(layer, head);
      }
    }
  },
);

pageTest(
  'the heatmap tells each cell under the pointer; click keeps it, arrow keys move it, Escape clears it',
  {},
  async ({ page }) => {
    const pattern = matrix(run(model, await sentenceOf(page)).attentions[1], 0);
    const tells = cellSummary(page, pattern);
    const last = pattern.length - 1;
    for (const [query, key] of [
      [0, 0],
      [last, 0],
      [3, last],
      [last, last],
    ]) {
      const { x, y } = await cellCentre(page, query, key);
      await page.mouse.move(x, y);
      await tells(query, key);
    }
    const { x, y } = await cellCentre(page, 3, 4);
    await page.mouse.click(x, y);
    await page.mouse.move(5, 5);
    await tells(3, 4);
    for (const [key, query, column] of [
      ['ArrowDown', 4, 4],
      ['ArrowRight', 4, 5],
      ['ArrowUp', 3, 5],
      ['ArrowLeft', 3, 4],
      ['End', 3, last],
      ['ArrowRight', 3, last],
      ['Home', 3, 0],
      ['PageDown', last, 0],
      ['PageUp', 0, 0],
      ['ArrowUp', 0, 0],
    ]) {
      await page.keyboard.press(key);
      await tells(query, column);
    }
    await page.keyboard.press('Escape');
    await eventually(page, async () => assert.equal(await text(page, 'cell-summary'), ''));
  },
);

/** The arithmetic of a cell of this model. */
const assertCell = async (page, pass, { layer, head, query, key, temperature = 1 }) =>
  assertAddsUp(page, {
    at: (name) => pass.at(layer, name),
    head,
    query,
    key,
    words: await tokens(page),
    temperature,
  });

pageTest('the arithmetic of a cell adds up and is the package’s', {}, async ({ page }) => {
  const sentence = await sentenceOf(page);
  const words = await tokens(page);
  const mask = words.indexOf('[MASK]');
  await assertCell(page, run(model, sentence), {
    layer: 1,
    head: 0,
    query: mask,
    key: words.indexOf('animal'),
  });
  await page.getByTestId('head-0-1').click();
  const { x, y } = await cellCentre(page, 4, 7);
  await page.mouse.click(x, y);
  await assertCell(page, run(model, sentence), { layer: 0, head: 1, query: 4, key: 7 });
  await page.getByTestId('temperature').press('Home');
  await assertCell(page, run(model, sentence, { temperature: 0.125 }), {
    layer: 0,
    head: 1,
    query: 4,
    key: 7,
    temperature: 0.125,
  });
});
