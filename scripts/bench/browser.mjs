// Measures in Chromium: puts the page and the contestants' files into build/bench, serves them and drives the browser.
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findChromium } from '../lib/chromium.mjs';
import { kernelsBenchPath } from '../lib/cpp.mjs';
import { paths } from '../lib/paths.mjs';
import { serve } from '../lib/serve.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = join(paths.build, 'bench');

async function makePage(variant) {
  const { build } = await import('esbuild');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(here, 'browser-page.mjs')],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    external: ['./dist/*', './ort/*'],
    logLevel: 'error',
  });
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><title>bench</title><script type="module" src="./page.js"></script>',
  );
  cpSync(paths.dist, join(folder, 'dist'), { recursive: true });
  copyFileSync(kernelsBenchPath(variant), join(folder, 'kernels.wasm'));
  const copy = (from, to, wanted) => {
    mkdirSync(join(folder, to));
    for (const name of readdirSync(from))
      if (wanted.test(name)) copyFileSync(join(from, name), join(folder, to, name));
  };
  copy(
    join(here, 'node_modules/onnxruntime-web/dist'),
    'ort',
    /^(ort\.wasm\.min\.mjs|ort-wasm-simd-threaded\.(mjs|wasm))$/,
  );
  copy(join(here, 'node_modules/@tensorflow/tfjs-backend-wasm/dist'), 'tfjs', /\.wasm$/);
}

export async function measureInBrowser(settings, report) {
  const { chromium } = await import('playwright-core');
  await makePage(settings.variant);
  const server = await serve(folder);
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    await page.exposeFunction('report', report);
    await page.goto(server.url);
    await page.waitForFunction(() => 'measureAll' in window);
    const result = await page.evaluate((given) => window.measureAll(given), settings);
    return { ...result, engine: `Chromium ${browser.version()}` };
  } finally {
    await browser.close();
    await server.close();
  }
}
