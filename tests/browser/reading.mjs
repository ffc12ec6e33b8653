// Reads what the page shows, as data: words, weights, predictions, the arithmetic. Knows test ids, not structure.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { eventually } from './lab.mjs';

/** A number as the page writes it: with a true minus sign, perhaps a sign and a unit. */
export function toNumber(text) {
  const match = /[+−-]?(?:∞|\d*\.?\d+(?:e[+−-]?\d+)?)/.exec(text);
  if (!match) throw new Error(`expected a number, got ${JSON.stringify(text)}`);
  return Number(match[0].replaceAll('−', '-').replace('∞', 'Infinity'));
}

export const text = async (page, id) =>
  (await page.getByTestId(id).innerText()).replace(/\s+/g, ' ').trim();
export const tokens = (page) =>
  page
    .getByTestId('token')
    .allTextContents()
    .then((all) => all.map((each) => each.trim()));

/** Rows of cells of a table by its test id. */
export const table = (page, id) =>
  page.getByTestId(id).evaluate((element) => {
    const root = element.matches('table') ? element : element.querySelector('table');
    return [...root.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim()));
  });

/** The weights on screen, [T, T], from the page's own table; NaN where a cell is masked. Opens the table when it is closed. */
export async function weights(page) {
  const summary = page.getByTestId('heatmap').locator('summary');
  if (!(await page.getByTestId('weights-table').count())) await summary.click();
  const [, ...rows] = await table(page, 'weights-table');
  return rows.map(([, ...cells]) => cells.map((cell) => (cell === '–' ? NaN : toNumber(cell))));
}

/** Word → shares in %, { after } or, where something is compared, { before, after, change }. Likeliest first. */
export async function predictions(page) {
  const rows = page.getByTestId('prediction-row');
  const found = await rows.evaluateAll((all) =>
    all.map((row) => [
      row.dataset.word,
      ...[...row.querySelectorAll('td.number')].map((cell) => cell.innerText),
    ]),
  );
  return new Map(
    found.map(([word, ...numbers]) => {
      const values = numbers.map(toNumber);
      return [
        word,
        values.length === 1
          ? { after: values[0] }
          : { before: values[0], after: values[1], change: values[2] },
      ];
    }),
  );
}

export const best = async (page) => [...(await predictions(page)).keys()][0];

/** The centre of a cell of the heatmap, on screen. */
export async function cellCentre(page, row, column) {
  const cells = page.getByTestId('heatmap-cells');
  await cells.scrollIntoViewIfNeeded();
  const { left, top, cell } = await cells.evaluate(({ dataset }) => ({
    left: +dataset.left,
    top: +dataset.top,
    cell: +dataset.cell,
  }));
  const box = await cells.boundingBox();
  return { x: box.x + left + (column + 0.5) * cell, y: box.y + top + (row + 0.5) * cell };
}

/** Clicks an item of the share menu and gives what it downloads: { name, bytes }. */
export async function download(page, item) {
  if (!(await page.getByTestId(item).count())) await page.getByTestId('share').click();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId(item).click()]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

/** Everything the page computed, at full precision. */
export async function exported(page) {
  const { bytes } = await download(page, 'share-json');
  const result = JSON.parse(bytes);
  await page.keyboard.press('Escape');
  return result;
}

/** Clicks an item of the share menu and gives what it copies; the context must be allowed to read the clipboard. */
export async function copied(page, item) {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  if (!(await page.getByTestId(item).count())) await page.getByTestId('share').click();
  await page.getByTestId(item).click();
  const content = await eventually(page, async () => {
    const found = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(found.length > 0, 'something in the clipboard');
    return found;
  });
  await page.keyboard.press('Escape');
  return content;
}
