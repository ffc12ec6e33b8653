// Opens a page in Chromium, Firefox or WebKitGTK: { goto(url), evaluate(code, …args),
// click(selector), type(selector, text), close() }, the same for each.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { findChromium } from '../../scripts/lib/chromium.mjs';
import * as installed from '../../scripts/lib/engines.mjs';

/** Milliseconds for whatever a page is asked to do, training to a goal included. */
const patience = 120_000;

/** `code` is a function's source, so that one text runs in every engine; its result must be JSON. */
const call = (code, args) => `(${code})(...${JSON.stringify(args)})`;

async function openPuppeteer(options) {
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({
    headless: true,
    protocolTimeout: patience,
    defaultViewport: { width: 1280, height: 720 },
    ...options,
  });
  const page = await browser.newPage();
  return {
    goto: (url) => page.goto(url),
    evaluate: (code, ...args) => page.evaluate(call(code, args)),
    click: (selector) => page.click(selector),
    type: (selector, text) => page.type(selector, text),
    close: () => browser.close(),
  };
}

const openChromium = async () =>
  openPuppeteer({ executablePath: await findChromium(), args: ['--no-sandbox', '--disable-gpu'] });

const openFirefox = () =>
  openPuppeteer({ browser: 'firefox', executablePath: installed.firefox() });

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** A screen for a browser that has no headless mode; the X server itself finds a number that is free. */
async function openScreen() {
  const screen = spawn(
    'Xvfb',
    ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const [number] = await once(screen.stdout, 'data');
  return { display: `:${String(number).trim()}`, close: () => screen.kill() };
}

async function openWebKit() {
  const { driver, browser } = installed.webkit();
  const { Builder, By, Capabilities } = await import('selenium-webdriver');
  const port = await freePort();
  const screen = await openScreen();
  const server = spawn(driver, [`--port=${port}`], {
    stdio: 'ignore',
    // Its sandbox needs user namespaces, which containers and root do without.
    env: { ...process.env, DISPLAY: screen.display, WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' },
  });
  const end = () => {
    server.kill();
    screen.close();
  };
  try {
    let session;
    for (let attempts = 50; session === undefined; --attempts)
      try {
        session = await new Builder()
          .usingServer(`http://127.0.0.1:${port}`)
          .withCapabilities(
            new Capabilities({
              browserName: 'MiniBrowser',
              'webkitgtk:browserOptions': { binary: browser, args: ['--automation'] },
            }),
          )
          .build();
      } catch (error) {
        if (attempts === 0 || !/ECONNREFUSED/.test(String(error))) throw error;
        await wait(100);
      }
    await session.manage().setTimeouts({ script: patience });
    return {
      goto: (url) => session.get(url),
      async evaluate(code, ...args) {
        const [error, result] = await session.executeAsyncScript(
          `const done = arguments[0];
           (async () => ${call(code, args)})().then((result) => done([null, result]), (error) => done([String(error && error.stack || error)]));`,
        );
        if (error !== null) throw new Error(error);
        return result;
      },
      click: async (selector) => (await session.findElement(By.css(selector))).click(),
      type: async (selector, text) => (await session.findElement(By.css(selector))).sendKeys(text),
      async close() {
        await session.quit();
        end();
      },
    };
  } catch (error) {
    end();
    throw error;
  }
}

export const browsers = { Chromium: openChromium, Firefox: openFirefox, WebKitGTK: openWebKit };

/** What a test's options say where these engines cannot be had. */
export const options = installed.hasEngines()
  ? {}
  : { skip: 'Firefox and WebKitGTK are tried on Debian and Ubuntu for x86-64' };
