// What goes wrong while training is said in words, with what to do, and training goes on after it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, openTab, pageAddress, useLab } from './lab.mjs';
import { text } from './reading.mjs';
import {
  inDrawer,
  setSetting,
  settingOf,
  share,
  stepShown,
  trainable,
  trainingTest,
  trainSteps,
} from './training-reading.mjs';

useLab();

trainingTest(
  'a loss that is no number stops training, with an explanation and a way back',
  {},
  async ({ page }) => {
    await trainSteps(page, 12);
    const good = await share(page, 'loss');
    await setSetting(page, 'learning-rate', '1e30');
    await page.getByTestId('play').click();
    const failure = page.getByTestId('training-failure');
    await failure.waitFor();
    assert.match(await failure.innerText(), /no longer a number[\s\S]*Lower the learning rate/);
    assert.equal(await failure.getAttribute('role'), 'alert');
    await page.getByTestId('go-back').click();
    await eventually(page, async () => assert.equal(await failure.count(), 0));
    assert.ok(Number(await settingOf(page, 'learning-rate')) < 1);
    assert.ok((await stepShown(page)) > 0, 'not everything is lost');
    await trainSteps(page, 5);
    assert.ok((await share(page, 'loss')) < good * 2);
  },
);

trainingTest(
  'what is measured of weights that are no numbers leaves training as it was',
  {},
  async ({ page }) => {
    const failure = page.getByTestId('training-failure');
    /** The loss of the first step after the way back; `measure` is what the learner tries before. */
    const lossAfter = async (measure) => {
      await page.getByTestId('reset-training').click();
      await page.getByTestId('random-weights').waitFor();
      await trainable(page);
      await setSetting(page, 'learning-rate', '1e30');
      await page.getByTestId('play').click();
      await failure.waitFor();
      await measure();
      await page.getByTestId('go-back').click();
      await eventually(page, async () => assert.equal(await failure.count(), 0));
      await page.getByTestId('step').click();
      await eventually(page, async () => assert.equal(await stepShown(page), 1));
      return text(page, 'loss');
    };
    const loss = await lossAfter(() => {});
    const stopped = async () => [
      (await failure.innerText()).match(/At step \d+/)[0],
      await text(page, 'go-back'),
    ];
    const measured = await lossAfter(async () => {
      const said = await stopped();
      const input = await page.getByTestId('own-input').inputValue();
      await page.getByTestId('measure-importance').click();
      await page.getByTestId('on-0-0').uncheck();
      await page.getByTestId('on-0-0').check();
      await page.getByTestId('another').click();
      await eventually(page, async () =>
        assert.notEqual(await page.getByTestId('own-input').inputValue(), input),
      );
      assert.deepEqual(await stopped(), said);
    });
    assert.equal(measured, loss);
  },
);

trainingTest('a learning rate, a seed or a text that is none is refused', {}, async ({ page }) => {
  for (const [id, bad] of [
    ['learning-rate', '-1'],
    ['learning-rate', ''],
    ['seed', '1.5'],
    ['seed', '-3'],
  ]) {
    const before = await settingOf(page, id);
    await setSetting(page, id, bad);
    assert.equal(await settingOf(page, id), before, `${id} ${bad}`);
  }
  await trainable(page);
});

const files = {
  'no .zip at all': { name: 'model.zip', buffer: Buffer.from('not a zip') },
  'a config alone': { name: 'config.json', buffer: Buffer.from('{}') },
};
for (const [name, file] of Object.entries(files)) {
  trainingTest(
    `a file that is no model, ${name}: said, and the run before it is still there`,
    {},
    async ({ page }) => {
      await trainSteps(page, 3);
      const step = await stepShown(page);
      await inDrawer(page, 'save', (drawer) =>
        drawer
          .getByTestId('load-model')
          .setInputFiles({ mimeType: 'application/octet-stream', ...file }),
      );
      await page.getByTestId('training-failure').waitFor();
      assert.match(await text(page, 'training-failure'), /not a model of this lesson/);
      assert.equal(await stepShown(page), step);
      await trainSteps(page, 2);
    },
  );
}

for (const hash of [
  '#train=nothing&seed=x&layers=99&heads=3&rate=-1&off=;;',
  '#train=copy&seed=99999999999&text=',
]) {
  trainingTest(`a broken link opens what it can: ${hash}`, { hash }, async ({ page }) => {
    assert.equal(await stepShown(page), 0);
    await page.getByTestId('step').click();
    await eventually(page, async () => assert.equal(await stepShown(page), 1));
  });
}

test('a link opens its lesson however late that part of the page arrives', async () => {
  const tab = await openTab();
  try {
    await tab.page.getByTestId('prediction').waitFor();
    await tab.page.route('**/Train-*.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    await tab.page.goto(`${pageAddress()}#train=digits&seed=5`);
    await trainable(tab.page);
    assert.equal(await tab.page.getByTestId('lesson-digits').getAttribute('aria-pressed'), 'true');
    assert.equal(await settingOf(tab.page, 'seed'), '5');
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
  }
});
