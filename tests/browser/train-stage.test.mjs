// Train as a show: all on one screen, slow enough to watch, a head that stays chosen, replay, a clip, and what to try next.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { eventually, openTab, useLab } from './lab.mjs';
import { text } from './reading.mjs';
import {
  inDrawer,
  newsKind,
  share,
  stepShown,
  trainable,
  trainingTest,
  trainSteps,
  trainToGoal,
} from './training-reading.mjs';

useLab();

const lessons = ['copy', 'sort', 'reverse', 'brackets', 'dates', 'digits', 'coreference'];

for (const [width, height] of [
  [1280, 720],
  [360, 640],
]) {
  for (const locale of ['en-GB', 'zh-CN']) {
    test(`${width} × ${height}, ${locale}: play, loss, accuracy and attention without scrolling`, async () => {
      const tab = await openTab({ hash: '#train', viewport: { width, height }, locale });
      const { page } = tab;
      try {
        for (const lesson of lessons) {
          await page.goto(`${new URL(page.url()).origin}/#train/${lesson}?seed=1`);
          await eventually(page, () => assert.match(page.url(), new RegExp(`train/${lesson}`)));
          await trainable(page);
          const { scroll, outside } = await page.evaluate(() => ({
            scroll: document.documentElement.scrollHeight - innerHeight,
            outside: [
              'play',
              'loss',
              'held-out',
              'training-cell',
              'head-0-0',
              'another',
              'answer-now',
            ].filter((id) => {
              const box = document.querySelector(`[data-testid="${id}"]`).getBoundingClientRect();
              return box.bottom > innerHeight || box.right > innerWidth || box.height === 0;
            }),
          }));
          assert.deepEqual(outside, [], lesson);
          assert.ok(scroll <= 0, `${lesson}: ${scroll} px more than the window`);
          const attention = await page
            .locator('[data-testid="attention"] canvas, [data-testid="attention"] svg')
            .first()
            .boundingBox();
          assert.ok(
            attention.height >= 60 && attention.width >= 60,
            `${lesson}: ${JSON.stringify(attention)}`,
          );
        }
        assert.deepEqual(tab.problems, []);
      } finally {
        await tab.close();
      }
    });
  }
}

trainingTest(
  'slow motion where a lesson would be over at once',
  { hash: '#train/reverse?seed=1' },
  async ({ page }) => {
    assert.ok(await page.getByTestId('slow-motion').isChecked());
    await page.getByTestId('play').click();
    await eventually(page, async () => assert.ok((await stepShown(page)) > 0));
    const [from, start] = [await stepShown(page), Date.now()];
    await page.waitForTimeout(2000);
    const pace = ((await stepShown(page)) - from) / ((Date.now() - start) / 1000);
    assert.ok(pace > 1 && pace < 12, `${pace} steps a second, where 6 are meant`);
    await page.getByTestId('slow-motion').uncheck();
    await page.locator('[data-testid="news"][data-kind="goal"]').waitFor();
    await inDrawer(page, 'settings', () => {});
    await page.getByTestId('lesson-coreference').click();
    await trainable(page);
  },
);

trainingTest(
  'charts that are empty say so, and no label of an axis is cut',
  {},
  async ({ page }) => {
    assert.equal(
      await page.getByTestId('curves').getByText('Starts with the first step').count(),
      2,
    );
    await trainSteps(page, 2);
    assert.equal(
      await page.getByTestId('curves').getByText('Starts with the first step').count(),
      0,
    );
  },
);

trainingTest(
  'a chosen head stays chosen: through training, its goal and a reset',
  { hash: '#train/reverse?seed=3' },
  async ({ page }) => {
    const chosen = () =>
      page.locator('[data-testid^="head-"][aria-current="true"]').getAttribute('data-testid');
    assert.equal(
      await page.getByTestId('follow').getAttribute('aria-pressed'),
      'true',
      'said, where it is not known beforehand',
    );
    await page.getByTestId('head-0-1').click();
    assert.equal(await page.getByTestId('follow').getAttribute('aria-pressed'), 'false');
    await trainToGoal(page);
    assert.equal(await chosen(), 'head-0-1');
    await page.getByTestId('reset-training').click();
    await page.getByTestId('random-weights').waitFor();
    await trainable(page);
    assert.equal(await chosen(), 'head-0-1');
  },
);

trainingTest(
  'after the goal: switch the head off, train on, another takes over; replay',
  { hash: '#train/reverse?seed=1' },
  async ({ page }) => {
    const { news, step } = await trainToGoal(page);
    assert.match(news, /Goal reached after/);
    await page.getByTestId('next-ablate').click();
    await page.locator('[data-testid="news"][data-kind="switched"]').waitFor();
    const off = await share(page, 'held-out');
    await page.getByTestId('next-train').click();
    await page.locator('[data-testid="news"][data-kind="goal"]').waitFor();
    assert.ok((await share(page, 'held-out')) > off);
    assert.match(await text(page, 'news'), /took over/);
    await page.getByTestId('next-replay').click();
    const seen = new Set();
    await eventually(page, async () => {
      seen.add(await stepShown(page));
      assert.equal(await newsKind(page), 'paused');
    });
    assert.ok(seen.size > 5, `${[...seen]}`);
    assert.ok((await stepShown(page)) > step);
  },
);

trainingTest(
  'a clip of attention forming is saved as a video',
  { hash: '#train/digits?seed=1' },
  async ({ page }) => {
    await trainSteps(page, 8);
    const file = await inDrawer(page, 'save', async (drawer) => {
      const [download] = await Promise.all([
        page.waitForEvent('download', { timeout: 60_000 }),
        drawer.getByTestId('save-clip').click(),
      ]);
      return download;
    });
    assert.match(file.suggestedFilename(), /^digits-attention\.(mp4|webm)$/);
    const bytes = await readFile(await file.path());
    assert.ok(bytes.length > 5000, `${bytes.length} bytes`);
    const isVideo =
      bytes.subarray(4, 8).toString() === 'ftyp' || bytes.readUInt32BE(0) === 0x1a45dfa3;
    assert.ok(isVideo, bytes.subarray(0, 12).toString('hex'));
  },
);

test('a browser that records no video says so', async () => {
  const tab = await openTab({ hash: '' });
  try {
    await tab.page.addInitScript(() => delete globalThis.MediaRecorder);
    await tab.page.goto(`${tab.page.url()}#train/copy?seed=1`);
    await tab.page.reload();
    await trainable(tab.page);
    await inDrawer(tab.page, 'save', async (drawer) => {
      assert.match(await drawer.innerText(), /cannot record video/);
      assert.equal(await drawer.getByTestId('save-clip').count(), 0);
    });
  } finally {
    await tab.close();
  }
});

trainingTest(
  'a link opens the pretrained model with a head off, ready to train on',
  { hash: '#train/reverse?start=shipped&off=blocks.0.attn~0' },
  async ({ page }) => {
    await page.locator('[data-testid="news"][data-kind="switched"]').waitFor();
    assert.match(
      await text(page, 'news'),
      /Layer 1 head 1 is off: accuracy on unseen examples went from 100/,
    );
    assert.equal(await page.getByTestId('on-0-0').isChecked(), false);
    await page.getByTestId('next-train').waitFor();
  },
);

test('trains in a sandboxed frame, which may not start workers', async (t) => {
  const host = await serve(paths.page, { headers: { 'Access-Control-Allow-Origin': '*' } });
  const outside = createServer((_, response) =>
    response
      .writeHead(200, { 'Content-Type': 'text/html' })
      .end(
        `<!doctype html><iframe sandbox="allow-scripts" width="1280" height="720" src="${host.url}#train/reverse?seed=1"></iframe>`,
      ),
  );
  await new Promise((resolve) => outside.listen(0, '127.0.0.1', resolve));
  t.after(async () => (outside.close(), host.close()));
  const tab = await openTab({ address: `http://127.0.0.1:${outside.address().port}/` });
  try {
    const frame = tab.page.frameLocator('iframe');
    await frame.locator('[data-testid="play"]:enabled').click();
    await eventually(tab.page, async () =>
      assert.ok(
        parseInt((await frame.getByTestId('step-count').innerText()).replace(/\D+/, ''), 10) > 2,
      ),
    );
    await frame.getByTestId('pause').click();
  } finally {
    await tab.close();
  }
});
