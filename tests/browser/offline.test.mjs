// The page without a network, with a full disk, and as it is updated: what was kept serves, and no download is lost.
import assert from 'node:assert/strict';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { eventually, openTab, shown, useLab } from './lab.mjs';
import { trainable } from './training-reading.mjs';

useLab();

/** A copy of the built page on a server of its own, and a tab of it with service workers. */
async function deployed(t, { options = {}, ...given } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'attention-lab-page-'));
  cpSync(paths.page, folder, { recursive: true });
  const host = await serve(folder, options);
  const tab = await openTab({ address: host.url, serviceWorkers: 'allow', ...given });
  t.after(async () => {
    await tab.close();
    await host.close().catch(() => {});
    rmSync(folder, { recursive: true });
  });
  return { folder, host, ...tab };
}

const cacheNames = (page) => page.evaluate(() => caches.keys());
const versionOf = (folder) =>
  /const version = "(\w+)"/.exec(readFileSync(join(folder, 'sw.js'), 'utf8'))[1];

/** The service worker of this version runs and has kept all that it means to. */
const isKept = (page, folder) =>
  eventually(page, async () => {
    const { controlled, keys } = await page.evaluate(async (version) => {
      const name = (await caches.keys()).find((each) => each.endsWith(` ${version}`));
      const requests = name ? await (await caches.open(name)).keys() : [];
      return {
        controlled: navigator.serviceWorker.controller !== null,
        keys: requests.map(({ url }) => new URL(url).pathname.slice(1)),
      };
    }, versionOf(folder));
    assert.ok(controlled);
    const rest = JSON.parse(
      /const rest = (\[.*\])/.exec(readFileSync(join(folder, 'sw.js'), 'utf8'))[1],
    );
    assert.deepEqual(
      rest.filter((file) => !keys.includes(file)),
      [],
    );
  });

/** The page is deployed anew: its service worker says another version. */
function deployAgain(folder, version) {
  const path = join(folder, 'sw.js');
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(/const version = "\w+"/, `const version = "${version}"`),
  );
}

/** The new version is fetched, and waits for the tabs of the one before it to close. */
async function updated(page, version) {
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await eventually(page, async () => {
    const state = await page.evaluate(
      async () => (await navigator.serviceWorker.getRegistration()).waiting?.state,
    );
    assert.equal(state, 'installed');
  });
  const names = await cacheNames(page);
  assert.ok(
    names.some((name) => name.endsWith(` ${version}`)),
    names.join(', '),
  );
}

/** A tab after the last one was closed. That may live on for a moment, and one that opens meanwhile is the old version's still. */
async function openUpdated(context, address) {
  for (let left = 5; ; left--) {
    const page = await context.newPage();
    await page.goto(address);
    const waits = await page.evaluate(
      async () => (await navigator.serviceWorker.getRegistration()).waiting !== null,
    );
    if (!waits || left === 0) return page;
    await page.close();
  }
}

test('every shipped model, and Train, without a network', async (t) => {
  const { page, context, folder, host } = await deployed(t);
  await isKept(page, folder);
  await host.close();
  await context.setOffline(true);
  const models = readdirSync(join(folder, 'models'));
  assert.equal(models.length, 8); // seven that the Lab opens, and Learn's recurrent network
  const answers = await page.evaluate(
    (names) =>
      Promise.all(
        names.flatMap((name) =>
          ['config.json', 'model.safetensors'].map(
            async (file) => (await fetch(`models/${name}/${file}`)).status,
          ),
        ),
      ),
    models,
  );
  assert.deepEqual(
    answers,
    answers.map(() => 200),
  );
  for (const chapter of ['dates', 'digits', 'before-attention', 'listings']) {
    await page.goto(`${host.url}#learn/${chapter}/1`);
    await page.reload();
    await page.locator('[data-testid="learn"][data-ready="true"]').waitFor();
  }
  await page.goto(`${host.url}#train=dates&seed=1`);
  await page.reload();
  await trainable(page);
  assert.match(await page.getByTestId('answer-shipped').innerText(), /^\d{4}-\d\d-\d\d$/);
});

test('an update deletes no downloaded model, and no other page’s cache', async (t) => {
  const { page, context, folder, host } = await deployed(t);
  const others = ['attention-lab-hub', 'attention-lab-page /elsewhere/ 0123', 'another'];
  await page.evaluate(async (names) => {
    for (const name of names)
      await (await caches.open(name)).put('https://attention-lab.invalid/key', new Response('x'));
    await caches.open('attention-lab-0123456789ab'); // what an earlier version of the page left
  }, others);
  await isKept(page, folder);
  deployAgain(folder, '000000000001');
  await updated(page, '000000000001');
  await page.close();
  const next = await openUpdated(context, host.url);
  const own = `attention-lab-page / 000000000001`;
  await eventually(next, async () =>
    assert.deepEqual((await cacheNames(next)).sort(), [...others, own].sort()),
  );
  await isKept(next, folder);
  const downloaded = await next.evaluate(async () =>
    (await (await caches.open('attention-lab-hub')).keys()).map(({ url }) => url),
  );
  assert.deepEqual(downloaded, ['https://attention-lab.invalid/key']);
});

test('tabs that are open through an update still open their other parts', async (t) => {
  const { page, context, folder, host, problems } = await deployed(t);
  await isKept(page, folder);
  const second = await context.newPage();
  await second.goto(host.url);
  // The new version's files have other names: the old ones are gone from the host.
  const assets = join(folder, 'assets');
  const old = readdirSync(assets).filter((name) => /^train/i.test(name));
  assert.ok(old.length > 1);
  for (const name of old) renameSync(join(assets, name), join(assets, `new-${name}`));
  deployAgain(folder, '000000000003');
  await updated(page, '000000000003');
  for (const tab of [page, second]) {
    await tab.getByTestId('room-train').click();
    await trainable(tab);
  }
  assert.deepEqual(problems, []);
});

test('a full disk: what the network gives is served all the same', async (t) => {
  const { page, context, host } = await deployed(t);
  const session = await context.newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', {
    origin: host.url.slice(0, -1),
    quotaSize: 1000,
  });
  await eventually(page, async () =>
    assert.ok(await page.evaluate(() => navigator.serviceWorker.controller !== null)),
  );
  const answers = await page.evaluate(() =>
    Promise.all(
      ['models/dates/config.json', 'icon.svg?new', 'models/sort/model.safetensors'].map((file) =>
        fetch(file).then(({ status }) => status, String),
      ),
    ),
  );
  assert.deepEqual(answers, [200, 200, 200]);
  await page.goto(`${host.url}#train=copy&seed=1`);
  await page.reload();
  await trainable(page);
});

test('a host out of order: the kept page opens', async (t) => {
  const { page, folder, host } = await deployed(t);
  await isKept(page, folder);
  const { port } = new URL(host.url);
  await host.close();
  const { createServer } = await import('node:http');
  const broken = createServer((_, response) => response.writeHead(503).end('down'));
  await new Promise((resolve) => broken.listen(Number(port), '127.0.0.1', resolve));
  t.after(() => broken.close());
  await page.reload();
  await page.getByTestId('room-train').click();
  await trainable(page);
});

test('where the browser refuses service workers and storage, the page works', async (t) => {
  const { page, problems } = await deployed(t, { serviceWorkers: 'block' });
  await shown(page); // a reload before that breaks off what is still being fetched
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'caches'])
      Object.defineProperty(globalThis, name, {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
  });
  await page.reload();
  await page.getByTestId('room-train').click();
  await trainable(page);
  assert.deepEqual(problems, []);
});

test('the page brings its policy along to a host that sets none', async (t) => {
  const { page } = await deployed(t, {
    options: { headers: { 'Content-Security-Policy': undefined } },
    serviceWorkers: 'block',
  });
  const blocked = page.evaluate(
    () =>
      new Promise((resolve) => {
        addEventListener('securitypolicyviolation', ({ violatedDirective }) =>
          resolve(violatedDirective),
        );
        const script = document.createElement('script');
        script.textContent = 'globalThis.wasInline = true';
        document.head.append(script);
      }),
  );
  assert.match(await blocked, /^script-src/);
  assert.equal(await page.evaluate(() => globalThis.wasInline), undefined);
});
