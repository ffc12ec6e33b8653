// Reads and drives the training part of the page. Knows test ids, not structure.
import assert from 'node:assert/strict';
import { eventually, openTab } from './lab.mjs';
import { text, toNumber } from './reading.mjs';
import { test } from 'node:test';

/** Training takes seconds here, and minutes where much else runs: only its end is waited for. */
export const longest = 240_000;

/** The model is open and shows what it makes of the lesson's input. */
export async function trainable(page) {
  await page.getByTestId('play').and(page.locator(':enabled')).waitFor();
  await page.getByTestId('answer-now').waitFor();
}

/** A test on a tab of its own with the training part open; at its end nothing may have gone wrong in the page. */
export function trainingTest(name, { hash = '#train=copy&seed=1', ...options }, run) {
  test(name, { timeout: 2 * longest }, async (t) => {
    const tab = await openTab({ hash, ...options });
    try {
      await trainable(tab.page);
      await run(tab, t);
      assert.deepEqual(tab.problems, [], 'problems in the page');
    } finally {
      await tab.close();
    }
  });
}

export const newsKind = (page) => page.getByTestId('news').getAttribute('data-kind');
export const stepShown = async (page) => toNumber(await text(page, 'step-count'));
export const share = async (page, id) => toNumber(await text(page, id));

/** Opens a drawer, does something in it, and closes it: 'settings', 'save' or, on a narrow screen, 'about-lesson'. */
export async function inDrawer(page, name, use) {
  await page.getByTestId(`open-${name}`).click();
  const drawer = page.getByTestId(`${name}-drawer`);
  await drawer.waitFor();
  const result = await use(drawer);
  await page.getByTestId(`close-${name}`).click();
  await drawer.waitFor({ state: 'hidden' });
  return result;
}

/** A field of the settings is filled, and Enter pressed. */
export const setSetting = (page, id, value) =>
  inDrawer(page, 'settings', async (drawer) => {
    await drawer.getByTestId(id).fill(value);
    await drawer.getByTestId(id).press('Enter');
  });
export const settingOf = (page, id) =>
  inDrawer(page, 'settings', (drawer) => drawer.getByTestId(id).inputValue());

/** Trains until the goal is said; gives the step, and what the page says of it. */
export async function trainToGoal(page) {
  await page.getByTestId('slow-motion').uncheck();
  await page.getByTestId('play').click();
  await page.locator('[data-testid="news"][data-kind="goal"]').waitFor({ timeout: longest });
  return { step: await stepShown(page), news: await text(page, 'news') };
}

export async function trainSteps(page, count) {
  const from = await stepShown(page);
  await page.getByTestId('slow-motion').uncheck();
  await page.getByTestId('play').click();
  await eventually(page, async () => assert.ok((await stepShown(page)) >= from + count), longest);
  if (await page.getByTestId('pause').count()) await page.getByTestId('pause').click();
  await page.getByTestId('play').waitFor();
}

export async function scrubTo(page, place) {
  const last = Number(await page.getByTestId('timeline').getAttribute('max'));
  await page.getByTestId('timeline').fill(String(place < 0 ? last : place));
}

/** Place of a head → the share of its attention on the answer; NaN for one that is off. */
export const onTarget = (page) =>
  page
    .getByTestId('training-heads')
    .locator('label')
    .evaluateAll((labels) =>
      Object.fromEntries(
        labels.map((label) => [
          label.querySelector('input').dataset.testid.slice('on-'.length),
          parseFloat(label.innerText),
        ]),
      ),
    );

export const strongest = (shares) =>
  Object.entries(shares).reduce(
    (best, each) => (Number.isNaN(each[1]) || each[1] <= best[1] ? best : each),
    ['', -1],
  );
