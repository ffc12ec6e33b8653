// An abort ends what the package’s worker computes, in three browser engines: by shared memory, or by the address of a blob where a
// page has none. Where it may not read blobs either, the caller at least is answered at once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { contentSecurityPolicy } from '../../scripts/lib/policy.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { browsers, options } from './engines.mjs';

/** In the page: milliseconds of a whole pass, from an abort to its rejection, and to the answer of the next call. */
const measure = `async (url) => {
  const { createWorkerRuntime } = await import(url + 'worker.js');
  const rt = await createWorkerRuntime();
  const model = await rt.createModel({ vocabSize: 50, dModel: 64, numLayers: 4, positions: 'alibi', attention: { numHeads: 4 } });
  const inputIds = Array.from({ length: 5000 }, (_, t) => t % 50);
  const run = (signal) => model.forward({ inputIds }, {}, { signal });
  const start = performance.now();
  await run(new AbortController().signal);
  const whole = performance.now() - start;
  const controller = new AbortController();
  const aborted = run(controller.signal).then(() => 'done', (error) => error.code);
  await new Promise((resolve) => setTimeout(resolve, whole / 10));
  const abort = performance.now();
  controller.abort();
  const outcome = await aborted;
  const rejected = performance.now() - abort;
  await model.forward({ inputIds: [1] });
  const free = performance.now() - abort;
  rt.dispose();
  return { outcome, whole, rejected, free, isolated: crossOriginIsolated === true };
}`;

const pages = {
  'a page that shares memory with its worker': {
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
    endsAtOnce: true,
  },
  'a page that shares none': { headers: {}, endsAtOnce: true },
  'a page that shares none and may not read blobs': {
    headers: { 'Content-Security-Policy': contentSecurityPolicy.replace(' blob: https', ' https') },
    endsAtOnce: false,
  },
};

for (const [name, open] of Object.entries(browsers))
  describe(name, options, () => {
    let browser;
    before(async () => (browser = await open()));
    after(() => browser?.close());

    for (const [title, { headers, endsAtOnce }] of Object.entries(pages))
      test(title, async (t) => {
        const { url, close } = await serve(paths.dist, { headers });
        try {
          await browser.goto(`${url}LICENSES.txt`);
          const seen = await browser.evaluate(measure, url);
          const { outcome, whole, rejected, free, isolated } = seen;
          const text = JSON.stringify(seen);
          t.diagnostic(text);
          assert.equal(outcome, 'aborted');
          assert.equal(isolated, 'Cross-Origin-Opener-Policy' in headers);
          assert.ok(rejected < whole / 4, text);
          if (endsAtOnce) assert.ok(free < whole / 2, text);
        } finally {
          await close();
        }
      });
  });
