// Keeping and passing on: the address restores the page; pictures, tables and code hold what is shown.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { eventually, openTab, pageTest, shown, useLab } from './lab.mjs';
import {
  cellCentre,
  copied,
  download,
  exported,
  predictions,
  text,
  tokens,
  weights,
} from './reading.mjs';
import { assertSamePass, loadModel, run } from './expected.mjs';

const model = await loadModel();
const permissions = ['clipboard-read', 'clipboard-write'];
const sentenceOf = (page) => page.getByRole('textbox').first().inputValue();

/** Changes of every kind that a link, or the code, must carry. */
async function changeEverything(page) {
  await page
    .getByRole('textbox', { name: 'Sentence', exact: true })
    .fill('the dog could not see the "cat", because the [MASK] was & <small> .');
  await page.getByTestId('causal').check();
  await page.getByTestId('temperature').press('Home');
  await page.getByTestId('head-0-1').click();
  await page.getByTestId('head-on').uncheck();
  const { x, y } = await cellCentre(page, 5, 3);
  await page.mouse.click(x, y);
  await page.mouse.move(5, 5);
  await page.getByTestId('block-cell').click();
}

const state = async (page) => ({
  sentence: await sentenceOf(page),
  words: await tokens(page),
  weights: await weights(page),
  predictions: [...(await predictions(page))],
  modified: await text(page, 'modified'),
  edits: await text(page, 'edit-list'),
  cell: await text(page, 'cell-summary'),
  summary: await text(page, 'summary'),
  heading: await text(page, 'listing-difference'),
  causal: await page.getByTestId('causal').isChecked(),
  temperature: await text(page, 'temperature-value'),
  language: await page.locator('html').getAttribute('lang'),
  theme: await page.locator('html').getAttribute('data-theme'),
});

useLab();

pageTest(
  'a copied link restores sentence, selection, edits, listing, language and colours',
  { permissions },
  async ({ page }) => {
    await changeEverything(page);
    await page.getByTestId('listing-shared_heads').check();
    await page.getByTestId('language-zh').click();
    await page.getByTestId('theme').selectOption('dark');
    const before = await state(page);
    const link = new URL(await copied(page, 'share-link'));
    await eventually(page, async () =>
      assert.equal(
        await page.evaluate(() => location.href),
        link.href,
        'the address says the same',
      ),
    );
    const other = await openTab({ hash: link.hash });
    try {
      await shown(other.page);
      await eventually(other.page, async () => assert.deepEqual(await state(other.page), before));
      assert.deepEqual(other.problems, []);
    } finally {
      await other.close();
    }
  },
);

pageTest(
  'a link with another sentence as “before” restores the comparison',
  { permissions },
  async ({ page }) => {
    await page.getByTestId('show-me').click();
    await eventually(page, async () =>
      assert.ok('before' in [...(await predictions(page)).values()][0]),
    );
    const before = [...(await predictions(page))];
    const other = await openTab({ hash: new URL(await copied(page, 'share-link')).hash });
    try {
      await shown(other.page);
      await eventually(other.page, async () =>
        assert.deepEqual([...(await predictions(other.page))], before),
      );
    } finally {
      await other.close();
    }
  },
);

test('an address that names nothing opens the first room, and the Lab from there', async () => {
  const { page, problems, close } = await openTab({ hash: '#nonsense' });
  try {
    await page.locator('[data-testid="learn"][data-ready="true"]').waitFor();
    await page.getByTestId('room-lab').click();
    await shown(page);
    assert.deepEqual(problems, []);
  } finally {
    await close();
  }
});

for (const hash of [
  '#lab/nonsense?nonsense',
  '#text=%',
  '#cell=9.9.9.9&text=the+cat',
  '#temperature=NaN&mask=9-9.x&edit=~~,blocks.7.attn.z~head0~zero&text=the+cat',
  '#lang=xx&theme=pink',
]) {
  pageTest(`a damaged link opens a page that works: ${hash}`, { hash }, async ({ page }) => {
    await page.getByRole('textbox').first().fill('the dog saw the cat .');
    await eventually(page, async () =>
      assert.deepEqual(await tokens(page), [
        '[CLS]',
        'the',
        'dog',
        'saw',
        'the',
        'cat',
        '.',
        '[SEP]',
      ]),
    );
  });
}

pageTest('the PNG and the SVG show the heatmap', {}, async ({ page }) => {
  const words = await tokens(page);
  const svg = await download(page, 'share-svg');
  assert.match(svg.name, /\.svg$/);
  const seen = await page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
    return {
      error: parsed.querySelector('parsererror')?.textContent,
      texts: [...parsed.querySelectorAll('text')].map((each) => each.textContent),
      cells: parsed.querySelectorAll('rect').length,
    };
  }, svg.bytes.toString());
  assert.equal(seen.error, undefined);
  for (const word of words)
    assert.equal(
      seen.texts.filter((each) => each === word).length >= 2,
      true,
      `${word} as row and column`,
    );
  assert.ok(seen.cells >= words.length ** 2, `${seen.cells} cells`);

  const png = await download(page, 'share-png');
  assert.match(png.name, /\.png$/);
  assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG');
  const picture = await page.evaluate(
    async (bytes) => {
      const image = await createImageBitmap(
        new Blob([Uint8Array.from(bytes)], { type: 'image/png' }),
      );
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      const pixels = new Uint32Array(
        context.getImageData(0, 0, image.width, image.height).data.buffer,
      );
      return { width: image.width, height: image.height, colours: new Set(pixels).size };
    },
    [...png.bytes],
  );
  assert.ok(picture.width >= 300 && picture.height >= 300, JSON.stringify(picture));
  assert.ok(picture.colours > 20, `${picture.colours} colours`);
});

pageTest('CSV and JSON hold every weight, after edits too', {}, async ({ page }) => {
  await changeEverything(page);
  const words = await tokens(page);
  const json = await exported(page);
  assert.equal(json.text, await sentenceOf(page));
  assert.deepEqual(json.tokens, words);
  const data = new Uint8Array(words.length ** 2).fill(1);
  data[5 * words.length + 3] = 0;
  const pass = run(model, json.text, {
    causal: true,
    temperature: 0.125,
    mask: { data, dims: [words.length, words.length] },
    interventions: [{ at: 'blocks.0.attn.z', head: 1, op: 'zero' }],
  });
  assertSamePass(json, pass);
  const csv = await download(page, 'share-csv');
  const [header, ...lines] = csv.bytes.toString().trim().split('\n');
  assert.equal(header, 'layer,head,query,key,query_token,key_token,weight');
  assert.equal(
    lines.length,
    pass.attentions.reduce((sum, { data: { length } }) => sum + length, 0),
  );
  assert.ok(
    lines.some((line) => line.includes('""""')),
    'a quotation mark is doubled and quoted',
  );
  for (const line of lines) {
    const [layer, head, query, key] = line.split(',', 4).map(Number);
    const weight = Number(line.slice(line.lastIndexOf(',') + 1));
    const expected =
      pass.attentions[layer].data[(head * words.length + query) * words.length + key];
    assert.ok(Math.abs(weight - expected) <= 5e-5, line);
  }
});

pageTest(
  'the copied JavaScript runs in Node and gives the weights on screen',
  { permissions },
  async ({ page }) => {
    const folder = mkdtempSync(join(tmpdir(), 'attention-lab-'));
    try {
      mkdirSync(join(folder, 'node_modules'));
      symlinkSync(paths.root, join(folder, 'node_modules', 'attention-lab'), 'junction');
      symlinkSync(join(paths.page, 'models'), join(folder, 'models'), 'junction');
      const runs = async () => {
        writeFileSync(join(folder, 'copied.mjs'), await copied(page, 'share-code'));
        const lines = execFileSync(process.execPath, ['copied.mjs'], {
          cwd: folder,
          encoding: 'utf8',
        })
          .trim()
          .split('\n');
        const words = await tokens(page);
        const rows = await weights(page);
        assert.equal(lines.length, words.length);
        lines.forEach((line, query) => {
          const [, key, weight] = /→ (.+) (\d\.\d\d)$/.exec(line);
          const largest = Math.max(...rows[query].filter((each) => !Number.isNaN(each)));
          assert.ok(
            Math.abs(Number(weight) - largest) <= 0.0056,
            `${line}: the page shows ${largest}`,
          );
          const ties = words.filter((_, i) => rows[query][i] >= largest - 0.001);
          assert.ok(ties.includes(key) || key === '[UNK]', `${line}: the page shows ${ties}`);
        });
      };
      await runs();
      await changeEverything(page);
      await runs();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

pageTest('a refused clipboard offers the text to copy by hand', {}, async ({ page }) => {
  await page.evaluate(
    () => (navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))),
  );
  await page.getByTestId('share').click();
  await page.getByTestId('share-code').click();
  await eventually(page, async () =>
    assert.match(await page.locator('#share-panel textarea').inputValue(), /createRuntime/),
  );
});
