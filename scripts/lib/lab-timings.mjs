// How fast the Lab follows somebody who types: from a key to the painted text, to the painted answer, and the longest task of the page's thread.
import { quantile } from '../bench/statistics.mjs';

const vocabulary =
  'the old dog saw a small bird near that big tree and then it ran to the house of a king while rain fell on green hills'.split(
    ' ',
  );

/** A text of `count` words. */
export const textOf = (count) =>
  Array.from(
    { length: count },
    (_, i) => vocabulary[(i * 7 + ((i * i) % 5)) % vocabulary.length],
  ).join(' ');

/**
 * Opens the checkpoint in `folder` (null: the one that ships) by the page's own dialogue, pastes `text`, types `keys` more, one when the
 * one before was answered. Milliseconds: { echo, answer }, each { median, p95 }; `pasted`, until the answer to the paste;
 * `longestTask`, 0 where no task took 50 ms.
 */
export async function labTimings(browser, url, { folder, text, keys }) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  context.setDefaultTimeout(300_000);
  try {
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(new URL('#lab', url).href);
    await page.getByTestId('prediction').waitFor();
    if (folder !== null) {
      await page.getByTestId('choose-folder').setInputFiles(folder);
      await page.getByTestId('back-to-shipped').waitFor();
    }
    await page.evaluate(() => globalThis.timings.quiet());
    const sentence = page.locator('#sentence');
    await sentence.focus();
    await page.evaluate(() => globalThis.timings.reset());
    await sentence.fill(text);
    const pasted = await page.evaluate(() => globalThis.timings.answered());
    await page.evaluate(() => globalThis.timings.quiet());
    const pasteTask = await page.evaluate(() => globalThis.timings.longestTask);
    await page.keyboard.press('End');
    await page.evaluate(() => globalThis.timings.reset());
    const times = [];
    for (let i = 0; i < keys; i++) {
      await page.keyboard.press(i % 6 === 5 ? 'Space' : 'abcdefghij'[i % 10]);
      times.push(await page.evaluate(() => globalThis.timings.answered()));
      await page.waitForTimeout(60);
    }
    const typingTask = await page.evaluate(() => globalThis.timings.longestTask);
    const of = (name) => {
      const values = times.map((each) => each[name]).sort((a, b) => a - b);
      return { median: quantile(values, 0.5), p95: quantile(values, 0.95) };
    };
    return {
      echo: of('echo'),
      answer: of('answer'),
      pasted: pasted.answer,
      longestTask: Math.max(pasteTask, typingTask),
    };
  } finally {
    await context.close();
  }
}

/** Runs in the page before its own scripts. */
function watch() {
  let last = null;
  const timings = {
    longestTask: 0,
    reset: () => (timings.longestTask = 0),
    answered: () => last,
    /** Nothing is computed, and no long task has been for a while. */
    quiet: async () => {
      let since = performance.now();
      while (performance.now() - since < 1500) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        if (isBusy() || performance.now() - lastTask < 1000) since = performance.now();
      }
    },
  };
  globalThis.timings = timings;
  let lastTask = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      lastTask = performance.now();
      timings.longestTask = Math.max(timings.longestTask, duration);
    }
  }).observe({ type: 'longtask' });
  const instrument = () => document.querySelector('[data-testid=instrument]');
  const isBusy = () => instrument()?.ariaBusy === 'true';
  /** The frame that is made next is on the screen. */
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(null);
      }),
    );
  const idle = () =>
    new Promise((resolve) => {
      if (!isBusy()) return resolve();
      const observer = new MutationObserver(() => {
        if (isBusy()) return;
        observer.disconnect();
        resolve();
      });
      observer.observe(instrument(), { attributeFilter: ['aria-busy'] });
    });
  addEventListener(
    'input',
    ({ timeStamp }) => {
      last = (async () => {
        const echo = (await painted()) - timeStamp;
        if (!isBusy()) return { echo, answer: echo };
        await idle();
        return { echo, answer: (await painted()) - timeStamp };
      })();
    },
    true,
  );
}
