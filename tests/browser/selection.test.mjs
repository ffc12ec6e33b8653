// Choosing: hover isolates, click keeps, Escape clears, arrow keys move; and the arithmetic of a cell adds up.
import assert from 'node:assert/strict';
import { eventually, pageTest, useLab } from './lab.mjs';
import { cellCentre, table, text, toNumber, tokens, weights } from './reading.mjs';
import { assertShown, loadModel, matrix, row, run } from './expected.mjs';

const model = await loadModel();
const { dHead, numHeads } = model.config.attention;
const sentenceOf = (page) => page.getByRole('textbox', { name: 'Sentence' }).inputValue();
const queries = (page) => page.getByTestId('arc').evaluateAll((arcs) => [...new Set(arcs.map((arc) => Number(arc.dataset.query)))]);
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const cellSummary = (page, pattern) => async (query, key) => {
  const shown = await tokens(page);
  await eventually(page, async () => assert.equal(await text(page, 'cell-summary'), `${shown[query]} → ${shown[key]} ${percent(pattern[query][key])}`));
};

useLab();

pageTest('hover isolates a word, click keeps it, Escape clears it', {}, async ({ page }) => {
  const words = await tokens(page);
  const [mask, cross] = [words.indexOf('[MASK]'), words.indexOf('cross')];
  const looksAt = (word) => eventually(page, async () => assert.ok((await text(page, 'summary')).startsWith(`${word} looks at`), word));
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
  await eventually(page, async () => assert.ok((await queries(page)).length > 1, 'the arcs of all words'));
  assert.match(await text(page, 'arithmetic'), /Choose a cell/);
});

pageTest('hover on a head previews it, click keeps it, arrow keys move on', {}, async ({ page }) => {
  const pass = run(model, await sentenceOf(page));
  const shows = (layer, head) =>
    eventually(page, async () => assertShown(await weights(page), matrix(pass.attentions[layer], head), 3, `layer ${layer}, head ${head}`));
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
});

pageTest('the heatmap tells each cell under the pointer; click keeps it, arrow keys move it, Escape clears it', {}, async ({ page }) => {
  const pattern = matrix(run(model, await sentenceOf(page)).attentions[1], 0);
  const tells = cellSummary(page, pattern);
  const last = pattern.length - 1;
  for (const [query, key] of [[0, 0], [last, 0], [3, last], [last, last]]) {
    const { x, y } = await cellCentre(page, query, key);
    await page.mouse.move(x, y);
    await tells(query, key);
  }
  const { x, y } = await cellCentre(page, 3, 4);
  await page.mouse.click(x, y);
  await page.mouse.move(5, 5);
  await tells(3, 4);
  for (const [key, query, column] of [
    ['ArrowDown', 4, 4], ['ArrowRight', 4, 5], ['ArrowUp', 3, 5], ['ArrowLeft', 3, 4], ['End', 3, last], ['ArrowRight', 3, last], ['Home', 3, 0],
    ['PageDown', last, 0], ['PageUp', 0, 0], ['ArrowUp', 0, 0],
  ]) {
    await page.keyboard.press(key);
    await tells(query, column);
  }
  await page.keyboard.press('Escape');
  await eventually(page, async () => assert.equal(await text(page, 'cell-summary'), ''));
});

/** The numbers of each dimension: q, k, their product, v, weight × v, z. */
async function dimensions(page) {
  const operands = page.getByTestId('operands');
  if (!(await operands.locator('table').count())) await operands.locator('summary').click();
  const [, ...rows] = await table(page, 'operands');
  assert.equal(rows.length, dHead + 1, 'a row per dimension, and the total');
  return rows.slice(0, dHead).map(([, ...cells]) => cells.map(toNumber));
}

/** What pointing at bar `i` of the first vector tells. */
async function readBar(page, i) {
  const bars = page.getByTestId('arithmetic').locator('svg').first();
  await bars.scrollIntoViewIfNeeded();
  const box = await bars.boundingBox();
  await page.mouse.move(box.x + ((i + 0.5) / dHead) * box.width, box.y + box.height / 2);
  const shown = await eventually(page, async () => {
    const match = new RegExp(`dimension ${i + 1}: (\\S+) × (\\S+) = (\\S+)`).exec(await text(page, 'arithmetic'));
    assert.ok(match, `the numbers of dimension ${i + 1}`);
    return match.slice(1).map(toNumber);
  });
  await page.mouse.move(5, 5);
  return shown;
}

const close = (actual, expected, slack, name) =>
  assert.ok(Math.abs(actual - expected) <= slack, `${name}: expected ${expected}, got ${actual}`);
const half = 0.0005; // of the last of three digits

/** Every number of the panel follows from those above it, and is the package's. */
async function assertAddsUp(page, pass, { layer, head, query, key, temperature = 1 }) {
  const shown = await dimensions(page);
  const pattern = row(pass.attentions[layer], head, query);
  const [q, k, v, z] = [['q', query], ['k', key], ['v', key], ['z', query]].map(([name, index]) => row(pass.at(layer, name), head, index));
  assert.deepEqual(await readBar(page, 2), shown[2].slice(0, 3), 'a bar tells the numbers of the table');
  shown.forEach(([a, b, product, value, added, sum], i) => {
    close(value, v[i], half + 1e-5, `v ${i}`);
    close(added, pattern[key] * value, half * 2.01, `weight × v ${i}`);
    close(sum, z[i], half + 1e-5, `z ${i}`);
    close(product, a * b, half * (1.01 + Math.abs(a) + Math.abs(b)), `product ${i}`);
    close(a, q[i], half + 1e-5, `q ${i}`);
    close(b, k[i], half + 1e-5, `k ${i}`);
  });
  const dot = toNumber(await text(page, 'dot'));
  const score = toNumber(await text(page, 'score'));
  close(dot, shown.reduce((sum, [, , product]) => sum + product, 0), half * (dHead + 1), 'sum of the products');
  const divisor = Math.sqrt(dHead) * temperature;
  close(score, dot / divisor, half * (1.01 + 1 / divisor), 'scaled sum');
  close(score, row(pass.at(layer, 'scores'), head, query)[key], half + 1e-5, 'score');

  const [, ...rows] = await table(page, 'softmax-row');
  const total = rows.pop();
  const cells = rows.map(([word, shownScore, exp, , weight]) => ({ word, score: shownScore && toNumber(shownScore), exp: toNumber(exp), weight: toNumber(weight) }));
  const largest = Math.max(...row(pass.at(layer, 'masked_scores'), head, query));
  const sum = cells.reduce((all, { exp }) => all + exp, 0);
  close(toNumber(total[2]), sum, half * (cells.length + 1), 'total of the exponentials');
  close(toNumber(await text(page, 'softmax-total')), 1, half, 'total of the weights');
  const words = await tokens(page);
  for (const { word, score: s, exp, weight } of cells) {
    close(weight, exp / sum, 2e-3, `weight of ${word}`);
    if (s === '') continue; // the row that adds up the others
    close(exp, Math.exp(s - largest), half + 0.006 * exp, `exponential of ${word}`);
    assert.ok(pattern.some((each, i) => words[i] === word && Math.abs(each - weight) <= half + 1e-5), `weight of ${word}: got ${weight}`);
  }
  assert.equal(await text(page, 'cell-weight'), percent(pattern[key]));
  assert.ok(cells.some(({ word, weight }) => word === words[key] && Math.abs(weight - pattern[key]) <= half + 1e-5), 'the chosen word is in the row');
  const disagreement = Number(await page.getByTestId('agreement').getAttribute('data-disagreement'));
  assert.ok(disagreement <= 1e-5, `WebAssembly’s numbers differ by ${disagreement}`);
}

pageTest('the arithmetic of a cell adds up and is the package’s', {}, async ({ page }) => {
  const sentence = await sentenceOf(page);
  const words = await tokens(page);
  const mask = words.indexOf('[MASK]');
  await assertAddsUp(page, run(model, sentence), { layer: 1, head: 0, query: mask, key: words.indexOf('animal') });
  await page.getByTestId('head-0-1').click();
  const { x, y } = await cellCentre(page, 4, 7);
  await page.mouse.click(x, y);
  await assertAddsUp(page, run(model, sentence), { layer: 0, head: 1, query: 4, key: 7 });
  await page.getByTestId('temperature').press('Home');
  await assertAddsUp(page, run(model, sentence, { temperature: 0.125 }), { layer: 0, head: 1, query: 4, key: 7, temperature: 0.125 });
});
