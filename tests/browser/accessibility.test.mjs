// axe-core over the page with everything open: light and dark, English and Chinese, wide and narrow.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../scripts/lib/paths.mjs';
import { pageTest, useLab } from './lab.mjs';

const axe = readFileSync(join(paths.modules, 'axe-core', 'axe.min.js'), 'utf8');

/** Serious and critical violations. The debugger's evaluation is not bound by the page's policy. */
async function violations(page) {
  await page.evaluate(`${axe}; undefined`);
  const { violations: found, passes } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations', 'passes'] }));
  assert.ok(passes.length > 20, 'axe looked at something');
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.slice(0, 4).map(({ html, failureSummary }) => `  ${html.slice(0, 160)}\n  ${failureSummary}`).join('\n')}`);
}

useLab();

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['en-GB', 'zh-CN']) {
    for (const width of [1280, 360]) {
      pageTest(`${colorScheme}, ${locale}, ${width} px`, { colorScheme, locale, viewport: { width, height: 800 } }, async ({ page }) => {
        await page.getByTestId('show-me').click();
        await page.getByTestId('causal').check();
        await page.getByTestId('block-cell').click();
        await page.getByTestId('heatmap').locator('summary').click();
        await page.getByTestId('vocabulary').click();
        await page.getByTestId('hide-sink').check();
        await page.getByTestId('listing-no_weights').check();
        await page.getByTestId('choose-files').setInputFiles({ name: 'config.json', mimeType: 'application/json', buffer: Buffer.from('{}') });
        await page.getByTestId('checkpoint-error').waitFor();
        await page.getByTestId('share').click();
        assert.deepEqual(await violations(page), []);
      });
    }
  }
}

pageTest('axe sees a violation', {}, async ({ page }) => {
  await page.getByTestId('examples').evaluate((element) => element.removeAttribute('aria-label'));
  assert.match((await violations(page)).join('\n'), /select-name/);
});
