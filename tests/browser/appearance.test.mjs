// Language, colours and narrow screens: nothing is left untranslated, nothing sticks out.
import assert from 'node:assert/strict';
import { eventually, openTab, pageAddress, pageTest, shown, useLab } from './lab.mjs';
import { english, namesOf, sideways } from './layout.mjs';
import { best, text, tokens } from './reading.mjs';
import { test } from 'node:test';

const language = (page, expected) =>
  eventually(page, async () =>
    assert.equal(await page.locator('html').getAttribute('lang'), expected),
  );

useLab();

pageTest(
  'Chinese and back: every control and heading, the lang attribute and the title',
  {},
  async ({ page }) => {
    await page.getByTestId('show-me').click();
    await page.getByTestId('causal').check();
    await page.getByTestId('share').click();
    await page.getByTestId('causes-patches').waitFor(); // they come a moment later
    await language(page, 'en');
    const title = await page.title();
    const before = await namesOf(page);
    const words = [...(await tokens(page)), 'tired', 'wide'];
    await page.getByTestId('language-zh').click();
    await language(page, 'zh-Hans');
    const chinese = await namesOf(page);
    assert.equal(chinese.length, before.length, 'the same controls');
    assert.notEqual(await page.title(), title);
    const left = chinese.flatMap((name, i) => {
      const rest = english(name, words);
      return rest.length > 0 && (name === before[i] || !/\p{Script=Han}/u.test(name))
        ? [`${name} (${rest})`]
        : [];
    });
    assert.deepEqual(left, [], 'left in English');
    assert.ok(
      chinese.filter((name) => /\p{Script=Han}/u.test(name)).length > 60,
      'Chinese everywhere',
    );
    await page.getByTestId('language-en').click();
    await language(page, 'en');
    assert.deepEqual(await namesOf(page), before);
    const han = before.filter((name) => /\p{Script=Han}/u.test(name));
    assert.deepEqual(han, []);
  },
);

pageTest('the choice of language and colours outlives a reload', {}, async ({ page }) => {
  await page.getByTestId('language-zh').click();
  await page.getByTestId('theme').selectOption('dark');
  const isKept = async () => {
    await language(page, 'zh-Hans');
    assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  };
  await page.reload();
  await shown(page);
  await isKept();
  await page.goto(pageAddress());
  await page.locator('[data-testid="learn"][data-ready="true"]').waitFor();
  await isKept();
});

pageTest('a Chinese reader’s browser gets Chinese', { locale: 'zh-CN' }, ({ page }) =>
  language(page, 'zh-Hans'),
);

/** Of the page and of the middle of the first thumbnail: 0 black to 1 white. */
const lightness = (page) =>
  page.evaluate(() => {
    const light = (colour) =>
      Math.max(
        ...colour
          .match(/[\d.]+/g)
          .slice(0, 3)
          .map(Number),
      ) / 255;
    return {
      paper: light(
        getComputedStyle(document.body).backgroundColor === 'rgba(0, 0, 0, 0)'
          ? getComputedStyle(document.documentElement).backgroundColor
          : getComputedStyle(document.body).backgroundColor,
      ),
      ink: light(getComputedStyle(document.body).color),
    };
  });

pageTest(
  'dark and light, by choice and by the system',
  { colorScheme: 'dark' },
  async ({ page }) => {
    const is = (tone) =>
      eventually(page, async () => {
        const { paper, ink } = await lightness(page);
        assert.equal(await page.locator('html').getAttribute('data-theme'), tone);
        assert.ok(
          tone === 'dark' ? paper < 0.25 && ink > 0.75 : paper > 0.9 && ink < 0.25,
          JSON.stringify({ paper, ink }),
        );
      });
    const heatmap = () =>
      page
        .getByTestId('heatmap-cells')
        .locator('canvas')
        .evaluate((canvas) => canvas.toDataURL());
    await is('dark');
    const dark = await heatmap();
    await page.getByTestId('theme').selectOption('light');
    await is('light');
    await eventually(page, async () =>
      assert.notEqual(await heatmap(), dark, 'the canvas is painted in the other colours'),
    );
    await page.getByTestId('theme').selectOption('dark');
    await is('dark');
    await page.getByTestId('theme').selectOption('system');
    await page.emulateMedia({ colorScheme: 'light' });
    await is('light');
  },
);

for (const locale of ['en-GB', 'zh-CN']) {
  for (const width of [320, 360, 800, 1280]) {
    test(`nothing sticks out at ${width} px in ${locale}, whatever is open`, async () => {
      const tab = await openTab({
        locale,
        viewport: { width, height: 740 },
        hasTouch: width <= 360,
        isMobile: width <= 360,
      });
      const { page } = tab;
      try {
        await shown(page);
        const fits = async (when) =>
          assert.deepEqual(await sideways(page), { over: 0, out: [] }, when);
        await fits('at first');
        await page.getByTestId('show-me').click();
        await page.getByTestId('causal').check();
        await page.getByTestId('temperature').press('End');
        await page.getByTestId('block-cell').click();
        await page.getByTestId('heatmap').locator('summary').click();
        await page.getByTestId('vocabulary').click();
        await page.getByTestId('compare-difference').click();
        await page.getByTestId('hide-sink').check();
        await fits('with everything open');
        await page.getByTestId('listing-multi_head_no_softmax').check();
        await fits('with four maps');
        await page.getByTestId('listing-no_weights').check();
        await fits('with the numbers of a listing');
        await page
          .getByRole('textbox')
          .first()
          .fill(Array.from({ length: 70 }, () => 'the').join(' ') + ' incomprehensibilities');
        await fits('with a long sentence');
        await page.getByTestId('share').click();
        await fits('with the share menu');
        assert.deepEqual(tab.problems, []);
      } finally {
        await tab.close();
      }
    });
  }
}

pageTest(
  'by touch: a tap on a word keeps it',
  { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  async ({ page }) => {
    assert.equal(await best(page), 'animal');
    const words = await tokens(page);
    await page.getByTestId('token').nth(words.indexOf('cross')).tap();
    await eventually(page, async () =>
      assert.match(await text(page, 'summary'), /^cross attends to/),
    );
    await page.getByTestId('head-0-1').tap();
    await eventually(page, async () => assert.match(await text(page, 'arcs'), /Layer 1, head 2/));
  },
);
