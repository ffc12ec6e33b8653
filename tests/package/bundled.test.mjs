// The installed package in a browser: bundled by Vite, served by Vite as it stands, and as plain modules, under a strict CSP.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { build, createServer } from 'vite';
import { findChromium } from '../../scripts/lib/chromium.mjs';
import { serve } from '../../scripts/lib/serve.mjs';
import { installPackage } from './install.mjs';

const main = `
  import { createRuntime } from 'attention-lab';
  import { createWorkerRuntime } from 'attention-lab/worker';
  const one = { data: Float32Array.of(2), dims: [1, 1] };
  const compute = async (rt) => (await rt.attention({ q: one, k: one, v: one })).output.data[0];
  try {
    const here = await createRuntime();
    const there = await createWorkerRuntime({ variant: 'simd128' });
    globalThis.result = { here: await compute(here), variant: here.variant, there: await compute(there) };
    there.dispose();
  } catch (error) {
    globalThis.result = { error: String(error.stack) };
  }
`;
const page = (script) =>
  `<!doctype html><html lang="en"><head><title>user</title><link rel="icon" href="data:,">${script}</head><body></body></html>`;
const expected = { here: 2, variant: 'relaxed', there: 2 };
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

describe('in a browser', () => {
  let installed;
  let browser;
  before(async () => {
    installed = installPackage();
    writeFileSync(join(installed.folder, 'main.js'), main);
    writeFileSync(
      join(installed.folder, 'index.html'),
      page('<script type="module" src="./main.js"></script>'),
    );
    browser = await chromium.launch({ executablePath: await findChromium(), args });
  });
  after(async () => {
    await browser?.close();
    installed?.remove();
  });

  async function resultOf(url) {
    const tab = await browser.newPage();
    const problems = [];
    tab.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    tab.on('pageerror', (error) => problems.push(String(error)));
    try {
      await tab.goto(url);
      const result = await tab
        .waitForFunction(() => globalThis.result, undefined, { timeout: 20_000 })
        .then((handle) => handle.jsonValue());
      assert.deepEqual(problems, []);
      return result;
    } finally {
      await tab.close();
    }
  }
  const served = async (folder) => {
    const server = await serve(folder);
    try {
      return await resultOf(server.url);
    } finally {
      await server.close();
    }
  };

  test("bundled by Vite, under script-src 'self' 'wasm-unsafe-eval'", async () => {
    const outDir = join(installed.folder, 'built');
    await build({
      root: installed.folder,
      configFile: false,
      logLevel: 'error',
      build: { outDir, target: 'es2022', assetsInlineLimit: 0 },
    });
    const assets = readdirSync(join(outDir, 'assets'));
    assert.equal(assets.filter((name) => name.endsWith('.wasm')).length, 2, assets.join(' '));
    for (const name of assets.filter((each) => each.endsWith('.js'))) {
      assert.doesNotMatch(readFileSync(join(outDir, 'assets', name), 'utf8'), /["']node:/, name);
    }
    assert.deepEqual(await served(outDir), expected);
  });

  test("by Vite's development server, which moves packages into a folder of its own", async () => {
    const server = await createServer({
      root: installed.folder,
      configFile: false,
      logLevel: 'silent',
      server: { port: 0, host: '127.0.0.1' },
      cacheDir: join(installed.folder, '.vite'),
    });
    try {
      await server.listen();
      assert.deepEqual(await resultOf(server.resolvedUrls.local[0]), expected);
    } finally {
      await server.close();
    }
  });

  test('as plain modules, without any bundler', async () => {
    const folder = join(installed.folder, 'plain');
    mkdirSync(folder);
    cpSync(join(installed.folder, 'node_modules/attention-lab/dist'), join(folder, 'lab'), {
      recursive: true,
    });
    writeFileSync(
      join(folder, 'main.js'),
      main
        .replace("'attention-lab'", "'./lab/index.js'")
        .replace("'attention-lab/worker'", "'./lab/worker.js'"),
    );
    writeFileSync(
      join(folder, 'index.html'),
      page('<script type="module" src="./main.js"></script>'),
    );
    assert.deepEqual(await served(folder), expected);
  });
});
