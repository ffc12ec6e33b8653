// Training in the page: a lesson to its goal, back through its snapshots, a head switched off, on again, saved and loaded.
import assert from 'node:assert/strict';
import { eventually, openTab, useLab } from './lab.mjs';
import { text, toNumber } from './reading.mjs';
import {
  newsKind,
  inDrawer,
  onTarget,
  scrubTo,
  setSetting,
  settingOf,
  share,
  stepShown,
  strongest,
  trainable,
  trainingTest,
  trainSteps,
  trainToGoal,
} from './training-reading.mjs';

useLab();

trainingTest(
  'the copy lesson, from random weights to its goal and all that follows',
  {},
  async ({ page }, t) => {
    await page.getByTestId('random-weights').waitFor();
    assert.equal(await stepShown(page), 0);
    const untrained = await text(page, 'answer-untrained');
    assert.equal(await text(page, 'answer-now'), untrained);

    await t.test('reaches its goal and says so', async () => {
      const start = Date.now();
      const { step, news } = await trainToGoal(page);
      t.diagnostic(`${((Date.now() - start) / 1000).toFixed(1)} s on the clock; ${news}`);
      assert.ok(step > 0);
      assert.ok((await share(page, 'held-out')) >= 99, news);
      assert.match(await text(page, 'verdict-now'), /correct/);
      assert.equal(await text(page, 'answer-now'), await text(page, 'right-answer'));
      assert.equal(await page.getByTestId('random-weights').count(), 0);
      const [, best] = strongest(await onTarget(page));
      assert.ok(best > 50, `a head gives the answer ${best}% of its attention`);
      assert.match(await text(page, 'shown-head'), /layer 2/);
      assert.equal(
        toNumber(news.match(/([\d.]+ ?%)/)[1]),
        await share(page, 'held-out'),
        'one number',
      );
    });

    await t.test('scrubs back to random weights and forward again', async () => {
      const end = await stepShown(page);
      const trained = await onTarget(page);
      await scrubTo(page, 0);
      await eventually(page, async () => assert.equal(await stepShown(page), 0));
      assert.equal(await text(page, 'answer-now'), untrained);
      assert.ok(strongest(await onTarget(page))[1] < strongest(trained)[1]);
      assert.equal(await newsKind(page), 'looking');
      await page.getByTestId('timeline').press('End');
      await eventually(page, async () => assert.equal(await stepShown(page), end));
      assert.deepEqual(await onTarget(page), trained, 'the same weights');
    });

    await t.test('a head that is switched off is missed, and another takes over', async () => {
      const before = await onTarget(page);
      const [head] = strongest(before);
      await page.getByTestId(`on-${head}`).uncheck();
      await page.locator('[data-testid="news"][data-kind="switched"]').waitFor();
      const [was, is] = (await text(page, 'news')).match(/[\d.]+ ?%/g).map(parseFloat);
      assert.ok(is < was, `${was} % to ${is} %`);
      await page.getByTestId(`head-${head}`).click();
      await page.getByTestId('head-off-note').waitFor();
      const { news } = await trainToGoal(page);
      t.diagnostic(news);
      assert.match(news, /Goal reached again/);
      const after = await onTarget(page);
      const [successor, weight] = strongest(after);
      assert.notEqual(successor, head);
      assert.ok(weight > before[successor], `${successor}: ${before[successor]} % to ${weight} %`);
      await page.getByTestId('measure-importance').click();
      await page.getByTestId(`importance-${successor}`).waitFor();
      await page.getByTestId(`on-${head}`).check();
      await eventually(page, async () => assert.match(await text(page, 'news'), /on again/));
    });

    await t.test('is saved as a file and loaded again', async () => {
      const answer = await text(page, 'answer-now');
      const looks = await onTarget(page);
      const [file] = await inDrawer(page, 'save', (drawer) =>
        Promise.all([page.waitForEvent('download'), drawer.getByTestId('save-model').click()]),
      );
      assert.match(file.suggestedFilename(), /^copy-step-\d+\.zip$/);
      await page.getByTestId('reset-training').click();
      await page.getByTestId('random-weights').waitFor();
      assert.notEqual(await text(page, 'answer-now'), answer);
      const { readFile } = await import('node:fs/promises');
      const buffer = await readFile(await file.path());
      const saved = { name: file.suggestedFilename(), mimeType: 'application/zip', buffer };
      await inDrawer(page, 'save', (drawer) =>
        drawer.getByTestId('load-model').setInputFiles(saved),
      );
      await page.locator('[data-testid="news"][data-kind="loaded"]').waitFor();
      await trainable(page);
      await eventually(page, async () => assert.deepEqual(await onTarget(page), looks));
      assert.equal(await text(page, 'answer-now'), answer);
      await page.getByTestId('step').click();
      await eventually(page, async () => assert.equal(await stepShown(page), 1));
    });
  },
);

trainingTest(
  'one seed is one run: step by step the same losses in another tab, and others with another seed',
  {},
  async ({ page }) => {
    const losses = async (where) => {
      const found = [];
      for (let i = 1; i <= 3; i++) {
        await where.getByTestId('step').click();
        await eventually(where, async () => assert.equal(await stepShown(where), i));
        found.push(await text(where, 'loss'));
      }
      return found;
    };
    const first = await losses(page);
    const other = await openTab({ hash: '#train=copy&seed=1' });
    try {
      await trainable(other.page);
      assert.deepEqual(await losses(other.page), first);
      await setSetting(other.page, 'seed', '2');
      await eventually(other.page, async () => assert.equal(await stepShown(other.page), 0));
      await trainable(other.page);
      assert.notDeepEqual(await losses(other.page), first);
    } finally {
      await other.close();
    }
  },
);

trainingTest(
  'training on from an older snapshot forgets what came after it',
  {},
  async ({ page }) => {
    await trainSteps(page, 30);
    const end = await stepShown(page);
    await scrubTo(page, 1);
    await eventually(page, async () => assert.ok((await stepShown(page)) < end));
    const from = await stepShown(page);
    assert.match(await text(page, 'play'), new RegExp(`step ${from}`));
    await page.getByTestId('step').click();
    await eventually(page, async () => assert.equal(await stepShown(page), from + 1));
    assert.doesNotMatch(await text(page, 'step-count'), /\//, 'this is the newest step now');
  },
);

trainingTest(
  'the learner’s own input is followed while training runs',
  { hash: '#train=reverse' },
  async ({ page }) => {
    const reversed = (letters) => [...letters].reverse().join('');
    const follows = (letters) =>
      eventually(page, async () =>
        assert.ok((await text(page, 'right-answer')).includes(reversed(letters))),
      );
    await page.getByTestId('play').click();
    await eventually(page, async () => assert.ok((await stepShown(page)) > 3));
    const before = await page.getByTestId('own-input').inputValue();
    await page.getByTestId('another').click();
    await eventually(page, async () =>
      assert.notEqual(await page.getByTestId('own-input').inputValue(), before),
    );
    await follows(await page.getByTestId('own-input').inputValue());
    await page.getByTestId('own-input').fill('');
    await page.getByTestId('own-input').pressSequentially('stressed');
    await follows('stressed');
    assert.equal(
      await page.getByTestId('own-input').inputValue(),
      'stressed',
      'nothing typed is lost',
    );
    await page.getByTestId('own-input').fill('漢!');
    await eventually(page, async () =>
      assert.equal(await page.getByTestId('own-input').getAttribute('aria-invalid'), 'true'),
    );
    assert.match(await text(page, 'input-problem'), /漢/);
    await page.getByTestId('own-input').fill('drab');
    await follows('drab');
  },
);

trainingTest(
  'another shape restarts training and says so; the learning rate changes on the way',
  {},
  async ({ page }) => {
    await trainSteps(page, 5);
    const weights = await inDrawer(page, 'settings', () => text(page, 'weights'));
    await inDrawer(page, 'settings', (drawer) => drawer.getByTestId('layers').selectOption('1'));
    await page.locator('[data-testid="news"][data-kind="architecture"]').waitFor();
    await eventually(page, async () => assert.equal(await stepShown(page), 0));
    assert.notEqual(await inDrawer(page, 'settings', () => text(page, 'weights')), weights);
    assert.equal(await page.getByTestId('head-1-0').count(), 0);
    await page.getByTestId('play').click();
    await eventually(page, async () => assert.ok((await stepShown(page)) > 3));
    await setSetting(page, 'learning-rate', '0.0005');
    const changedAt = await stepShown(page);
    await eventually(page, async () => assert.ok((await stepShown(page)) > changedAt + 3));
    assert.equal(await settingOf(page, 'learning-rate'), '0.0005');
    await page.getByTestId('pause').click();
  },
);

trainingTest(
  'the pretrained weights: to compare with, and to start from',
  { hash: '#train=sort' },
  async ({ page }) => {
    assert.match(await text(page, 'verdict-shipped'), /correct/);
    assert.match(await text(page, 'verdict-now'), /wrong/);
    const own = await onTarget(page);
    await page.getByTestId('whose-shipped').click();
    await eventually(page, async () => assert.notDeepEqual(await onTarget(page), own));
    assert.ok(
      await page.getByTestId('on-0-0').isDisabled(),
      'heads are switched off in the model that trains',
    );
    const shipped = await onTarget(page);
    await inDrawer(page, 'settings', (drawer) =>
      drawer.getByTestId('start-from').selectOption('shipped'),
    );
    await page.locator('[data-testid="news"][data-kind="shipped"]').waitFor();
    await trainable(page);
    assert.match(await text(page, 'verdict-now'), /correct/);
    assert.deepEqual(await onTarget(page), shipped);
    await trainSteps(page, 25);
    assert.equal(await newsKind(page), 'paused', 'a goal that was reached before is no news');
  },
);

trainingTest('a link holds lesson, seed, settings, heads and input', {}, async ({ page }) => {
  await page.getByTestId('lesson-reverse').click();
  await page.locator('[data-testid="lesson-reverse"][aria-pressed="true"]').waitFor();
  await trainable(page);
  await setSetting(page, 'seed', '7');
  await trainable(page);
  await setSetting(page, 'learning-rate', '0.002');
  await page.getByTestId('another').click();
  await page.getByTestId('on-0-1').uncheck();
  await page.locator('[data-testid="news"][data-kind="switched"]').waitFor();
  const input = await page.getByTestId('own-input').inputValue();
  await eventually(page, () => assert.match(page.url(), /train\/reverse\?seed=7.*off=/));
  const other = await openTab({ hash: new URL(page.url()).hash });
  try {
    await trainable(other.page);
    assert.equal(
      await other.page.getByTestId('lesson-reverse').getAttribute('aria-pressed'),
      'true',
    );
    assert.equal(await settingOf(other.page, 'seed'), '7');
    assert.equal(await settingOf(other.page, 'learning-rate'), '0.002');
    assert.equal(await other.page.getByTestId('own-input').inputValue(), input);
    assert.equal(await other.page.getByTestId('on-0-1').isChecked(), false);
    assert.deepEqual(other.problems, []);
  } finally {
    await other.close();
  }
});

trainingTest('to Explore and back: training waits where it was', {}, async ({ page }) => {
  await page.getByTestId('play').click();
  await eventually(page, async () => assert.ok((await stepShown(page)) > 3));
  await page.getByTestId('room-lab').click();
  await page.getByTestId('prediction').waitFor();
  await page.getByTestId('room-train').click();
  await trainable(page);
  assert.ok((await stepShown(page)) > 3);
  await page.goBack();
  await page.getByTestId('prediction').waitFor();
});

for (const colorScheme of ['light', 'dark']) {
  trainingTest(
    `a drawing lies under its weights as it was drawn, ink on paper: ${colorScheme}`,
    { hash: '#train=digits&seed=1', colorScheme },
    async ({ page }) => {
      await page.getByTestId('drawing-pad').waitFor();
      const [paper, least] = await page
        .getByTestId('drawing-pad')
        .locator('canvas')
        .evaluate((canvas) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
          const [red, green, blue] = getComputedStyle(document.body)
            .backgroundColor.match(/\d+/g)
            .map(Number);
          let nearest = 255;
          for (let i = 0; i < data.length; i += 4)
            nearest = Math.min(
              nearest,
              Math.max(
                Math.abs(data[i] - red),
                Math.abs(data[i + 1] - green),
                Math.abs(data[i + 2] - blue),
              ),
            );
          return [[red, green, blue], nearest];
        });
      assert.ok(least < 64, `the least shaded paper is ${least} of 255 from ${paper}`);
    },
  );
}
