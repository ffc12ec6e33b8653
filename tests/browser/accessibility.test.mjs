// axe-core over the page with everything open: light and dark, English and Chinese, wide and narrow.
import assert from 'node:assert/strict';
import { violations } from './axe.mjs';
import { pageTest, useLab } from './lab.mjs';

useLab();

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['en-GB', 'zh-CN']) {
    for (const width of [1280, 360]) {
      pageTest(
        `${colorScheme}, ${locale}, ${width} px`,
        { colorScheme, locale, viewport: { width, height: 800 } },
        async ({ page }) => {
          await page.getByTestId('show-me').click();
          await page.getByTestId('causal').check();
          await page.getByTestId('block-cell').click();
          await page.getByTestId('heatmap').locator('summary').click();
          await page.getByTestId('vocabulary').click();
          await page.getByTestId('hide-sink').check();
          await page.getByTestId('listing-no_weights').check();
          await page.getByTestId('choose-files').setInputFiles({
            name: 'config.json',
            mimeType: 'application/json',
            buffer: Buffer.from('{}'),
          });
          await page.getByTestId('checkpoint-error').waitFor();
          await page.getByTestId('share').click();
          assert.deepEqual(await violations(page), []);
        },
      );
    }
  }
}

pageTest('axe sees a violation', {}, async ({ page }) => {
  await page.getByTestId('examples').evaluate((element) => element.removeAttribute('aria-label'));
  assert.match((await violations(page)).join('\n'), /select-name/);
});
