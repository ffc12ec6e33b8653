// What goes wrong while training is said in words, with what to do, and training goes on after it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, openTab, pageAddress, useLab } from './lab.mjs';
import { text } from './reading.mjs';
import { share, stepShown, trainable, trainingTest, trainSteps } from './training-reading.mjs';

useLab();

trainingTest('a loss that is no number stops training, with an explanation and a way back', {}, async ({ page }) => {
  await trainSteps(page, 12);
  const good = await share(page, 'loss');
  await page.getByTestId('learning-rate').fill('1e30');
  await page.getByTestId('learning-rate').press('Enter');
  await page.getByTestId('play').click();
  const failure = page.getByTestId('training-failure');
  await failure.waitFor();
  assert.match(await failure.innerText(), /no longer a number[\s\S]*Lower the learning rate/);
  assert.equal(await failure.getAttribute('role'), 'alert');
  await page.getByTestId('go-back').click();
  await eventually(page, async () => assert.equal(await failure.count(), 0));
  assert.ok(Number(await page.getByTestId('learning-rate').inputValue()) < 1);
  assert.ok((await stepShown(page)) > 0, 'not everything is lost');
  await trainSteps(page, 5);
  assert.ok((await share(page, 'loss')) < good * 2);
});

trainingTest('a learning rate, a seed or a text that is none is refused', {}, async ({ page }) => {
  for (const [id, bad] of [['learning-rate', '-1'], ['learning-rate', ''], ['seed', '1.5'], ['seed', '-3']]) {
    const before = await page.getByTestId(id).inputValue();
    await page.getByTestId(id).fill(bad);
    await page.getByTestId(id).press('Enter');
    await eventually(page, async () => assert.equal(await page.getByTestId(id).inputValue(), before, `${id} ${bad}`));
  }
  await trainable(page);
});

const files = {
  'no .zip at all': { name: 'model.zip', buffer: Buffer.from('not a zip') },
  'a config alone': { name: 'config.json', buffer: Buffer.from('{}') },
};
for (const [name, file] of Object.entries(files)) {
  trainingTest(`a file that is no model, ${name}: said, and the run before it is still there`, {}, async ({ page }) => {
    await trainSteps(page, 3);
    const step = await stepShown(page);
    await page.getByTestId('load-model').setInputFiles({ mimeType: 'application/octet-stream', ...file });
    await page.getByTestId('training-failure').waitFor();
    assert.match(await text(page, 'training-failure'), /no model of this lesson/);
    assert.equal(await stepShown(page), step);
    await trainSteps(page, 2);
  });
}

for (const hash of ['#train=nothing&seed=x&layers=99&heads=3&rate=-1&off=;;', '#train=copy&seed=99999999999&text=']) {
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
    await tab.page.route('**/Training-*.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
    });
    await tab.page.goto(`${pageAddress()}#train=digits&seed=5`);
    await trainable(tab.page);
    assert.equal(await tab.page.getByTestId('lesson-digits').getAttribute('aria-pressed'), 'true');
    assert.equal(await tab.page.getByTestId('seed').inputValue(), '5');
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
  }
});
