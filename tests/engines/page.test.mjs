// The page and the package's worker in three browser engines: the first picture, typing, an edit, training to a goal.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { browsers, options } from './engines.mjs';

const id = (name) => `[data-testid="${name}"]`;

/** In the page: what of the Lab a reader sees. */
const seen = `() => {
  const all = (id) => [...document.querySelectorAll('[data-testid="' + id + '"]')];
  const canvas = document.querySelector('[data-testid="heatmap"] canvas');
  const pixels = canvas ? canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data : [];
  return {
    tokens: all('token').map((each) => each.textContent.trim()),
    predictions: all('prediction-row').map((row) => [row.dataset.word, [...row.querySelectorAll('td.number')].map((cell) => cell.innerText)]),
    arcs: document.querySelectorAll('[data-testid="arcs"] path').length,
    colours: new Set(new Uint32Array(new Uint8Array(pixels).buffer)).size,
    modified: all('modified').map((each) => each.innerText).join(),
    news: all('news').map((each) => each.dataset.kind).join(),
    isTrainable: all('play').some((each) => !each.disabled) && all('answer-now').length > 0,
    step: all('step-count').map((each) => parseInt(each.innerText.replace(/\\D/g, ''), 10))[0],
  };
}`;

/** The first state of the page that `is` accepts. */
async function until(browser, is, what, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const state = await browser.evaluate(seen);
    if (is(state)) return state;
    if (Date.now() > end) assert.fail(`${what}: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

for (const [name, open] of Object.entries(browsers))
  describe(name, options, () => {
    let browser, page, packageFiles;
    const problems = [];
    before(async () => {
      [browser, page, packageFiles] = [
        await open(),
        await serve(paths.page),
        await serve(paths.dist),
      ];
    });
    after(async () => {
      await browser?.close();
      await page?.close();
      await packageFiles?.close();
      assert.deepEqual(problems, []);
    });

    test('the first picture: words, arcs, a heat map in colours, a prediction', async () => {
      await browser.goto(`${page.url}#lab`);
      const { tokens, arcs, colours, predictions } = await until(
        browser,
        (state) => state.predictions.length > 0 && state.colours > 3 && state.arcs > 3,
        'no picture',
      );
      assert.ok(tokens.includes('[MASK]') && arcs > 3 && colours > 3);
      assert.match(predictions[0][0], /^[a-z]+$/);
    });

    test('typing changes words and prediction', async () => {
      const before = await browser.evaluate(seen);
      await browser.type('#sentence', ' and hot');
      await until(
        browser,
        ({ tokens, predictions }) =>
          tokens.includes('hot') && String(predictions) !== String(before.predictions),
        'the words do not follow',
      );
    });

    test('a head switched off: before and after', async () => {
      await browser.click(id('head-on')); // of the head that finds the noun
      const { predictions } = await until(
        browser,
        ({ modified, predictions }) => modified !== '' && predictions[0]?.[1].length > 1,
        'nothing to compare',
      );
      assert.ok(predictions.some(([, [was, now]]) => was !== now));
    });

    test('training to its goal, in a worker', async () => {
      await browser.goto(`${page.url}#train/copy?seed=1`);
      await until(browser, ({ isTrainable }) => isTrainable, 'nothing to train');
      await browser.click(id('slow-motion'));
      await browser.click(id('play'));
      const { step } = await until(browser, ({ news }) => news === 'goal', 'no goal', 300);
      assert.ok(step > 0);
    });

    test('the package’s worker computes what its main thread does', async () => {
      await browser.goto(`${packageFiles.url}LICENSES.txt`);
      const [here, there] = await browser.evaluate(
        `async (url) => {
          const [{ createRuntime }, { createWorkerRuntime }] = [await import(url + 'index.js'), await import(url + 'worker.js')];
          const config = { vocabSize: 50, dModel: 24, numLayers: 2, lmHead: true, attention: { numHeads: 3 } };
          const results = [];
          for (const rt of [await createRuntime(), await createWorkerRuntime()]) {
            const model = await rt.createModel(config, { seed: 5 });
            const { logits } = await model.forward({ inputIds: [1, 2, 3] });
            results.push(Array.from(logits.data));
            await rt.terminate?.();
          }
          return results;
        }`,
        packageFiles.url,
      );
      assert.equal(here.length, 150);
      assert.deepEqual(there, here);
    });
  });
