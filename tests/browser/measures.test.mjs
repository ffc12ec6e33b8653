// The scores of heads and the recurrent network beside attention, as a person reads them.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { headMeasures } from 'attention-lab';
import { pageTest, useLab } from './lab.mjs';

const numberIn = async (locator) => Number((await locator.textContent()).replace('−', '-'));
const remaining = async (page) => {
  const cells = await page
    .getByTestId('recurrent-left')
    .locator('tr')
    .nth(1)
    .locator('td')
    .allTextContents();
  return cells.map((text) => Number(text.replace(/[^\d.]/g, '')));
};

describe('measures', () => {
  useLab();

  pageTest(
    'every score of the package has a number, an explanation, and orders the heads',
    {},
    async ({ page }) => {
      for (const kind of headMeasures) {
        const row = page.getByTestId(`score-${kind}`);
        assert.match(await row.locator('.number').textContent(), /^\d+\.\d\d$/, kind);
        assert.ok((await row.getAttribute('title')).length > 20, kind);
      }
      await page.getByTestId('measures-explained').locator('summary').click();
      assert.equal(
        await page.getByTestId('measures-explained').locator('dd').count(),
        headMeasures.length,
      );

      await page.getByTestId('measure').selectOption('distance');
      const named = page.getByTestId('head-1-0');
      assert.equal(
        Number((await named.getAttribute('aria-label')).match(/tokens (\d+\.\d\d)/)[1]),
        await numberIn(page.getByTestId('score-distance').locator('.number')),
      );
      await page.getByTestId('head-order').selectOption('score');
      const labels = await page
        .getByTestId('head-grid')
        .locator('button')
        .evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')));
      const scores = labels.map((label) => Number(label.match(/(\d+\.\d\d)/)[1]));
      assert.deepEqual(
        scores,
        scores.toSorted((a, b) => b - a),
      );
    },
  );

  pageTest('a score that no word has is a dash', {}, async ({ page }) => {
    await page
      .getByRole('textbox', { name: 'Sentence', exact: true })
      .fill('the animal did not cross');
    await page.getByTestId('score-induction').locator('.number', { hasText: '–' }).waitFor();
    assert.equal(await page.getByTestId('score-sameToken').locator('.number').textContent(), '–');
  });

  pageTest(
    'the recurrent network forgets with distance, less so when its gate is held open, and says that it is random',
    {},
    async ({ page }) => {
      await page.getByTestId('recurrent').scrollIntoViewIfNeeded(); // it waits until it is near the window
      await page.getByTestId('recurrent-weights').waitFor();
      const before = await remaining(page);
      assert.ok(
        before.length >= 3 && before.every((share, i) => i === 0 || share < before[i - 1]),
        before.join(' '),
      );
      await page.getByTestId('recurrent-keep').fill('5');
      await page.getByText('each step keeps 99%').waitFor();
      const after = await remaining(page);
      assert.ok(
        after.every((share, i) => share > before[i] && share > 85),
        after.join(' '),
      );
    },
  );
});
