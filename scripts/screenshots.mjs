// Takes the pictures of docs/screenshots, and the one that posted links show, from the built page: `node scripts/screenshots.mjs [NAME…]`.
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from './lib/chromium.mjs';
import { paths } from './lib/paths.mjs';
import { serve } from './lib/serve.mjs';

const chosen = process.argv.slice(2);
const server = await serve(paths.page);
const browser = await chromium.launch({
  executablePath: await findChromium(),
  args: ['--no-sandbox', '--disable-gpu'],
});

/** A page of these options, shown, prepared, and taken from the top. */
async function take(name, { hash = '', width = 1280, height, folder, ...options }, prepare) {
  if (chosen.length > 0 && !chosen.includes(name)) return;
  const viewport = { width, height: Math.min(height, 1000) };
  const context = await browser.newContext({
    viewport,
    locale: 'en-GB',
    colorScheme: 'light',
    serviceWorkers: 'block',
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  await page.goto(server.url + hash);
  await prepare(page);
  await page.waitForTimeout(500);
  await page.screenshot({
    path: join(folder ?? join(paths.root, 'docs', 'screenshots'), `${name}.png`),
    fullPage: true,
    clip: { x: 0, y: 0, width, height },
  });
  await context.close();
}

const explored = (page) => page.getByTestId('causes-heads').waitFor();
/** The month is written: a look at its name is forbidden, and what that changes is shown. */
async function translated(page) {
  await page.getByTestId('causes-heads-cross').waitFor();
  await page.getByTestId('heatmap-cells').focus();
  for (const key of [
    'Home',
    'PageUp',
    ...Array(5).fill('ArrowDown'),
    ...Array(4).fill('ArrowRight'),
  ])
    await page.keyboard.press(key);
  await page.getByTestId('block-cell').click();
  await page.mouse.move(5, 5);
}

const goal = (page) => page.locator('[data-testid="news"][data-kind="goal"]').waitFor();

/** Trains to the goal, switches off the head with most attention on the answer, and trains on until another took over. */
async function trained(page) {
  await page.getByTestId('slow-motion').uncheck();
  await page.locator('[data-testid="play"]:enabled').click();
  await goal(page);
  const best = await page
    .locator('[data-testid^="head-"][aria-current="true"]')
    .getAttribute('data-testid');
  await page.getByTestId(best.replace('head-', 'on-')).uncheck();
  await page.locator('[data-testid="news"][data-kind="switched"]').waitFor();
  await page.locator('[data-testid="play"]:enabled').click();
  await goal(page);
  const [, layer, head] =
    /layer (\d+) head (\d+) took over/i.exec(await page.getByTestId('news').innerText()) ?? [];
  if (layer) await page.getByTestId(`head-${layer - 1}-${head - 1}`).click();
  await page.getByTestId('measure-importance').click();
  await page.locator('[data-testid^="importance-"]').first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
}

async function reversed(page) {
  await page.locator('[data-testid="play"]:enabled').waitFor();
  await page.getByTestId('slow-motion').uncheck();
  await page.getByTestId('view-weights').click();
  await page.getByTestId('play').click();
  await goal(page);
}

try {
  await take(
    'social',
    {
      hash: '#train/reverse?seed=1',
      width: 1200,
      height: 630,
      folder: join(paths.root, 'web', 'public'),
    },
    reversed,
  );
  await take('page', { height: 1270 }, explored);
  await take('page-dark-zh', { height: 1270, colorScheme: 'dark', locale: 'zh-CN' }, explored);
  await take('page-360', { width: 360, height: 1400, deviceScaleFactor: 2 }, explored);
  await take('translator', { hash: '#model=dates&text=20+nov+2026', height: 1270 }, translated);
  await take('train', { hash: '#train/copy', height: 720 }, trained);
  await take(
    'train-360',
    { hash: '#train/copy', width: 360, height: 640, deviceScaleFactor: 2 },
    trained,
  );
} finally {
  await browser.close();
  await server.close();
}
