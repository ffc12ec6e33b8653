// The gallery of models, with the hub answered on this machine: one click opens, cancelling keeps what came, a refusal is said politely.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { violations } from './axe.mjs';
import { eventually, openTab, useLab } from './lab.mjs';
import { sideways } from './layout.mjs';
import { trainable } from './training-reading.mjs';

const golden = join(paths.root, 'tests', 'golden', 'checkpoints', 'mlm_gelu');
const files = Object.fromEntries(
  readdirSync(golden).map((name) => [name, readFileSync(join(golden, name))]),
);
const distilbert = 'distilbert/distilbert-base-uncased';

useLab();

/** Train, with the gallery open over it, and the hub answered by `answer(file)`: bytes, a status, 'offline', or a promise of them. */
async function withGallery(answer, use, options = {}) {
  const tab = await openTab({ hash: '#train/reverse?seed=1', ...options });
  const { page, context, close } = tab;
  const asked = [];
  await context.route('https://huggingface.co/**', async (route) => {
    const file = new URL(route.request().url()).pathname.split('/').at(-1);
    asked.push(route.request().url());
    const found = await answer(file);
    const headers = {
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Expose-Headers': 'ETag',
      ETag: `"${file}"`,
    };
    if (found === 'offline') return route.abort('internetdisconnected');
    if (typeof found === 'number') return route.fulfill({ status: found, headers });
    return route.fulfill(found ? { body: found, headers } : { status: 404, headers });
  });
  try {
    await trainable(page);
    await page.getByRole('banner').getByTestId('open-gallery').click();
    await page.getByTestId('gallery').waitFor();
    const entry = (id) => page.locator(`[data-testid="gallery-model"][data-id="${id}"]`);
    await use({ ...tab, asked, entry });
  } finally {
    await close();
  }
}

test('one click downloads a model and opens it in the Lab; it is kept, opens again without a network, and is deleted', async () => {
  let isOnline = true;
  await withGallery(
    (file) => (isOnline ? files[file] : 'offline'),
    async ({ page, asked, entry }) => {
      assert.deepEqual(asked, [], 'nothing is asked of the hub before a click');
      const model = entry(distilbert);
      assert.match(await model.innerText(), /6 layers × 12 heads · licence Apache-2\.0/);
      await model.getByTestId('gallery-open').click();
      await page.getByTestId('gallery').waitFor({ state: 'detached' });
      await eventually(page, () => assert.match(page.url(), /#lab/));
      await page.getByTestId('token').first().waitFor();
      assert.ok(asked.every((url) => url.includes(distilbert)));
      isOnline = false;
      await page.getByRole('banner').getByTestId('open-gallery').click();
      await eventually(page, async () =>
        assert.equal(await model.getAttribute('data-kept'), 'whole'),
      );
      assert.match(await model.innerText(), /kept in this browser/);
      await model.getByTestId('gallery-open').click();
      await page.getByTestId('gallery').waitFor({ state: 'detached' });
      await page.getByRole('banner').getByTestId('open-gallery').click();
      await model.getByTestId('gallery-delete').click();
      await eventually(page, async () =>
        assert.equal(await model.getAttribute('data-kept'), 'absent'),
      );
    },
  );
});

test('a download is cancelled, and what was open stays', async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await withGallery(
    (file) => (file === 'model.safetensors' ? held : files[file]),
    async ({ page, entry }) => {
      const model = entry(distilbert);
      await model.getByTestId('gallery-open').click();
      await model.getByTestId('gallery-progress').waitFor();
      await model.getByTestId('gallery-cancel').click();
      await model.getByTestId('gallery-open').waitFor();
      assert.equal(await page.getByTestId('gallery-failure').count(), 0);
      assert.match(page.url(), /#train/);
      release(404);
    },
  );
});

for (const [name, answer, said] of [
  ['no network', 'offline', /could not be reached[\s\S]*try again/],
  ['refused', 401, /does not have this model, or it is private/],
]) {
  test(`${name}: said in words, with what to do`, async () => {
    await withGallery(
      () => answer,
      async ({ page, entry }) => {
        await entry('openai-community/gpt2').getByTestId('gallery-open').click();
        await page.getByTestId('gallery-failure').waitFor();
        assert.match(await page.getByTestId('gallery-failure').innerText(), said);
      },
    );
  });
}

test('models of this page open from it, too', async () => {
  await withGallery(
    () => 404,
    async ({ page, asked }) => {
      await page.getByTestId('gallery-shipped-dates').click();
      await page.getByTestId('gallery').waitFor({ state: 'detached' });
      await eventually(page, () => assert.match(page.url(), /#lab/));
      assert.deepEqual(asked, []);
    },
  );
});

for (const [colorScheme, locale, width] of [
  ['light', 'en-GB', 1280],
  ['dark', 'zh-CN', 360],
]) {
  test(`${colorScheme}, ${locale}, ${width} px: nothing for axe, nothing sticks out; Escape closes it and gives the focus back`, async () => {
    await withGallery(
      () => 404,
      async ({ page }) => {
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(await sideways(page), { over: 0, out: [] });
        await page.keyboard.press('Escape');
        await page.getByTestId('gallery').waitFor({ state: 'detached' });
        assert.equal(
          await page.evaluate(() => document.activeElement.dataset.testid),
          'open-gallery',
        );
      },
      { colorScheme, locale, viewport: { width, height: 800 } },
    );
  });
}
