// The whole tour without a pointer: Tab reaches every control, keys work each of them, and the focus can always be seen.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { paths } from '../../scripts/lib/paths.mjs';
import { eventually, pageTest, useLab } from './lab.mjs';
import { best, predictions, text, tokens } from './reading.mjs';

const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const seen = [element, element.closest('label')].filter(Boolean).some((each) => {
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
      return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none';
    });
    const name = element.dataset.testid ?? element.id ?? '';
    return {
      id: name || element.tagName,
      isPage: element === document.body,
      seen,
      text: element.innerText?.slice(0, 40),
    };
  });

/** Presses Tab until the control has the focus. */
async function tabTo(page, id) {
  for (let i = 0; i < 80; i++) {
    if ((await focused(page)).id === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${id}: not reached by Tab`);
}

const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

useLab();

pageTest(
  'Tab reaches every control in turn, each visibly, and leaves the page at its end',
  {},
  async ({ page }) => {
    const reached = [];
    await page.keyboard.press('Tab');
    for (let i = 0; i < 120; i++) {
      const at = await focused(page);
      if (at.isPage && i > 0) break;
      reached.push(at);
      await page.keyboard.press('Tab');
    }
    assert.ok(reached.length < 120, 'the focus is caught in the page');
    assert.deepEqual(
      reached.filter(({ seen }) => !seen),
      [],
      'the focus cannot be seen',
    );
    const ids = reached.map(({ id }) => id);
    for (const id of [
      'language-zh',
      'theme',
      'share',
      'sentence',
      'examples',
      'show-me',
      'token',
      'temperature',
      'causal',
      'head-on',
      'edit-mask',
      'head-1-0',
      'measure',
      'heatmap-cells',
      'listing-fused',
      'choose-folder',
    ]) {
      assert.ok(ids.includes(id), `${id}: not reached`);
    }
    const order = [
      'sentence',
      'causal',
      'token',
      'heatmap-cells',
      'head-1-0',
      'listing-fused',
      'choose-folder',
    ].map((id) => ids.indexOf(id));
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      'in reading order',
    );
  },
);

pageTest('the tour by keys alone', {}, async ({ page }) => {
  const says = (id, pattern) =>
    eventually(page, async () => assert.match(await text(page, id), pattern));
  await press(page, 'Tab', 'Enter');
  await eventually(page, async () =>
    assert.equal((await focused(page)).id, 'room', 'the first link skips to the content'),
  );
  await press(page, 'Tab', 'Enter');
  await eventually(page, async () =>
    assert.equal((await focused(page)).id, 'sentence', 'the next to the sentence'),
  );
  await press(page, 'Control+Home');
  await page.keyboard.type('yesterday ');
  await eventually(page, async () => assert.equal((await tokens(page))[1], 'yesterday'));
  await tabTo(page, 'examples');
  const offered = await page
    .getByTestId('examples')
    .locator('option')
    .evaluateAll((options) => options.map((option) => option.value));
  const wanted =
    offered.indexOf('trophy-suitcase') -
    offered.indexOf(await page.getByTestId('examples').inputValue());
  await press(page, ...Array.from({ length: wanted }, () => 'ArrowDown'));
  await eventually(page, async () => assert.equal(await best(page), 'trophy'));
  await tabTo(page, 'show-me');
  await press(page, 'Enter');
  await eventually(page, async () => assert.equal(await best(page), 'suitcase'));
  assert.ok('before' in (await predictions(page)).get('suitcase'));

  await tabTo(page, 'temperature');
  await press(page, 'ArrowRight', 'ArrowRight');
  await says('temperature-value', /^1\.0[67]$/);
  await tabTo(page, 'causal');
  await press(page, 'Space');
  await says('modified', /2 edits/);
  await tabTo(page, 'head-on');
  await press(page, 'Space');
  await says('modified', /3 edits/);
  await tabTo(page, 'edit-mask');
  await press(page, 'Enter');
  const words = await tokens(page);
  await tabTo(page, 'token');
  await press(page, 'Home', 'ArrowRight', 'ArrowRight');
  await says('summary', new RegExp(`^${words[2]} attends to|^${words[2]} attends more`));
  await tabTo(page, 'heatmap-cells');
  await press(page, 'Home', 'PageDown', 'ArrowRight');
  await press(page, 'Enter');
  await says('modified', /4 edits/);
  await says('edit-list', new RegExp(`“\\[SEP\\]” → “${words[1]}” blocked`));
  await says('cell-summary', /masked/);
  await press(page, 'Escape', 'Escape', 'Escape');
  await says('cell-summary', /^$/);
  await press(page, 'Control+z');
  await says('modified', /3 edits/);
  await press(page, 'Control+Shift+z');
  await says('modified', /4 edits/);
  await tabTo(page, 'head-1-0');
  await press(page, 'ArrowUp', 'ArrowRight');
  await says('arcs', /Layer 1, head 2/);
  await tabTo(page, 'listing-fused');
  await press(page, 'ArrowDown', 'ArrowDown');
  await eventually(page, async () =>
    assert.ok(await page.getByTestId('listing-multi_head').isChecked()),
  );
  // Listened for before the way there: the browser is told to hand its dialogue over, and a key may overtake that.
  page.once('filechooser', (chooser) =>
    chooser.setFiles(join(paths.root, 'tests', 'golden', 'checkpoints', 'mlm_gelu')),
  );
  await tabTo(page, 'choose-folder');
  await press(page, 'Enter');
  await says('open-model', /mlm_gelu/);
  await tabTo(page, 'back-to-shipped');
  await press(page, 'Enter');
  await says('open-model', /coreference$/);
  await says('modified', /No edits/);
});

pageTest('language, colours and the share menu by keys', {}, async ({ page }) => {
  await tabTo(page, 'language-zh');
  await press(page, 'Enter');
  await eventually(page, async () =>
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans'),
  );
  await tabTo(page, 'theme');
  await press(page, 'End');
  await eventually(page, async () =>
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark'),
  );
  await tabTo(page, 'share');
  await press(page, 'Enter');
  await tabTo(page, 'share-svg');
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, 'Enter')]);
  assert.match(file.suggestedFilename(), /\.svg$/);
  await press(page, 'Escape');
  await eventually(page, async () => assert.equal(await page.getByTestId('share-svg').count(), 0));
  assert.equal((await focused(page)).id, 'share');
});

pageTest('a screen reader hears what is chosen', {}, async ({ page }) => {
  for (const id of ['summary', 'cell-summary'])
    assert.equal(await page.getByTestId(id).getAttribute('aria-live'), 'polite', id);
  assert.equal(await page.getByTestId('modified').getAttribute('role'), 'status');
  assert.match(
    await page.getByTestId('heatmap-cells').getAttribute('aria-label'),
    /layer 2, head 1.*Rows attend to columns/,
  );
  await page.getByTestId('heatmap').locator('summary').press('Enter');
  const table = page.getByRole('table', { name: /Layer 2, head 1: each row/ });
  await table.waitFor();
  const words = await tokens(page);
  assert.equal(await table.getByRole('columnheader').count(), words.length);
  assert.equal(await table.getByRole('rowheader').count(), words.length);
});
