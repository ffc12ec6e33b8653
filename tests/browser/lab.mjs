// What the browser tests share: the built page served under its policy, a Chromium, a watch over everything that goes wrong.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { findChromium } from '../../scripts/lib/chromium.mjs';
import { paths } from '../../scripts/lib/paths.mjs';
import { serve } from '../../scripts/lib/serve.mjs';

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** For a machine that does much else at the same time: what is waited for takes milliseconds. */
const patience = 20_000;

let browser;
let server;

/** Starts the server and the browser before the tests of a file, and ends both after them. */
export function useLab() {
  before(async () => {
    server = await serve(paths.page);
    browser = await chromium.launch({ executablePath: await findChromium(), args });
  });
  after(async () => {
    await browser?.close();
    await server?.close();
  });
}

export const pageAddress = () => server.url;

/** Console errors, exceptions, violations of the policy, failed requests and requests elsewhere: none is allowed. */
export async function watch(page, origin) {
  const problems = [];
  page.on(
    'console',
    (message) => message.type() === 'error' && problems.push(`console: ${message.text()}`),
  );
  page.on('pageerror', (error) => problems.push(`exception: ${error.stack ?? error}`));
  page.on('requestfailed', (request) => {
    const error = request.failure()?.errorText;
    // The browser asks for the icon when it likes, and a reload drops that.
    if (error === 'net::ERR_ABORTED' && new URL(request.url()).pathname === '/icon.svg') return;
    problems.push(`request: ${request.url()} ${error}`);
  });
  page.on(
    'response',
    (response) =>
      response.status() >= 400 && problems.push(`response: ${response.url()} ${response.status()}`),
  );
  page.on('request', (request) => {
    if (!/^(blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin)
      problems.push(`elsewhere: ${request.url()}`);
  });
  await page.exposeFunction('reportViolation', (text) => problems.push(`policy: ${text}`));
  await page.addInitScript(() =>
    addEventListener('securitypolicyviolation', (event) =>
      globalThis.reportViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  return problems;
}

/**
 * A context of its own, with its page, watched. `init` runs in the page before its own scripts. `options` are Playwright's; service workers are off unless asked for.
 * Resolves to { page, context, problems, close }.
 */
export async function openTab({ address = server.url, hash = '#lab', init, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    colorScheme: 'light',
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
    ...options,
  });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  const problems = await watch(page, new URL(address).origin);
  if (init) await page.addInitScript(init);
  await page.goto(address + hash);
  return { page, context, problems, close: () => context.close() };
}

/** The first picture is there: words, a pattern, a prediction. */
export async function shown(page) {
  await page.getByTestId('token').first().waitFor();
  await page.getByTestId('prediction').waitFor();
}

/** A test on a page of its own, opened and shown; at its end nothing may have gone wrong in the page. */
export function pageTest(name, options, run) {
  test(name, async (t) => {
    const tab = await openTab(options);
    try {
      await shown(tab.page);
      await run(tab, t);
      assert.deepEqual(tab.problems, [], 'problems in the page');
    } finally {
      await tab.close();
    }
  });
}

/** Repeats `check` once a frame until it throws no more; its last error when patience ends. */
export async function eventually(page, check, longest = patience) {
  const end = Date.now() + longest;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
  }
}
