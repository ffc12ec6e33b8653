// Edits of an encoder–decoder and of a model of pictures: before, after, undo; and what a link and the exports carry of them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { assertShown, matrix } from './expected.mjs';
import { eventually, openTab, pageAddress, pageTest, shown, useLab } from './lab.mjs';
import { cellCentre, copied, download, exported, predictions, text, weights } from './reading.mjs';
import {
  assertTensor,
  failure,
  golden,
  openFolder,
  openOfPage,
  pageModel,
  pass,
} from './model-kinds-reading.mjs';

const permissions = ['clipboard-read', 'clipboard-write'];
const dates = await pageModel('dates');
const digits = await pageModel('digits');
const written = (page) => page.getByRole('textbox', { name: 'Output' });

/** The date of the lesson, as the page gives it to the model. */
const dateInputs = {
  inputIds: dates.encode('20 nov 2026').ids,
  decoderInputIds: [
    ...dates.generate(dates.encode('20 nov 2026').ids, { maxNewTokens: 1 }).ids.slice(0, 1),
    ...dates.encode('2026-11-20').ids,
  ],
};
const without = (queries, keys, cells) => {
  const data = new Uint8Array(queries * keys).fill(1);
  for (const [query, key] of cells) data[query * keys + key] = 0;
  return { data, dims: [queries, keys] };
};

async function openDates(page) {
  await openOfPage(page, 'dates');
  await eventually(page, async () => assert.equal(await written(page).inputValue(), '2026-11-20'));
  await eventually(page, async () => assert.equal((await exported(page)).target, '2026-11-20'));
}

/** Closes a cell of the mask of the head that is shown. */
async function close(page, layer, row, column) {
  await page.getByTestId(`head-${layer}-1`).click();
  const { x, y } = await cellCentre(page, row, column);
  await page.mouse.click(x, y);
  await page.mouse.move(5, 5);
  await page.getByTestId('block-cell').click();
}

/** Everything the page computed equals a pass of the package with these options. */
async function assertPass(page, model, inputs, options) {
  const expected = pass(model, inputs, options);
  await eventually(page, async () => {
    const json = await exported(page);
    for (const name of [
      'attentions',
      'crossAttentions',
      'encoderAttentions',
      'decoderAttentions',
    ]) {
      assert.equal(json[name]?.length, expected[name]?.length, name);
      expected[name]?.forEach((tensor, layer) =>
        assertTensor(json[name][layer], tensor, `${name}.${layer}`),
      );
    }
    assertTensor(json.lastHiddenState, expected.lastHiddenState, 'lastHiddenState');
    assertTensor(json.logits, expected.logits, 'logits');
  });
  return expected;
}

/** What a reader sees that a link must restore. */
const state = async (page) => ({
  modified: await text(page, 'modified'),
  edits: await text(page, 'edit-list'),
  cell: await text(page, 'cell-summary'),
  summary: await text(page, 'summary'),
  weights: await weights(page),
  answers: [...(await predictions(page))],
  temperature: await text(page, 'temperature-value'),
  model: await text(page, 'open-model'),
});

useLab();

const [S, T] = [dateInputs.inputIds.length, dateInputs.decoderInputIds.length];
const edits = {
  'temperature 8': {
    make: (page) => page.getByTestId('temperature').press('End'),
    options: { temperature: 8 },
  },
  'the decoder may look ahead': {
    make: (page) => page.getByTestId('causal').uncheck(),
    options: { causal: false },
  },
  'a head of the cross-attention off': {
    make: (page) => page.getByTestId('head-on').uncheck(),
    options: { interventions: [{ at: 'decoder.blocks.0.cross_attn.z', head: 1, op: 'zero' }] },
  },
  'a cell of the cross-attention closed': {
    make: (page) => close(page, 0, 5, 4),
    options: { crossMask: without(T, S, [[5, 4]]) },
  },
  'a cell of the encoder closed': {
    make: (page) => close(page, 1, 3, 9),
    options: { encoderMask: without(S, S, [[3, 9]]) },
  },
  'a cell of the decoder closed': {
    make: (page) => close(page, 2, 4, 1),
    options: { mask: without(T, T, [[4, 1]]) },
  },
};

for (const [name, { make, options }] of Object.entries(edits)) {
  pageTest(
    `a translator, ${name}: what the package computes; before, difference, undo, redo, reset`,
    {},
    async ({ page }) => {
      await openDates(page);
      const before = await assertPass(page, dates, dateInputs);
      await make(page);
      await eventually(page, async () => assert.match(await text(page, 'modified'), /1 edit/));
      assert.ok((await text(page, 'edit-list')).length > 5, 'the edit in words');
      const after = await assertPass(page, dates, dateInputs, options);
      await page.getByTestId('head-0-1').click();
      await page.mouse.move(5, 5);
      const cross = (run) => matrix(run.crossAttentions[0], 1);
      const isClosed = (row, column) => 'crossMask' in options && row === 5 && column === 4;
      await page.getByTestId('compare-before').click();
      assertShown(await weights(page), cross(before), 3, 'before');
      await page.getByTestId('compare-difference').click();
      assertShown(
        await weights(page),
        cross(after).map((values, i) => values.map((value, j) => value - cross(before)[i][j])),
        3,
        'difference',
        isClosed,
      );
      await page.getByTestId('compare-after').click();
      assertShown(await weights(page), cross(after), 3, 'after', isClosed);
      await page.getByTestId('undo').click();
      await assertPass(page, dates, dateInputs);
      await page.getByTestId('redo').click();
      await assertPass(page, dates, dateInputs, options);
      await page.getByTestId('reset').click();
      await assertPass(page, dates, dateInputs);
      await page.getByTestId('head-0-1').focus();
      await page.keyboard.press('Control+z');
      await assertPass(page, dates, dateInputs, options);
    },
  );
}

pageTest(
  'a picture: a patch that may not look, a head off, a temperature, and one undo each',
  {},
  async ({ page }) => {
    await openOfPage(page, 'digits');
    const { dims, data } = (await exported(page)).pixelValues;
    const inputs = { pixelValues: { dims, data: Float32Array.from(data) } };
    const size = 37;
    const steps = [
      [(at) => close(at, 1, 0, 14), { mask: without(size, size, [[0, 14]]) }],
      [
        (at) => at.getByTestId('head-on').uncheck(),
        { interventions: [{ at: 'blocks.1.attn.z', head: 1, op: 'zero' }] },
      ],
      [(at) => at.getByTestId('temperature').press('Home'), { temperature: 0.125 }],
    ];
    const passes = [{}];
    for (const [make, options] of steps) {
      await make(page);
      passes.push({ ...passes.at(-1), ...options });
      await assertPass(page, digits, inputs, passes.at(-1));
    }
    assert.match(await text(page, 'modified'), /3 edits/);
    for (const options of passes.slice(0, -1).reverse()) {
      await page.getByTestId('undo').click();
      await assertPass(page, digits, inputs, options);
    }
  },
);

pageTest(
  'a link restores a translator: input, selection and every edit',
  { permissions },
  async ({ page }) => {
    await openDates(page);
    for (const name of [
      'a cell of the encoder closed',
      'a cell of the decoder closed',
      'the decoder may look ahead',
      'temperature 8',
      'a cell of the cross-attention closed',
    ])
      await edits[name].make(page);
    await page.getByTestId('head-on').uncheck();
    await page.getByRole('textbox', { name: 'Input' }).fill('21 nov 2026');
    await written(page).fill('2026-11');
    await eventually(page, async () =>
      assert.match(await text(page, 'prediction'), /after “1”|after “-”/),
    );
    await page.getByTestId('compare-difference').click();
    const before = await state(page);
    const link = new URL(await copied(page, 'share-link'));
    const other = await openTab({ hash: link.hash });
    try {
      await other.page.getByTestId('heatmap').waitFor();
      await eventually(other.page, async () => assert.deepEqual(await state(other.page), before));
      assert.equal(await written(other.page).inputValue(), '2026-11');
      assert.deepEqual(other.problems, []);
    } finally {
      await other.close();
    }
  },
);

pageTest('a link restores a drawing, stroke for stroke', { permissions }, async ({ page }) => {
  await openOfPage(page, 'digits');
  await page.getByTestId('clear').click();
  const pad = await page.getByTestId('drawing-pad').boundingBox();
  await page.mouse.move(pad.x + 100, pad.y + 30);
  await page.mouse.down();
  await page.mouse.move(pad.x + 112, pad.y + 180, { steps: 5 });
  await page.mouse.up();
  await page.getByTestId('temperature').press('ArrowRight');
  await page.mouse.move(5, 5);
  await eventually(page, async () => assert.match(await text(page, 'modified'), /1 edit/));
  const before = { ...(await state(page)), pixels: (await exported(page)).pixelValues };
  const other = await openTab({ hash: new URL(await copied(page, 'share-link')).hash });
  try {
    await other.page.getByTestId('heatmap').waitFor();
    await eventually(other.page, async () =>
      assert.deepEqual(
        { ...(await state(other.page)), pixels: (await exported(other.page)).pixelValues },
        before,
      ),
    );
  } finally {
    await other.close();
  }
});

pageTest(
  'a link to a model from a disk says what is missing, and follows once that folder is open',
  { permissions },
  async ({ page }) => {
    await openFolder(page, 'marian_shared');
    await page.getByRole('textbox', { name: 'Input' }).fill('7 7 3');
    await written(page).fill('4 9');
    await close(page, 0, 1, 2);
    await page.getByTestId('share').click();
    assert.match(await text(page, 'link-limit'), /marian_shared/);
    const before = await state(page);
    const other = await openTab({ hash: new URL(await copied(page, 'share-link')).hash });
    try {
      await shown(other.page);
      assert.match(
        await text(other.page, 'linked'),
        /“marian_shared”, a model from its sender’s disk/,
      );
      await other.page.getByTestId('choose-folder').setInputFiles(golden('marian_shared'));
      await eventually(other.page, async () => assert.deepEqual(await state(other.page), before));
      assert.equal(await other.page.getByTestId('linked').count(), 0);
      assert.deepEqual(other.problems, []);
    } finally {
      await other.close();
    }
  },
);

test('a link to a hub’s model asks before it downloads, and follows then', async () => {
  const repo = 'lab/marian';
  const files = Object.fromEntries(
    readdirSync(golden('marian_shared')).map((name) => [
      name,
      readFileSync(join(golden('marian_shared'), name)),
    ]),
  );
  const tab = await openTab();
  const asked = [];
  const withHub = (context) =>
    context.route('https://huggingface.co/**', (route) => {
      const file = route.request().url().split('/').at(-1);
      asked.push(file);
      const headers = {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Expose-Headers': 'ETag',
        ETag: `"${file}"`,
      };
      return route.fulfill(files[file] ? { body: files[file], headers } : { status: 404, headers });
    });
  await withHub(tab.context);
  try {
    await tab.page.goto('about:blank');
    const { href } = new URL(
      `#model=${encodeURIComponent(repo)}&text=7+7+3&target=4+9&cell=0.1.1.2&mask=c1-2`,
      pageAddress(),
    );
    await tab.page.goto(href);
    await shown(tab.page);
    assert.match(await text(tab.page, 'linked'), /lab\/marian, a model of huggingface\.co/);
    assert.deepEqual(asked, [], 'nothing is asked of the hub before the reader agrees');
    await tab.page.getByTestId('linked-open').click();
    await eventually(tab.page, async () =>
      assert.match(await text(tab.page, 'modified'), /1 edit/),
    );
    assert.equal(await tab.page.getByRole('textbox', { name: 'Input' }).inputValue(), '7 7 3');
    assert.equal(await written(tab.page).inputValue(), '4 9');
    await eventually(tab.page, async () =>
      assert.match(await text(tab.page, 'cell-summary'), /→ 3 masked/),
    );
    await tab.page.getByTestId('share').click();
    assert.match(await text(tab.page, 'link-limit'), /asked before lab\/marian is downloaded/);
  } finally {
    await tab.close();
  }
});

for (const hash of [
  '#model=dates&text=%',
  '#model=digits&ink=99-zz&cell=9.9.9.9',
  '#model=dates&text=20+nov+2026&target=2&mask=x1-1.e99-99&edit=blocks.0.attn.z~head9~zero,decoder.blocks.9.cross_attn.z~head0~zero',
]) {
  test(`a damaged link opens a page that works: ${hash}`, async () => {
    const tab = await openTab({ hash });
    try {
      if (hash.endsWith('%')) {
        await eventually(tab.page, async () => assert.match(await failure(tab.page), /%/));
        await tab.page.getByRole('textbox', { name: 'Input' }).fill('20 nov 2026');
      }
      await tab.page.getByTestId('heatmap').waitFor();
      await eventually(tab.page, async () => assert.ok((await predictions(tab.page)).size > 0));
      await tab.page.getByTestId('back-to-shipped').click();
      await shown(tab.page);
      assert.deepEqual(tab.problems, []);
    } finally {
      await tab.close();
    }
  });
}

for (const [name, make] of [
  ['dates', openDates],
  ['digits', (page) => openOfPage(page, 'digits')],
]) {
  pageTest(
    `${name}: CSV, SVG, PNG, and the copied JavaScript gives the weights on screen`,
    { permissions },
    async ({ page }) => {
      await make(page);
      await close(page, 0, 3, 2);
      await page.getByTestId('temperature').press('ArrowRight');
      await eventually(page, async () => assert.match(await text(page, 'modified'), /2 edits/));
      await eventually(page, async () => assert.match(await text(page, 'cell-summary'), /masked/));
      const rows = await weights(page);
      const csv = (await download(page, 'share-csv')).bytes.toString().trim().split('\n');
      assert.equal(
        csv[0],
        `${name === 'dates' ? 'attention,' : ''}layer,head,query,key,query_token,key_token,weight`,
      );
      const first = csv.filter((line) => line.startsWith(name === 'dates' ? 'cross,0,1,' : '0,1,'));
      assert.equal(first.length, rows.length * rows[0].length);
      first.forEach((line, i) => {
        const shownWeight = rows[Math.floor(i / rows[0].length)][i % rows[0].length];
        const weight = Number(line.slice(line.lastIndexOf(',') + 1));
        assert.ok(
          Number.isNaN(shownWeight) ? weight === 0 : Math.abs(weight - shownWeight) < 6e-4,
          line,
        );
      });
      const svg = (await download(page, 'share-svg')).bytes.toString();
      assert.equal(
        await page.evaluate(
          (source) =>
            new DOMParser().parseFromString(source, 'image/svg+xml').querySelector('parsererror'),
          svg,
        ),
        null,
      );
      assert.ok(svg.match(/<rect /g).length > rows.length * rows[0].length);
      const png = await download(page, 'share-png');
      assert.match(
        png.name,
        name === 'dates' ? /^attention-cross-layer1-head2\.png$/ : /^attention-layer1-head2\.png$/,
      );
      const folder = mkdtempSync(join(tmpdir(), 'attention-lab-'));
      try {
        mkdirSync(join(folder, 'node_modules'));
        symlinkSync(paths.root, join(folder, 'node_modules', 'attention-lab'), 'junction');
        symlinkSync(join(paths.page, 'models'), join(folder, 'models'), 'junction');
        writeFileSync(join(folder, 'copied.mjs'), await copied(page, 'share-code'));
        const lines = execFileSync(process.execPath, ['copied.mjs'], {
          cwd: folder,
          encoding: 'utf8',
        })
          .trim()
          .split('\n');
        assert.equal(lines.length, rows.length);
        lines.forEach((line, query) => {
          const largest = Math.max(...rows[query].filter((each) => !Number.isNaN(each)));
          assert.ok(
            Math.abs(Number(/(\d\.\d\d)$/.exec(line)[1]) - largest) <= 0.0056,
            `${line}: the page shows ${largest}`,
          );
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
}

pageTest(
  'a translator by keys alone: a head, a cell, closed and opened, undone',
  {},
  async ({ page }) => {
    await openDates(page);
    await page.getByTestId('head-0-1').focus();
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    const says = (id, pattern) =>
      eventually(page, async () => assert.match(await text(page, id), pattern));
    await press('ArrowDown');
    await says('arcs', /encoder, layer 1, head 2/);
    await press('ArrowDown');
    await says('arcs', /decoder, layer 1, head 2/);
    await press('ArrowUp', 'ArrowUp', 'ArrowLeft');
    await says('arcs', /cross-attention, layer 1, head 1/);
    await page.getByTestId('edit-mask').press('Enter');
    await page.getByTestId('heatmap-cells').focus();
    await press('Home', 'PageUp', 'ArrowDown', 'ArrowRight', 'Enter');
    await says('edit-list', /“0” → “0” blocked \(cross-attention\)/);
    await says('cell-summary', /masked/);
    await press('Enter');
    await says('modified', /No edits/);
    await press('Control+z');
    await says('modified', /1 edit/);
    await press('Escape', 'Escape', 'Escape');
    await says('cell-summary', /^$/);
    // What the decoder itself keeps closed is no edit.
    await page.getByTestId('head-2-0').press('Enter');
    await page.getByTestId('edit-mask').press('Enter');
    await page.getByTestId('heatmap-cells').focus();
    await press('Home', 'PageUp', 'End', 'Enter');
    await says('cell-summary', /masked/);
    await says('modified', /1 edit/);
    assert.equal(await page.getByTestId('block-cell').count(), 0);
    assert.equal(await page.getByTestId('summary').getAttribute('aria-live'), 'polite');
  },
);
