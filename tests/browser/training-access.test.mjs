// The training part for everybody: by keys alone, for a screen reader, in both languages and colours, on a narrow screen, without a stutter.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { violations } from './axe.mjs';
import { eventually, openTab, useLab } from './lab.mjs';
import { english, namesOf, sideways } from './layout.mjs';
import { text } from './reading.mjs';
import {
  inDrawer,
  newsKind,
  setSetting,
  stepShown,
  trainable,
  trainingTest,
  trainSteps,
} from './training-reading.mjs';

useLab();

const lessons = ['copy', 'dates', 'digits', 'coreference'];

for (const colorScheme of ['light', 'dark']) {
  for (const locale of ['en-GB', 'zh-CN']) {
    for (const width of [1280, 360]) {
      test(`${colorScheme}, ${locale}, ${width} px: nothing for axe, nothing sticks out`, async () => {
        const tab = await openTab({
          hash: '#train=copy&seed=1',
          colorScheme,
          locale,
          viewport: { width, height: 800 },
        });
        const { page } = tab;
        try {
          await trainable(page);
          for (const lesson of lessons) {
            if (width < 860) await page.getByTestId('lesson').selectOption(lesson);
            else await page.getByTestId(`lesson-${lesson}`).click();
            await eventually(page, () => assert.match(page.url(), new RegExp(`train/${lesson}`)));
            await trainable(page);
            await trainSteps(page, 2);
            await page.getByTestId('on-0-0').uncheck();
            await page.getByTestId('measure-importance').click();
            await page.getByTestId('importance-0-0').waitFor();
            assert.deepEqual(await violations(page), [], lesson);
            assert.deepEqual(await sideways(page), { over: 0, out: [] }, lesson);
          }
          for (const drawer of ['settings', 'save', ...(width < 860 ? ['about-lesson'] : [])]) {
            await inDrawer(page, drawer, async () => {
              assert.deepEqual(await violations(page), [], drawer);
              assert.deepEqual(await sideways(page), { over: 0, out: [] }, drawer);
            });
          }
          await setSetting(page, 'learning-rate', '1e30');
          await page.getByTestId('play').click();
          await page.getByTestId('training-failure').waitFor();
          assert.deepEqual(await violations(page), []);
          assert.deepEqual(await sideways(page), { over: 0, out: [] });
          assert.deepEqual(tab.problems, []);
        } finally {
          await tab.close();
        }
      });
    }
  }
}

trainingTest('Chinese: nothing is left in English', {}, async ({ page }) => {
  await trainSteps(page, 2);
  const before = await namesOf(page);
  await page.getByTestId('language-zh').click();
  await eventually(page, async () =>
    assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans'),
  );
  const chinese = await namesOf(page);
  assert.equal(chinese.length, before.length, 'the same controls');
  const left = chinese.flatMap((name, i) => {
    const rest = english(name, ['zip', 'json', 'lesson', 'sep']);
    return rest.length > 0 && (name === before[i] || !/\p{Script=Han}/u.test(name))
      ? [`${name} (${rest})`]
      : [];
  });
  assert.deepEqual(left, []);
});

const focusedId = (page) =>
  page.evaluate(() => document.activeElement?.dataset.testid ?? document.activeElement?.id ?? '');

/** Onward, and from the end of the page to its beginning. */
async function tabTo(page, id) {
  for (let i = 0; i < 120; i++) {
    if ((await focusedId(page)) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`${id}: not reached by Tab`);
}

test('by keys alone: from Explore to a head switched off, and to a drawn digit', async () => {
  const tab = await openTab();
  const { page } = tab;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const says = (id, pattern) =>
    eventually(page, async () => assert.match(await text(page, id), pattern));
  try {
    await page.getByTestId('prediction').waitFor();
    await tabTo(page, 'room-train');
    await press('Enter');
    await trainable(page);
    await tabTo(page, 'lesson-sort');
    await press('Enter');
    await page.locator('[data-testid="lesson-sort"][aria-pressed="true"]').waitFor();
    await trainable(page);
    await tabTo(page, 'play');
    await press('Enter');
    await eventually(page, async () => assert.ok((await stepShown(page)) > 12));
    assert.equal(await focusedId(page), 'pause', 'the focus stays on the button');
    await press('Space');
    await eventually(page, async () => assert.equal(await newsKind(page), 'paused'));
    await tabTo(page, 'step');
    const step = await stepShown(page);
    await press('Enter');
    await eventually(page, async () => assert.equal(await stepShown(page), step + 1));
    await tabTo(page, 'timeline');
    await press('Home');
    await eventually(page, async () => assert.equal(await stepShown(page), 0));
    await press('End');
    await eventually(page, async () => assert.equal(await stepShown(page), step + 1));
    await tabTo(page, 'open-settings');
    await press('Enter');
    await tabTo(page, 'learning-rate');
    await press('Control+a');
    await page.keyboard.type('0.004');
    await press('Enter', 'Escape');
    await page.getByTestId('settings-drawer').waitFor({ state: 'hidden' });
    assert.equal(await focusedId(page), 'open-settings', 'the focus comes back');
    await tabTo(page, 'own-input');
    const input = await page.getByTestId('own-input').inputValue();
    await press('End', 'Backspace');
    await says('right-answer', /./);
    assert.equal((await page.getByTestId('own-input').inputValue()).length, input.length - 1);
    await tabTo(page, 'token');
    await press('End');
    await says('strongest', /attends to|evenly/);
    await tabTo(
      page,
      await page.locator('[data-testid^="head-"][tabindex="0"]').getAttribute('data-testid'),
    );
    await press('Home');
    await press('ArrowRight', 'ArrowLeft');
    await tabTo(page, 'on-0-0');
    await press('Space');
    await says('news', /Layer 1 head 1 is off/);
    await tabTo(page, 'view-weights');
    await press('Enter');
    await tabTo(page, 'heatmap-cells');
    await press('PageDown', 'Home', 'ArrowUp');
    await says('training-cell', /→/);
    await press('Escape', 'Escape');
    await says('training-cell', /Green frames/);
    await tabTo(page, 'open-save');
    await press('Enter');
    await tabTo(page, 'save-model');
    const [file] = await Promise.all([page.waitForEvent('download'), press('Enter')]);
    await press('Escape');
    assert.match(file.suggestedFilename(), /^sort/);

    await page.getByTestId('lesson-digits').focus();
    await press('Enter');
    await page.getByTestId('drawing-pad').waitFor();
    await trainable(page);
    await tabTo(page, 'drawing-ask');
    await press('Enter');
    await tabTo(page, 'drawing-pad');
    await press('ArrowRight', 'ArrowRight', 'ArrowDown');
    await says('strongest', /^2·2/);
    await tabTo(page, 'drawing-draw');
    await press('Enter');
    await tabTo(page, 'clear');
    await press('Enter');
    await tabTo(page, 'drawing-pad');
    const blank = await page
      .getByTestId('drawing-pad')
      .locator('canvas')
      .evaluate((canvas) => canvas.toDataURL());
    await press('Space', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Space');
    await eventually(page, async () =>
      assert.notEqual(
        await page
          .getByTestId('drawing-pad')
          .locator('canvas')
          .evaluate((canvas) => canvas.toDataURL()),
        blank,
      ),
    );
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
  }
});

trainingTest('a screen reader hears what happens, not every step', {}, async ({ page }) => {
  assert.equal(await page.getByTestId('news').getAttribute('role'), 'status');
  await page.getByTestId('view-weights').click();
  assert.match(
    await page.getByTestId('heatmap-cells').getAttribute('aria-label'),
    /layer \d, head \d|layer \d head \d/,
  );
  await page.getByTestId('play').click();
  await eventually(page, async () => assert.ok((await stepShown(page)) > 2));
  assert.equal(await page.getByTestId('training-cell').getAttribute('aria-live'), 'off');
  await page.getByTestId('pause').click();
  await eventually(page, async () => assert.equal(await newsKind(page), 'paused'));
  assert.equal(await page.getByTestId('training-cell').getAttribute('aria-live'), 'polite');
  assert.match(await text(page, 'curves-summary'), /At step \d+: loss/);
});

/** The gaps between `count` frames, sorted, and the durations of the tasks that took longer than 50 ms meanwhile. */
const watchFrames = (page, count) =>
  page.evaluate(async (frames) => {
    const long = [];
    const observer = new PerformanceObserver((list) =>
      long.push(...list.getEntries().map(({ duration }) => duration)),
    );
    observer.observe({ type: 'longtask' });
    const gaps = [];
    let last = await new Promise(requestAnimationFrame);
    while (gaps.length < frames) {
      const now = await new Promise(requestAnimationFrame);
      gaps.push(now - last);
      last = now;
    }
    observer.disconnect();
    return { gaps: gaps.sort((a, b) => a - b), long };
  }, count);

trainingTest(
  'the page stays at its frame rate while training runs',
  { reducedMotion: 'no-preference' },
  async ({ page }, t) => {
    const idle = await watchFrames(page, 60);
    await page.getByTestId('play').click();
    await eventually(page, async () => assert.ok((await stepShown(page)) > 5));
    const { gaps, long } = await watchFrames(page, 240);
    const at = (part, of = gaps) => of[Math.floor(part * (of.length - 1))];
    const step = await stepShown(page);
    t.diagnostic(
      `frames: median ${at(0.5).toFixed(1)} ms, 95 % ${at(0.95).toFixed(1)} ms; long tasks ${long.map(Math.round).join(', ') || 'none'}; ${await text(page, 'speed')}`,
    );
    assert.ok(step > 5);
    // A ratio, not a time: a machine that is busy with other things draws fewer frames whether training runs or not.
    assert.ok(
      at(0.5) < 1.5 * at(0.5, idle.gaps),
      `median frame ${at(0.5)} ms, at rest ${at(0.5, idle.gaps)} ms`,
    );
  },
);
