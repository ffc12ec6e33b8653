// Models of a hub in a browser: the package's downloads in Cache Storage, and the page's field for an id.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { container, tensorShapes, weights, config } from '../js/checkpoint.mjs';
import { serveHub } from '../js/hub.mjs';
import { openTab, shown, useLab } from './lab.mjs';
import { text, tokens } from './reading.mjs';

const golden = join(paths.root, 'tests', 'golden', 'checkpoints', 'mlm_gelu');
const files = Object.fromEntries(
  readdirSync(golden).map((name) => [name, readFileSync(join(golden, name))]),
);
const repo = 'lab/mlm';

useLab();

test('the package: kept in Cache Storage, resumed after a cancel, served without a network', async (t) => {
  const large = { ...config, vocab_size: 70_000 };
  const model = {
    'config.json': JSON.stringify(large),
    'model.safetensors': container(weights(tensorShapes(large))),
  };
  const hub = await serveHub({ [repo]: { main: model } });
  const dist = await serve(paths.dist);
  t.after(async () => (await hub.close(), dist.close()));
  const { page, close } = await openTab({ address: `${dist.url}index.js`, bypassCSP: true });
  const run = (task, given = {}) =>
    page.evaluate(
      async ([source, hubUrl, id, options]) => {
        const { createWorkerRuntime } = await import('/worker.js');
        const { createRuntime } = await import('/index.js');
        globalThis.rt ??= await createRuntime();
        globalThis.worker ??= await createWorkerRuntime();
        const load = async (runtime, others) => {
          const loaded = await runtime.loadModel(id, { hub: hubUrl, ...others });
          const sum = (await loaded.parameter('embed.token.weight')).data.reduce(
            (a, b) => a + b,
            0,
          );
          loaded.dispose();
          return sum;
        };
        return (0, eval)(`(${source})`)({
          rt: globalThis.rt,
          worker: globalThis.worker,
          load,
          options,
        });
      },
      [String(task), hub.url, repo, given],
    );

  hub.fault = ({ file }) =>
    file === 'model.safetensors' ? { cut: 1_200_000, stall: true } : undefined;
  const code = await run(async ({ rt, load }) => {
    const controller = new AbortController();
    const onProgress = ({ file, loaded }) =>
      file === 'model.safetensors' && loaded > 1_000_000 && controller.abort();
    return load(rt, { onProgress, signal: controller.signal }).then(String, (error) => error.code);
  });
  assert.equal(code, 'aborted');
  hub.fault = () => undefined;
  hub.requests.length = 0;
  const sum = await run(({ rt, load }) => load(rt));
  const [request] = hub.requests.filter(({ file }) => file === 'model.safetensors');
  assert.match(request.range, /^bytes=1\d{6}-$/);
  assert.equal(
    request.sent,
    model['model.safetensors'].length - Number(request.range.slice(6, -1)),
  );
  const listed = await run(({ rt }) => rt.listCache());
  assert.deepEqual(
    listed.map(({ repo: name, complete }) => [name, complete]),
    [[repo, true]],
  );
  assert.equal(await run(({ worker, load }) => load(worker)), sum);
  const { url } = hub;
  await hub.close();
  await page.reload();
  hub.url = url;
  assert.equal(await run(({ rt, load }) => load(rt)), sum);
  assert.equal(await run(({ worker, load }) => load(worker, { revision: 'main' })), sum);
  await run(({ worker }) => worker.clearCache());
  assert.deepEqual(await run(({ rt }) => rt.listCache()), []);
  assert.equal(
    await run(({ rt, load }) => load(rt).then(String, (error) => error.code)),
    'network',
  );
  await close();
});

/** The page, with the hub answered by `answer(file)`: bytes, a status, or a promise of them. */
async function withHub(answer, use) {
  const { page, context, problems, close } = await openTab();
  const asked = [];
  await context.route('https://huggingface.co/**', async (route) => {
    const [, id, revision, file] =
      /^https:\/\/huggingface\.co\/(.+\/.+)\/resolve\/(.+)\/(.+)$/.exec(route.request().url());
    asked.push({ id, revision, file });
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
    await shown(page);
    await use({ page, asked });
    const others = problems.filter(
      (problem) => !/huggingface\.co|status of 40|ERR_INTERNET/.test(problem),
    );
    assert.deepEqual(others, [], 'problems in the page');
  } finally {
    await close();
  }
}

async function download(page, id) {
  await page.getByTestId('hub-id').fill(id);
  await page.getByRole('button', { name: 'Download' }).click();
}
const opened = (page) => page.getByTestId('open-model').filter({ hasText: repo }).waitFor();

test('the page: an id opens the model, and without a network it opens again', async () => {
  let isOnline = true;
  await withHub(
    (file) => (isOnline ? files[file] : 'offline'),
    async ({ page, asked }) => {
      assert.deepEqual(asked, [], 'nothing is asked of the hub before an id is');
      await download(page, repo);
      await opened(page);
      assert.deepEqual([asked[0].id, asked[0].revision], [repo, 'main']);
      isOnline = false;
      await page.reload();
      await shown(page);
      await download(page, repo);
      await opened(page);
      await page.getByRole('textbox', { name: 'Sentence', exact: true }).fill('the cat sat');
      await page.getByTestId('token').first().waitFor();
      assert.ok((await tokens(page)).length > 0);
    },
  );
});

test('the page: a download can be stopped, and the model before stays', async () => {
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await withHub(
    (file) => (file === 'model.safetensors' ? held : files[file]),
    async ({ page }) => {
      const before = await text(page, 'open-model');
      await download(page, repo);
      await page.getByTestId('hub-cancel').click();
      await page.getByTestId('hub-cancel').waitFor({ state: 'detached' });
      assert.equal(await text(page, 'open-model'), before);
      assert.equal(await page.getByTestId('checkpoint-error').count(), 0);
      release(404);
    },
  );
});

test('the page: what the hub refuses is said with what to do', async () => {
  await withHub(
    () => 401,
    async ({ page }) => {
      await download(page, 'lab/private');
      const said = await page.getByTestId('checkpoint-error').innerText();
      assert.match(said, /lab\/private is private, gated or not there \(status 401\)/);
      assert.match(said, /Check the id/);
    },
  );
});
