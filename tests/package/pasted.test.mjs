// The packed package where a web developer would paste it, with the tools that the repository has anyway: esbuild, Vite, none.
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';
import { serve } from '../../scripts/lib/serve.mjs';
import { installPackage } from './install.mjs';
import {
  createProject,
  main,
  openBrowser,
  page,
  resultAt,
  resultOf,
} from '../consumers/project.mjs';

const both = { here: 'animal 0.96', there: 'animal 0.96' };
const withModule = page('<script type="module" src="main.js"></script>');
/** What no host of ours forbids: these consumers bring their own policy, or none. */
const noPolicy = { 'Content-Security-Policy': undefined };

describe('the package, pasted', () => {
  let installed;
  let browser;
  const projects = [];
  const project = (files) => {
    const made = createProject(installed, files);
    projects.push(made);
    return made.folder;
  };
  before(async () => {
    installed = installPackage();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    for (const each of projects) each.remove();
    installed?.remove();
  });

  const bundled = async (options, html = withModule) => {
    const folder = project({ 'main.js': main });
    const out = join(folder, 'out');
    mkdirSync(out);
    await build({
      absWorkingDir: folder,
      entryPoints: ['main.js'],
      bundle: true,
      logLevel: 'silent',
      ...options(out),
    });
    writeFileSync(join(out, 'index.html'), html);
    return out;
  };

  for (const minify of [false, true])
    test(`esbuild, one file of modules${minify ? ', minified' : ''}`, async () => {
      const out = await bundled((to) => ({ format: 'esm', minify, outfile: join(to, 'main.js') }));
      assert.deepEqual(await resultOf(browser, out, { headers: noPolicy }), both);
    });

  test('esbuild, code splitting', async () => {
    const out = await bundled((to) => ({ format: 'esm', splitting: true, outdir: to }));
    assert.deepEqual(await resultOf(browser, out, { headers: noPolicy }), both);
  });

  test('esbuild, iife', async () => {
    const out = await bundled(
      (to) => ({ format: 'iife', outfile: join(to, 'main.js') }),
      page('<script defer src="main.js"></script>'),
    );
    assert.deepEqual(await resultOf(browser, out, { headers: noPolicy }), both);
  });

  test('a service worker, with attention-lab/inline', async () => {
    const folder = project();
    cpSync(join(folder, 'node_modules/attention-lab/dist'), join(folder, 'lab'), {
      recursive: true,
    });
    writeFileSync(
      join(folder, 'sw.js'),
      `import { AttentionLabError, createRuntime, createWorkerRuntime } from './lab/inline.js';
      addEventListener('install', () => skipWaiting());
      addEventListener('activate', (event) => event.waitUntil(clients.claim()));
      addEventListener('message', async ({ source }) => {
        try {
          const rt = await createRuntime();
          const model = await rt.loadModel(new URL('coreference', location.href));
          const refused = await createWorkerRuntime().catch((error) => error);
          source.postMessage({
            tokens: model.encode('the cat').tokens.length,
            refused: refused instanceof AttentionLabError && refused.code,
          });
        } catch (error) {
          source.postMessage({ error: String(error) });
        }
      });`,
    );
    writeFileSync(
      join(folder, 'main.js'),
      `navigator.serviceWorker.onmessage = ({ data }) => (globalThis.result = data);
      await navigator.serviceWorker.register('sw.js', { type: 'module' });
      (await navigator.serviceWorker.ready).active.postMessage('go');`,
    );
    writeFileSync(join(folder, 'index.html'), withModule);
    assert.deepEqual(await resultOf(browser, folder, { headers: noPolicy }), {
      tokens: 4,
      refused: 'unsupported_engine',
    });
  });

  test('files of another origin, as of a CDN, by an import map', async () => {
    const folder = project();
    const cdn = await serve(join(folder, 'node_modules/attention-lab/dist'), {
      headers: { 'Access-Control-Allow-Origin': '*', ...noPolicy },
    });
    try {
      const imports = {
        'attention-lab': `${cdn.url}index.js`,
        'attention-lab/worker': `${cdn.url}worker.js`,
      };
      const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
      writeFileSync(
        join(folder, 'index.html'),
        page(`${map}<script type="module" src="main.js"></script>`),
      );
      writeFileSync(join(folder, 'main.js'), main);
      assert.deepEqual(await resultOf(browser, folder, { headers: noPolicy }), both);
    } finally {
      await cdn.close();
    }
  });

  test('a sandboxed frame without an origin', async () => {
    const out = await bundled((to) => ({ format: 'esm', outfile: join(to, 'main.js') }));
    writeFileSync(
      join(out, 'frame.html'),
      page(
        `<script>addEventListener('message', ({ data }) => (globalThis.result = data));</script>`,
      ).replace('</body>', '<iframe sandbox="allow-scripts" src="index.html"></iframe></body>'),
    );
    writeFileSync(
      join(out, 'main.js'),
      `${readFileSync(join(out, 'main.js'), 'utf8')}
      const waiting = setInterval(() => {
        if (!globalThis.result) return;
        clearInterval(waiting);
        parent.postMessage(globalThis.result, '*');
      }, 20);`,
    );
    const headers = { ...noPolicy, 'Access-Control-Allow-Origin': '*' };
    assert.deepEqual(await resultOf(browser, out, { headers, path: 'frame.html' }), both);
  });

  test('a strict policy with Trusted Types, and the files in their places', async () => {
    const folder = project({ 'main.js': main });
    const imports = {
      'attention-lab': './lab/index.js',
      'attention-lab/worker': './lab/worker.js',
    };
    cpSync(join(folder, 'node_modules/attention-lab/dist'), join(folder, 'lab'), {
      recursive: true,
    });
    for (const name of ['main.js', 'probe.js']) {
      const text = readFileSync(join(folder, name), 'utf8');
      writeFileSync(
        join(folder, name),
        text.replace(
          /'(attention-lab(?:\/worker)?)'/g,
          (_, specifier) => `'${imports[specifier]}'`,
        ),
      );
    }
    writeFileSync(join(folder, 'index.html'), withModule);
    const policy =
      "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'; trusted-types attention-lab; img-src data:";
    const headers = { 'Content-Security-Policy': policy };
    assert.deepEqual(await resultOf(browser, folder, { headers }), both);
  });

  test('a file opened from the disk: attention-lab/inline, bundled as a classic script', async () => {
    const folder = project({
      'main.js': `import { createRuntime } from 'attention-lab/inline';
      const one = { data: Float32Array.of(2), dims: [1, 1] };
      createRuntime().then(
        (rt) => (globalThis.result = { value: rt.attention({ q: one, k: one, v: one }).output.data[0] }),
        (error) => (globalThis.result = { error: String(error) }),
      );`,
      'index.html': page('<script defer src="out.js"></script>'),
    });
    await build({
      absWorkingDir: folder,
      entryPoints: ['main.js'],
      bundle: true,
      format: 'iife',
      outfile: 'out.js',
      logLevel: 'silent',
    });
    const url = pathToFileURL(join(folder, 'index.html')).href;
    assert.deepEqual(await resultAt(browser, url), { value: 2 });
  });

  test('a worker of the caller, and one that never comes up', async () => {
    const folder = project();
    cpSync(join(folder, 'node_modules/attention-lab/dist'), join(folder, 'lab'), {
      recursive: true,
    });
    writeFileSync(
      join(folder, 'main.js'),
      `import { createWorkerRuntime, AttentionLabError } from './lab/worker.js';
      const worker = () => new Worker('lab/worker-entry.js', { type: 'module' });
      const rt = await createWorkerRuntime({ worker });
      const lost = await createWorkerRuntime({
        worker: () => new Worker('nowhere.js', { type: 'module' }),
      }).catch((error) => error);
      const wrong = await createWorkerRuntime({ worker: 5 }).catch((error) => error);
      globalThis.result = { variant: rt.variant, lost: lost.code, wrong: wrong.code };`,
    );
    writeFileSync(join(folder, 'index.html'), withModule);
    assert.deepEqual(await resultOf(browser, folder, { headers: noPolicy }), {
      variant: 'relaxed',
      lost: 'worker_failed',
      wrong: 'invalid_argument',
    });
  });
});
