// Models of other kinds in the Lab: an encoder–decoder and models of pictures show what the package computes; lessons' files open.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { assertAddsUp } from './arithmetic.mjs';
import { violations } from './axe.mjs';
import { assertShown, loadModel, matrix } from './expected.mjs';
import { eventually, openTab, pageTest, shown, useLab } from './lab.mjs';
import { sideways } from './layout.mjs';
import { best, cellCentre, table, text, tokens, weights } from './reading.mjs';
import { inDrawer } from './training-reading.mjs';
import {
  assertAnswers,
  failure,
  golden,
  likeliest,
  openFolder,
  openOfPage,
  pairInputs,
  pass,
} from './model-kinds-reading.mjs';

const read = (page) => page.getByRole('textbox', { name: 'Input' });
const written = (page) => page.getByRole('textbox', { name: 'Output' });

/** Clicks a cell and takes the pointer away from it. */
async function choose(page, row, column) {
  const { x, y } = await cellCentre(page, row, column);
  await page.mouse.click(x, y);
  await page.mouse.move(5, 5);
}

useLab();

for (const name of ['marian_shared', 'marian_separate', 'marian_untied', 'marian_body']) {
  pageTest(
    `${name}: encoder, decoder and cross-attention are what the package computes`,
    {},
    async ({ page }) => {
      const model = await loadModel(golden(name));
      await openFolder(page, name);
      const [source, target] = [
        [5, 3, 8, 2],
        [4, 9, 2],
      ];
      await read(page).fill(source.join(' '));
      if (model.config.lmHead) {
        await page.getByTestId('write').click();
        const { ids } = model.generate(source, {
          maxNewTokens: Math.min(60, model.config.maxLen - 1),
        });
        await eventually(page, async () =>
          assert.equal(await written(page).inputValue(), ids.slice(1).join(' ')),
        );
      }
      await written(page).fill(target.join(' '));
      const inputs = pairInputs(model, source, target);
      const { sites, logits } = pass(model, inputs);
      for (const [place, { name: kind, pattern, at }] of sites.entries()) {
        const head = pattern.dims[1] - 1;
        await page.getByTestId(`head-${place}-${head}`).click();
        await page.mouse.move(5, 5);
        const isMasked = (row, column) => kind === 'decoderAttentions' && column > row;
        await eventually(page, async () =>
          assertShown(await weights(page), matrix(pattern, head), 3, `site ${place}`, isMasked),
        );
        await choose(page, 2, 1);
        await eventually(page, async () => assert.match(await text(page, 'cell-summary'), / → /));
        const keys =
          kind === 'decoderAttentions'
            ? ['▸', ...target.map(String)].slice(-pattern.dims.at(-1))
            : source.map(String);
        await assertAddsUp(page, { at, head, query: 2, key: 1, words: keys });
      }
      if (logits) {
        await page.keyboard.press('Escape');
        await page.keyboard.press('Escape');
        await eventually(page, () => assertAnswers(page, likeliest(logits, String)));
      }
      await read(page).fill('5 900000');
      await eventually(page, async () =>
        assert.match(await text(page, 'problem'), /token ids, whole numbers from 0 to \d+/),
      );
      // No answer to the input before stands beside this one.
      assert.equal(await page.getByTestId('prediction').count(), 0);
      await read(page).fill('5 9');
      await eventually(page, async () =>
        assert.equal(await page.getByTestId('problem').count(), 0),
      );
      model.dispose();
      await page.getByTestId('back-to-shipped').click();
      await shown(page);
    },
  );
}

pageTest(
  'a translator with its tokenizers: texts in, texts out, and pieces as the words of the map',
  {},
  async ({ page }) => {
    const model = await loadModel(golden('marian_texts'));
    await openFolder(page, 'marian_texts');
    assert.doesNotMatch(await text(page, 'pair-input'), /words are ids/);
    assert.match(
      await text(page, 'pair-input'),
      /begins with the language to write: >>de<<, >>fr<<\./,
    );
    assert.match(await page.getByRole('textbox', { name: 'Input' }).inputValue(), /^>>de<< /);
    const source = '>>fr<< The dog sees the bird.';
    await read(page).fill(source);
    await page.getByTestId('write').click();
    await eventually(page, async () =>
      assert.equal(await written(page).inputValue(), "Le chien voit l'oiseau."),
    );
    await written(page).fill('Le chat ☃');
    const answer = model.targetTokenizer.encode('Le chat ☃');
    const given = answer.ids.slice(0, -1);
    const start = model.generate(model.encode(source).ids, { maxNewTokens: 1 }).ids.slice(0, 1);
    const { logits } = model.forward({
      inputIds: model.encode(source).ids,
      decoderInputIds: [...start, ...given],
    });
    const name = (id) => model.decode([id]).trim() || `#${id}`;
    await eventually(page, () => assertAnswers(page, likeliest(logits, name)));
    await weights(page);
    const [[, ...columns], ...rows] = await table(page, 'weights-table');
    const shownText = (token) => token.replace(/^▁(?=.)/, '');
    assert.deepEqual(columns, model.encode(source).tokens.map(shownText));
    assert.deepEqual(
      rows.map(([row]) => row).slice(0, given.length),
      answer.tokens.slice(0, given.length).map(shownText),
    );
    model.dispose();
  },
);

pageTest(
  'a model of pictures: what it sees, where it looks, why, and what it answers',
  {},
  async ({ page }) => {
    const model = await loadModel(golden('vit_classifier'));
    await openFolder(page, 'vit_classifier');
    // Left half black, right half white, as a bitmap of 2 × 1.
    const picture = { data: new Uint8Array([0, 0, 0, 255, 255, 255]), width: 2, height: 1 };
    const bitmap = Buffer.from(
      '424d3e000000000000003600000028000000020000000100000001001800000000000800000000000000000000000000000000000000000000ffffff0000',
      'hex',
    );
    await page
      .getByTestId('choose-picture')
      .setInputFiles({ name: 'halves.bmp', mimeType: 'image/bmp', buffer: bitmap });
    const { sites, logits } = pass(model, { pixelValues: model.preprocess(picture) });
    const answers = likeliest(logits, (id) => model.labels[id]);
    await eventually(page, () => assertAnswers(page, answers));
    await page.getByTestId('head-1-2').click();
    await page.mouse.move(5, 5);
    await eventually(page, async () =>
      assertShown(await weights(page), matrix(sites[1].pattern, 2), 3, 'pattern'),
    );
    await choose(page, 0, 3);
    const words = await page.getByTestId('weights-table').locator('thead th').allTextContents();
    await assertAddsUp(page, { at: sites[1].at, head: 2, query: 0, key: 3, words });
    const looks = page.getByTestId('picture-looks');
    await looks.scrollIntoViewIfNeeded();
    const box = await looks.boundingBox();
    await page.mouse.click(box.x + box.width * 0.9, box.y + box.height * 0.1);
    assert.match(
      await page.getByTestId('arcs').locator('figcaption').innerText(),
      /^What 1·3 attends to/,
    );
    await page.getByTestId('share').click();
    assert.match(
      await page.getByTestId('link-limit').first().innerText(),
      /vit_classifier.*opens it there/,
    );
    assert.match(
      await page.getByTestId('link-limit').last().innerText(),
      /cannot carry the picture “halves\.bmp”/,
    );
    await page.keyboard.press('Escape');
    await page.getByTestId('drawing-pad').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowRight');
    await eventually(page, () => assert.rejects(assertAnswers(page, answers)));
    await page
      .getByTestId('choose-picture')
      .setInputFiles({ name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('none') });
    await eventually(page, async () => assert.match(await failure(page), /no\.png: /));
    model.dispose();
  },
);

pageTest(
  'a model of pictures without its preprocessor_config.json is refused, with what to do',
  {},
  async ({ page }) => {
    await page.getByTestId('choose-folder').setInputFiles(golden('vit_body'));
    await eventually(page, async () =>
      assert.match(
        await text(page, 'checkpoint-error'),
        /preprocessor_config\.json: expected in the folder.*What to do\. Add the preprocessor_config/s,
      ),
    );
    assert.match(await text(page, 'open-model'), /coreference/);
  },
);

for (const [lesson, expected] of [
  ['copy', 'text'],
  ['dates', 'pair'],
  ['digits', 'picture'],
]) {
  test(`what the lesson ${lesson} saves opens in the Lab`, async () => {
    const { page, problems, close } = await openTab({ hash: `#train=${lesson}` });
    try {
      await page.locator('[data-testid="play"]:enabled').waitFor();
      await inDrawer(page, 'settings', (drawer) =>
        drawer.getByTestId('start-from').selectOption('shipped'),
      );
      await page.locator('[data-testid="news"][data-kind="shipped"]').waitFor();
      const [file] = await inDrawer(page, 'save', (drawer) =>
        Promise.all([page.waitForEvent('download'), drawer.getByTestId('save-model').click()]),
      );
      const zip = {
        name: file.suggestedFilename(),
        mimeType: 'application/zip',
        buffer: await readFile(await file.path()),
      };
      await page.getByTestId('room-lab').click();
      await page.getByTestId('choose-files').setInputFiles(zip);
      await eventually(page, async () =>
        assert.match(await text(page, 'open-model'), new RegExp(lesson)),
      );
      if (expected === 'text') {
        await page.getByRole('textbox', { name: 'Sentence', exact: true }).fill('kqzmabtkqzm');
        await eventually(page, async () =>
          assert.deepEqual(await tokens(page), [...'kqzmabtkqzm']),
        );
      } else if (expected === 'pair') {
        await read(page).fill('20 nov 2026');
        await page.getByTestId('write').click();
        await eventually(page, async () =>
          assert.equal(await written(page).inputValue(), '2026-11-20'),
        );
      } else {
        await eventually(page, async () => assert.equal(await best(page), '4'));
      }
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  });
}

pageTest(
  'the models that this page has trained open by a click, with what to look for',
  {},
  async ({ page }) => {
    for (const [name, says] of [
      ['dates', /An encoder reads the date/],
      ['digits', /cut into 36 patches/],
      ['sort', /./],
      ['reverse', /./],
      ['brackets', /./],
      ['copy', /./],
    ]) {
      await openOfPage(page, name);
      await eventually(page, async () => assert.match(await text(page, 'look-for'), says));
    }
    await openOfPage(page, 'coreference');
    await shown(page);
  },
);

pageTest(
  'a translator’s cell takes its words along when the text before it grows',
  {},
  async ({ page }) => {
    await openOfPage(page, 'dates');
    await eventually(page, async () =>
      assert.equal(await written(page).inputValue(), '2026-11-20'),
    );
    await choose(page, 5, 4);
    await eventually(page, async () => assert.match(await text(page, 'cell-summary'), /^1 → o \d/));
    await read(page).fill('020 nov 2026');
    await eventually(page, async () => assert.match(await text(page, 'cell-summary'), /^1 → o \d/));
  },
);

for (const [name, options] of [
  ['dates', { colorScheme: 'dark' }],
  ['dates', { locale: 'zh-CN', viewport: { width: 360, height: 740 } }],
  ['digits', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
  ['digits', { locale: 'zh-CN' }],
]) {
  pageTest(
    `axe finds nothing serious, and nothing sticks out: ${name} ${JSON.stringify(options)}`,
    options,
    async ({ page }) => {
      await page.getByTestId(`page-model-${name}`).click();
      await page.getByTestId('head-0-0').waitFor();
      await page.getByTestId(name === 'dates' ? 'bridge' : 'picture-looks').waitFor();
      await choose(page, 0, 2);
      await page.getByTestId('block-cell').click();
      await page.getByTestId('head-on').uncheck();
      await page.getByTestId('compare-difference').click();
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(await sideways(page), { over: 0, out: [] });
    },
  );
}
