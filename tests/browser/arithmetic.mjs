// Reads the panel that takes a weight apart, and checks every number of it.
import assert from 'node:assert/strict';
import { row } from './expected.mjs';
import { eventually } from './lab.mjs';
import { table, text, toNumber } from './reading.mjs';

const percent = (share) => `${(100 * share).toFixed(1)}%`;

/** The numbers of each dimension: q, k, their product, v, weight × v, z. */
async function dimensions(page, dHead) {
  const operands = page.getByTestId('operands');
  // Another cell may come in between, and with it another table.
  const [, ...rows] = await eventually(page, async () => {
    if (!(await operands.locator('table').count())) await operands.locator('summary').click();
    return table(page, 'operands');
  });
  assert.equal(rows.length, dHead + 1, 'a row per dimension, and the total');
  return rows.slice(0, dHead).map(([, ...cells]) => cells.map(toNumber));
}

/** What pointing at bar `i` of the first vector tells. */
async function readBar(page, i, dHead) {
  const bars = page.getByTestId('arithmetic').locator('svg').first();
  await bars.scrollIntoViewIfNeeded();
  const box = await bars.boundingBox();
  await page.mouse.move(box.x + ((i + 0.5) / dHead) * box.width, box.y + box.height / 2);
  const shown = await eventually(page, async () => {
    const match = new RegExp(`dimension ${i + 1}: (\\S+) × (\\S+) = (\\S+)`).exec(
      await text(page, 'arithmetic'),
    );
    assert.ok(match, `the numbers of dimension ${i + 1}`);
    return match.slice(1).map(toNumber);
  });
  await page.mouse.move(5, 5);
  return shown;
}

const close = (actual, expected, slack, name) =>
  assert.ok(Math.abs(actual - expected) <= slack, `${name}: expected ${expected}, got ${actual}`);
const half = 0.0005; // of the last of three digits

/**
 * Every number of the panel follows from those above it, and is the package's. `at`: an activation of the cell's site by its last
 * name; `words`: what the keys are called.
 */
export async function assertAddsUp(page, { at, head, query, key, words, temperature = 1 }) {
  const dHead = at('q').dims.at(-1);
  const shown = await dimensions(page, dHead);
  const pattern = row(at('pattern'), head, query);
  const [q, k, v, z] = [
    ['q', query],
    ['k', key],
    ['v', key],
    ['z', query],
  ].map(([name, index]) => row(at(name), head, index));
  assert.deepEqual(
    await readBar(page, dHead - 1, dHead),
    shown.at(-1).slice(0, 3),
    'a bar tells the numbers of the table',
  );
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
  close(
    dot,
    shown.reduce((sum, [, , product]) => sum + product, 0),
    half * (dHead + 1),
    'sum of the products',
  );
  const divisor = Math.sqrt(dHead) * temperature;
  close(score, dot / divisor, half * (1.01 + 1 / divisor), 'scaled sum');
  close(score, row(at('scores'), head, query)[key], half + 1e-5, 'score');

  const [, ...rows] = await table(page, 'softmax-row');
  const total = rows.pop();
  const cells = rows.map(([word, shownScore, exp, , weight]) => ({
    word,
    score: shownScore && toNumber(shownScore),
    exp: toNumber(exp),
    weight: toNumber(weight),
  }));
  const largest = Math.max(...row(at('masked_scores'), head, query));
  const sum = cells.reduce((all, { exp }) => all + exp, 0);
  close(toNumber(total[2]), sum, half * (cells.length + 1), 'total of the exponentials');
  close(toNumber(await text(page, 'softmax-total')), 1, half, 'total of the weights');
  for (const { word, score: s, exp, weight } of cells) {
    close(weight, exp / sum, 2e-3, `weight of ${word}`);
    if (s === '') continue; // the row that adds up the others
    close(exp, Math.exp(s - largest), half + 0.006 * exp, `exponential of ${word}`);
    assert.ok(
      pattern.some((each, i) => words[i] === word && Math.abs(each - weight) <= half + 1e-5),
      `weight of ${word}: got ${weight}`,
    );
  }
  assert.equal(await text(page, 'cell-weight'), percent(pattern[key]));
  assert.ok(
    cells.some(
      ({ word, weight }) => word === words[key] && Math.abs(weight - pattern[key]) <= half + 1e-5,
    ),
    'the chosen word is in the row',
  );
  const disagreement = Number(
    await page.getByTestId('agreement').getAttribute('data-disagreement'),
  );
  assert.ok(disagreement <= 1e-5, `WebAssembly’s numbers differ by ${disagreement}`);
}
