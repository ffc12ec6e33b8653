// Models of other kinds in Explore: an encoder–decoder and models of pictures show what the package computes; lessons' files open.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { violations } from './axe.mjs';
import { assertShown, loadModel, matrix } from './expected.mjs';
import { eventually, openTab, pageTest, shown, useLab } from './lab.mjs';
import { sideways } from './layout.mjs';
import { table, text, toNumber, tokens } from './reading.mjs';

const golden = (name) => join(paths.root, 'tests', 'golden', 'checkpoints', name);

async function open(page, name) {
  await page.getByTestId('choose-folder').setInputFiles(golden(name));
  await eventually(page, async () => assert.match(await text(page, 'open-model'), new RegExp(`${name}.*Back`)));
  await page.getByTestId('viewed-weights').waitFor();
}

/** The heat map's own table, as numbers. */
async function cells(page) {
  const box = page.getByTestId('viewed-weights');
  if (!(await page.getByTestId('weights-table').count())) await box.locator('summary').click();
  const [, ...rows] = await table(page, 'weights-table');
  return rows.map(([, ...row]) => row.map((cell) => (cell === '–' ? NaN : toNumber(cell))));
}

const answers = (page) =>
  page.getByTestId('viewed-answer').evaluateAll((rows) => rows.map((row) => [row.cells[0].innerText, parseFloat(row.cells[2].innerText) / 100]));

/** Probabilities of the last row of logits, likeliest first. */
function likeliest({ data, dims }, name, count = 5) {
  const row = [...data.subarray(data.length - dims.at(-1))];
  const largest = Math.max(...row);
  const exps = row.map((score) => Math.exp(score - largest));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((share, id) => [name(id), share / total]).sort((a, b) => b[1] - a[1]).slice(0, count);
}

function assertAnswers(actual, expected) {
  assert.deepEqual(actual.map(([name]) => name), expected.map(([name]) => name));
  actual.forEach(([name, share], i) => assert.ok(Math.abs(share - expected[i][1]) < 6e-4, `${name}: expected ${expected[i][1]}, got ${share}`));
}

useLab();

for (const name of ['marian_shared', 'marian_separate', 'marian_untied', 'marian_body']) {
  pageTest(`${name}: encoder, decoder and cross-attention are what the package computes`, {}, async ({ page }) => {
    const model = await loadModel(golden(name));
    await open(page, name);
    const source = [5, 3, 8, 2];
    await page.getByRole('textbox', { name: 'Read' }).fill(source.join(' '));
    if (model.config.lmHead) {
      await page.getByTestId('write').click();
      const { ids } = model.generate(source, { maxNewTokens: Math.min(60, model.config.maxLen - 1) });
      await eventually(page, async () => assert.equal(await page.getByRole('textbox', { name: 'Written' }).inputValue(), ids.slice(1).join(' ')));
    }
    const target = [4, 9, 2];
    await page.getByRole('textbox', { name: 'Written' }).fill(target.join(' '));
    const start = model.config.lmHead ? model.generate(source, { maxNewTokens: 1 }).ids.slice(0, 1) : [];
    const inputs = { inputIds: source, decoderInputIds: [...start, ...target] };
    const output = model.forward(inputs, { outputAttentions: true });
    const layers = [output.crossAttentions, output.encoderAttentions, output.decoderAttentions].flat();
    for (const [place, pattern] of layers.entries()) {
      await page.getByTestId(`viewed-head-${place}-${pattern.dims[1] - 1}`).click();
      const isDecoder = place >= layers.length - output.decoderAttentions.length;
      await eventually(page, async () => assertShown(await cells(page), matrix(pattern, pattern.dims[1] - 1), 3, `site ${place}`, (row, column) => isDecoder && column > row));
    }
    if (output.logits) assertAnswers(await answers(page), likeliest(output.logits, String));
    await page.getByTestId('viewed-on-0-0').uncheck();
    const off = model.forward(inputs, { outputAttentions: true, interventions: [{ at: 'decoder.blocks.0.cross_attn.z', head: 0, op: 'zero' }] });
    if (off.logits) await eventually(page, async () => assertAnswers(await answers(page), likeliest(off.logits, String)));
    model.dispose();
    await page.getByRole('textbox', { name: 'Read' }).fill('5 900000');
    await eventually(page, async () => assert.match(await text(page, 'viewed-problem'), /expected ids from 0 to \d+, got "900000"/));
    await page.getByTestId('back-to-shipped').click();
    await shown(page);
  });
}

pageTest('a translator with its tokenizers: texts in, texts out, and pieces as the words of the map', {}, async ({ page }) => {
  const model = await loadModel(golden('marian_texts'));
  await open(page, 'marian_texts');
  assert.doesNotMatch(await text(page, 'pair-input'), /words are ids/);
  const source = '>>fr<< The dog sees the bird.';
  await page.getByRole('textbox', { name: 'Read' }).fill(source);
  await page.getByTestId('write').click();
  const written = page.getByRole('textbox', { name: 'Written' });
  await eventually(page, async () => assert.equal(await written.inputValue(), "Le chien voit l'oiseau."));
  await written.fill('Le chat ☃');
  const answer = model.targetTokenizer.encode('Le chat ☃');
  const given = answer.ids.slice(0, -1);
  const start = model.generate(model.encode(source).ids, { maxNewTokens: 1 }).ids.slice(0, 1);
  const { logits } = model.forward({ inputIds: model.encode(source).ids, decoderInputIds: [...start, ...given] });
  const name = (id) => model.decode([id]).trim() || `#${id}`;
  await eventually(page, async () => assertAnswers(await answers(page), likeliest(logits, name)));
  await cells(page);
  const [[, ...columns], ...rows] = await table(page, 'weights-table');
  const shownText = (token) => token.replace(/^▁(?=.)/, '');
  assert.deepEqual(columns, model.encode(source).tokens.map(shownText));
  assert.deepEqual(rows.map(([row]) => row).slice(0, given.length), answer.tokens.slice(0, given.length).map(shownText));
  model.dispose();
});

pageTest('a model of pictures: what it sees, where it looks, and what it answers', {}, async ({ page }) => {
  const model = await loadModel(golden('vit_classifier'));
  await open(page, 'vit_classifier');
  // Left half black, right half white, as a bitmap of 2 × 1.
  const picture = { data: new Uint8Array([0, 0, 0, 255, 255, 255]), width: 2, height: 1 };
  const bitmap = Buffer.from('424d3e000000000000003600000028000000020000000100000001001800000000000800000000000000000000000000000000000000000000ffffff0000', 'hex');
  await page.getByTestId('choose-picture').setInputFiles({ name: 'halves.bmp', mimeType: 'image/bmp', buffer: bitmap });
  const output = model.forward({ pixelValues: model.preprocess(picture) }, { outputAttentions: true });
  await eventually(page, async () => assertAnswers(await answers(page), likeliest(output.logits, (id) => model.labels[id])));
  await page.getByTestId('viewed-head-1-2').click();
  await eventually(page, async () => assertShown(await cells(page), matrix(output.attentions[1], 2), 3, 'pattern'));
  const looks = page.getByTestId('picture-looks');
  await looks.scrollIntoViewIfNeeded();
  const box = await looks.boundingBox();
  await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.1);
  assert.match(await page.locator('figcaption').last().innerText(), /^Where 1·3 looks/);
  await page.getByTestId('drawing-pad').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowRight');
  await eventually(page, async () => assert.notDeepEqual(await answers(page), likeliest(output.logits, (id) => model.labels[id])));
  await page.getByTestId('choose-picture').setInputFiles({ name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('none') });
  await eventually(page, async () => assert.match(await text(page, 'viewed-problem'), /^no\.png: /));
  model.dispose();
});

pageTest('a model of pictures without its preprocessor_config.json is refused, with what to do', {}, async ({ page }) => {
  await page.getByTestId('choose-folder').setInputFiles(golden('vit_body'));
  await eventually(page, async () => assert.match(await text(page, 'checkpoint-error'), /preprocessor_config\.json: expected in the folder.*What to do\. Add the preprocessor_config/s));
  assert.match(await text(page, 'open-model'), /coreference/);
});

for (const [lesson, expected] of [['copy', 'text'], ['dates', 'pair'], ['digits', 'picture']]) {
  test(`what the lesson ${lesson} saves opens in Explore`, async () => {
    const { page, problems, close } = await openTab({ hash: `#train=${lesson}` });
    try {
      await page.locator('[data-testid="play"]:enabled').waitFor();
      await page.getByTestId('beginning').selectOption('shipped');
      await page.locator('[data-testid="news"][data-kind="shipped"]').waitFor();
      const [file] = await Promise.all([page.waitForEvent('download'), page.getByTestId('save-model').click()]);
      const zip = { name: file.suggestedFilename(), mimeType: 'application/zip', buffer: await readFile(await file.path()) };
      await page.getByTestId('section-explore').click();
      await page.getByTestId('choose-files').setInputFiles(zip);
      await eventually(page, async () => assert.match(await text(page, 'open-model'), new RegExp(lesson)));
      if (expected === 'text') {
        await page.getByRole('textbox', { name: 'Sentence' }).fill('kqzmabtkqzm');
        await eventually(page, async () => assert.deepEqual(await tokens(page), [...'kqzmabtkqzm']));
      } else if (expected === 'pair') {
        await page.getByRole('textbox', { name: 'Read' }).fill('20 nov 2026');
        await page.getByTestId('write').click();
        await eventually(page, async () => assert.match(await page.getByRole('textbox', { name: 'Written' }).inputValue(), /^2026-11-20/));
      } else {
        await eventually(page, async () => assert.equal((await answers(page))[0]?.[0], '4'));
      }
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  });
}

for (const [name, options] of [['marian_shared', { colorScheme: 'dark' }], ['vit_classifier', { locale: 'zh-CN', viewport: { width: 360, height: 740 } }]]) {
  pageTest(`axe finds nothing serious, and nothing sticks out: ${name}`, options, async ({ page }) => {
    await page.getByTestId('choose-folder').setInputFiles(golden(name));
    await page.getByTestId('viewed-weights').waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(await sideways(page), { over: 0, out: [] });
  });
}
