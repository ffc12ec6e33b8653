// The Lab with models of real sizes: 6 × 12 heads over 30,000 byte-level words, and a picture of 16 × 16 patches. Weights are random, so
// what is shown is compared with what the package computes, never with what it ought to mean.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { writeCheckpoint } from '../../scripts/lib/generated-checkpoints.mjs';
import { violations } from './axe.mjs';
import { assertShown, loadModel, matrix, run } from './expected.mjs';
import { eventually, pageTest, useLab } from './lab.mjs';
import { download, predictions, text, tokens, toNumber, weights } from './reading.mjs';

const temporary = mkdtempSync(join(tmpdir(), 'attention-lab-'));
after(() => rmSync(temporary, { recursive: true, force: true }));
const bytes = writeCheckpoint(temporary, 'bytes');
const patches = writeCheckpoint(temporary, 'patches');
const causal = writeCheckpoint(temporary, 'causal');

const open = async (page, folder) => {
  await page.getByTestId('choose-folder').setInputFiles(folder);
  await page.getByTestId('back-to-shipped').waitFor();
};
const type = (page, sentence) => page.getByRole('textbox', { name: 'Sentence' }).fill(sentence);
/** Where the title of the heat map says it is. */
const shownHead = async (page) =>
  /ayer (\d+), head (\d+)/
    .exec(await text(page, 'heatmap'))
    .slice(1)
    .map((number) => Number(number) - 1);
const noOverflow = async (page) =>
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    'nothing sticks out',
  );

useLab();

for (const viewport of [
  { width: 1280, height: 900 },
  { width: 360, height: 640 },
])
  pageTest(
    `6 × 12 heads over 30,000 byte-level words: readable, exact, and every head in sight (${viewport.width})`,
    { viewport },
    async ({ page }) => {
      const model = await loadModel(bytes);
      await open(page, bytes);
      const sentence = 'The Müller dog';
      await type(page, sentence);
      // The two bytes of ü are two tokens: the second says that it belongs to the first.
      const shown = ['<s>', 'T', 'he', '␣', 'M', 'ü', '…', 'll', 'er', 'd', 'og', '</s>'];
      await eventually(page, async () => assert.deepEqual(await tokens(page), shown));
      const [layer, head] = await shownHead(page);
      assertShown(
        await weights(page),
        matrix(run(model, sentence).attentions[layer], head),
        3,
        sentence,
      );
      await page.getByLabel('merge subwords').check();
      await eventually(page, async () =>
        assert.deepEqual(await tokens(page), ['<s>', 'The', '␣Müller', 'dog', '</s>']),
      );
      await page.getByLabel('merge subwords').uncheck();

      const grid = page.getByTestId('head-grid');
      assert.equal(await grid.locator('button canvas').count(), 72);
      const box = await grid.boundingBox();
      const last = await page.getByTestId('head-5-11').boundingBox();
      assert.ok(
        last.x + last.width <= box.x + box.width + 1,
        'the last head of a layer is in sight',
      );

      await type(page, 'The <mask> dog');
      await eventually(page, async () =>
        assert.match(await text(page, 'prediction'), /Prediction for <mask>/),
      );
      const found = await predictions(page);
      assert.equal(found.size, 5);
      for (const word of found.keys()) assert.doesNotMatch(word, /Ġ|Ã|Ċ/, word);
      await noOverflow(page);
      assert.deepEqual(await violations(page), []);
    },
  );

pageTest(
  'a picture of 16 × 16 patches: each head a map of them, and nothing of the model before',
  {},
  async ({ page }) => {
    await page.getByTestId('causes').getByText('animal').first().waitFor();
    await open(page, patches);
    await page.getByTestId('picture-looks').waitFor();
    assert.doesNotMatch(await page.getByTestId('causes').innerText(), /animal/);
    await eventually(page, async () => assert.equal((await predictions(page)).size, 5));
    const canvas = page.getByTestId('head-3-4').locator('canvas');
    /** How many colours there are along the diagonal of the map: a row of weights would be one. */
    await eventually(page, async () =>
      assert.ok(
        (await canvas.evaluate((element) => {
          const { data, width } = element
            .getContext('2d')
            .getImageData(0, 0, element.width, element.height);
          const pixels = new Uint32Array(data.buffer);
          return new Set(Array.from({ length: width }, (_, i) => pixels[i * width + i])).size;
        })) > 3,
      ),
    );
    await noOverflow(page);
    assert.deepEqual(await violations(page), []);
  },
);

pageTest(
  'a causal model in a worker opens on its last token, and then rests',
  {},
  async ({ page }) => {
    await open(page, causal);
    await eventually(page, async () =>
      assert.match(await text(page, 'prediction'), /Next word after/),
    );
    const isBusy = () => page.getByTestId('instrument').getAttribute('aria-busy');
    await eventually(page, async () => assert.equal(await isBusy(), 'false'));
    await page.waitForTimeout(500);
    assert.equal(await isBusy(), 'false', 'no run asks for another');
  },
);

pageTest('the vectors of a place are saved as they are shown', {}, async ({ page }) => {
  const model = await loadModel(bytes);
  await open(page, bytes);
  await type(page, 'The dog');
  const [layer, head] = await shownHead(page);
  await page.locator(`[data-testid="place"][data-name="blocks.${layer}.attn.q"]`).click();
  await page.getByTestId('vectors-csv').waitFor();
  const { name, bytes: file } = await download(page, 'vectors-csv');
  assert.equal(name, `blocks.${layer}.attn.q.head${head + 1}.csv`);
  const [header, ...rows] = file.toString().trim().split('\n');
  assert.match(header, /^token,text,0,1,/);
  const expected = matrix(run(model, 'The dog').at(layer, 'q'), head);
  assert.equal(rows.length, expected.length);
  rows.forEach((row, token) => {
    const numbers = row.split(',').slice(2).map(toNumber);
    numbers.forEach((value, i) => assert.ok(Math.abs(value - expected[token][i]) < 1e-4));
  });
});
