// The first visit: what it fetches, what it shows before anybody touches it, and that it needs no network again.
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { eventually, openTab, pageAddress, pageTest, shown, useLab } from './lab.mjs';
import { best, exported, predictions, text, tokens } from './reading.mjs';
import { assertSamePass, loadModel, run } from './expected.mjs';

const megabyte = 1e6;
/** Until there is something to see. */
const firstAttention = 450e3;

/** Passes everything on to the page's server and counts what comes back: headers, service worker and all. */
async function countingProxy() {
  const target = Number(new URL(pageAddress()).port);
  const counted = { bytes: 0, chunks: [] };
  const proxy = createServer((client) => {
    const server = connect(target, '127.0.0.1');
    server.on('data', ({ length }) => {
      counted.bytes += length;
      counted.chunks.push([Date.now(), length]);
    });
    client.pipe(server).pipe(client);
    for (const socket of [client, server])
      socket.on('error', () => (client.destroy(), server.destroy()));
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    counted,
    address: `http://localhost:${proxy.address().port}/`,
    close: () => proxy.close(),
  };
}

/** Runs in the page. */
function askToSaveData() {
  Object.defineProperty(navigator, 'connection', { value: { saveData: true } });
}

/** Runs in the page: notes when the first attention is there, however late whoever drives the browser hears of it. */
function noteFirstAttention() {
  const observer = new MutationObserver(() => {
    if (!document.querySelector('[data-testid="learn"][data-ready="true"]')) return;
    window.firstAttention = { after: performance.now(), at: Date.now() };
    observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true });
}

/** The service worker has everything that this visit used. */
const keptForOffline = (page) =>
  eventually(page, async () => {
    const { needed, kept, isControlled } = await page.evaluate(async () => {
      const names = await caches.keys();
      const requests = (
        await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
      ).flat();
      const used = performance
        .getEntriesByType('resource')
        .map(({ name }) => new URL(name).pathname);
      return {
        needed: [...used.filter((path) => !path.endsWith('/sw.js')), location.pathname],
        kept: requests.map(({ url }) => new URL(url).pathname),
        isControlled: navigator.serviceWorker.controller !== null,
      };
    });
    assert.ok(needed.length > 1);
    assert.deepEqual(
      needed.filter((path) => !kept.includes(path)),
      [],
    );
    assert.ok(isControlled, 'the service worker has taken over');
  });

useLab();

test('weighs at most 1 MB, its service worker included', async (t) => {
  const proxy = await countingProxy();
  const tab = await openTab({
    address: proxy.address,
    hash: '',
    serviceWorkers: 'allow',
    init: noteFirstAttention,
  });
  try {
    await tab.page.locator('[data-testid="learn"][data-ready="true"]').waitFor();
    const { after, at } = await tab.page.evaluate(() => window.firstAttention);
    const until = proxy.counted.chunks
      .filter(([time]) => time <= at)
      .reduce((sum, [, length]) => sum + length, 0);
    await keptForOffline(tab.page);
    t.diagnostic(
      `first visit: ${proxy.counted.bytes} bytes, ${until} of them until the first attention after about ${Math.round(after)} ms`,
    );
    assert.ok(until > 100_000, `${until} bytes: the proxy counted nothing`);
    assert.ok(until <= firstAttention, `${until} bytes until the first attention`);
    assert.ok(proxy.counted.bytes <= megabyte, `${proxy.counted.bytes} bytes`);
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
    proxy.close();
  }
});

pageTest('shows a strong arc and the right word with no interaction', {}, async ({ page }) => {
  assert.equal(await best(page), 'animal');
  assert.ok((await predictions(page)).get('animal').after > 90);
  const words = await tokens(page);
  const arcs = page.getByTestId('arc');
  const strokes = await arcs.evaluateAll((all) =>
    all.map((arc) => ({
      query: +arc.dataset.query,
      key: +arc.dataset.key,
      width: Math.max(
        ...[...arc.querySelectorAll('path')].map((path) =>
          Number(path.getAttribute('stroke-width')),
        ),
      ),
      box: arc.getBoundingClientRect().toJSON(),
    })),
  );
  const strongest = strokes.toSorted((a, b) => b.width - a.width)[0];
  assert.equal(words[strongest.query], '[MASK]');
  assert.equal(words[strongest.key], 'animal');
  assert.ok(strongest.width >= 4, `stroke ${strongest.width}`);
  assert.ok(
    strongest.box.top >= 0 && strongest.box.bottom <= 900 && strongest.box.width > 50,
    'on the first screen',
  );
  assert.match(await text(page, 'summary'), /^\[MASK\] attends to animal \d+%/);
});

pageTest('computes what the package computes', {}, async ({ page }) => {
  const model = await loadModel();
  const before = await page.getByRole('textbox').first().inputValue();
  assertSamePass(await exported(page), run(model, before));
});

pageTest('the watch over the page sees what goes wrong in it', {}, async ({ page, problems }) => {
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.wasInline = true';
    document.head.append(script);
    console.error('said');
    setTimeout(() => {
      throw new Error('thrown');
    });
    void fetch('nowhere.json');
    void fetch('https://elsewhere.invalid/').catch(() => {});
  });
  await eventually(page, () => {
    for (const kind of [
      /^policy: script-src/,
      /^console: said/,
      /^exception: .*thrown/,
      /^response: .*nowhere\.json 404/,
      /^policy: .*elsewhere/,
    ]) {
      assert.ok(
        problems.some((problem) => kind.test(problem)),
        `${kind} not in ${problems.join('\n')}`,
      );
    }
  });
  assert.equal(await page.evaluate(() => globalThis.wasInline), undefined);
  problems.length = 0;
});

for (const saveData of [false, true]) {
  test(`what only other parts of the page need is ${saveData ? 'not fetched for a reader who saves data' : 'fetched after the first picture'}`, async () => {
    const sent = [];
    const own = await serve(paths.page, { onSent: ({ path }) => sent.push(path) });
    const tab = await openTab({
      address: own.url,
      serviceWorkers: 'allow',
      init: saveData ? askToSaveData : undefined,
    });
    const others = () => sent.filter((path) => /Train|Seq2Seq|Picture|worker/.test(path));
    try {
      await shown(tab.page);
      const before = others();
      await keptForOffline(tab.page);
      await eventually(tab.page, async () =>
        assert.ok(saveData || others().length >= 4, sent.join(' ')),
      );
      assert.deepEqual(before, []);
      if (saveData) assert.deepEqual(others(), []);
      assert.deepEqual(tab.problems, []);
    } finally {
      await tab.close();
      await own.close();
    }
  });
}

test('works without a network after the first visit', async () => {
  const own = await serve(paths.page);
  const tab = await openTab({ address: own.url, serviceWorkers: 'allow' });
  const { page, context } = tab;
  try {
    await shown(page);
    await keptForOffline(page);
    assert.deepEqual(tab.problems, []);
    await own.close();
    await context.setOffline(true);
    await page.reload();
    await shown(page);
    assert.equal(await best(page), 'animal');
    await page.getByRole('textbox').first().press('End');
    await page.keyboard.type(' and');
    await eventually(page, async () => assert.equal((await tokens(page)).at(-2), 'and'));
    await page.getByTestId('language-zh').click();
    await eventually(page, async () =>
      assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans'),
    );
    assert.deepEqual(tab.problems, []);
  } finally {
    await tab.close();
    await own.close().catch(() => {});
  }
});
