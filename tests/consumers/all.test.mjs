// npm run test:consumers: the packed package in every bundler, framework, engine and type checker that tests/consumers installs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { installPackage, run } from '../package/install.mjs';
import {
  checkpoint,
  createProject,
  main,
  openBrowser,
  page,
  resultAt,
  resultOf,
  root,
  tools,
} from './project.mjs';

const both = { here: 'animal 0.96', there: 'animal 0.96' };
const withModule = page('<script type="module" src="/main.js"></script>');
const noPolicy = { headers: { 'Content-Security-Policy': undefined } };
const from = async (name) => import(pathToFileURL(join(tools, name)));
const nodeScript = `import { probe } from './probe.js';
probe(${JSON.stringify(checkpoint)}).then((result) => { console.log(JSON.stringify(result)); });`;

describe('consumers', () => {
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

  for (const version of ['vite5', 'vite6', 'vite7']) {
    test(`${version}, development server`, async () => {
      const folder = project({ 'main.js': main, 'index.html': withModule });
      cpSync(checkpoint, join(folder, 'public/coreference'), { recursive: true });
      const { createServer } = await from(`${version}/dist/node/index.js`);
      const server = await createServer({
        root: folder,
        configFile: false,
        logLevel: 'silent',
        cacheDir: join(folder, '.vite'),
        server: { port: 0, host: '127.0.0.1' },
      });
      try {
        await server.listen();
        assert.deepEqual(await resultAt(browser, server.resolvedUrls.local[0]), both);
      } finally {
        await server.close();
      }
    });

    test(`${version}, build`, async () => {
      const folder = project({ 'main.js': main, 'index.html': withModule });
      const { build } = await from(`${version}/dist/node/index.js`);
      await build({ root: folder, configFile: false, logLevel: 'silent', base: './' });
      assert.deepEqual(await resultOf(browser, join(folder, 'dist'), noPolicy), both);
    });
  }

  for (const assets of [false, true])
    test(`Rollup${assets ? ', with a plugin for assets' : ''}`, async () => {
      const folder = project({ 'main.js': main });
      const { rollup } = await from('rollup/dist/es/rollup.js');
      const { default: resolve } = await from('@rollup/plugin-node-resolve/dist/es/index.js');
      const plugins = [resolve({ browser: true })];
      if (assets) {
        const { importMetaAssets } = await from('@web/rollup-plugin-import-meta-assets/index.mjs');
        plugins.push(importMetaAssets());
      }
      const bundle = await rollup({ input: join(folder, 'main.js'), plugins, onLog() {} });
      const out = join(folder, 'out');
      await bundle.write({ dir: out, format: 'es' });
      writeFileSync(join(out, 'index.html'), page('<script type="module" src="main.js"></script>'));
      assert.deepEqual(await resultOf(browser, out, noPolicy), both);
    });

  test('Parcel', async () => {
    const folder = project({
      'main.js': main,
      'index.html': page('<script type="module" src="main.js"></script>'),
    });
    const args = ['build', 'index.html', '--dist-dir', 'out', '--public-url', './', '--no-cache'];
    run(process.execPath, [join(tools, 'parcel/lib/bin.js'), ...args], { cwd: folder });
    assert.deepEqual(await resultOf(browser, join(folder, 'out'), noPolicy), both);
  });

  for (const bundlerName of ['webpack', 'turbopack'])
    test(`Next with ${bundlerName}: a page and a route handler`, async () => {
      const folder = project({
        'package.json': JSON.stringify({ name: 'next-consumer', private: true, type: 'module' }),
        'app/layout.js':
          'export default function Layout({ children }) { return <html lang="en"><body>{children}</body></html>; }',
        'app/page.js': `'use client';
          import { useEffect } from 'react';
          import { probe } from '../probe.js';
          export default function Page() {
            useEffect(() => { probe('/coreference').then((result) => (globalThis.result = result)); }, []);
            return <p>attention</p>;
          }`,
        'app/api/route.js': `import { probe } from '../../probe.js';
          export const dynamic = 'force-dynamic';
          export async function GET() { return Response.json(await probe(${JSON.stringify(checkpoint)})); }`,
      });
      cpSync(checkpoint, join(folder, 'public/coreference'), { recursive: true });
      const bin = join(tools, 'next/dist/bin/next');
      const env = { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' };
      run(process.execPath, [bin, 'build', `--${bundlerName}`], {
        cwd: folder,
        env,
        timeout: 400_000,
      });
      const server = spawn(process.execPath, [bin, 'start', '--port', '0'], {
        cwd: folder,
        env: { ...process.env, ...env, NODE_OPTIONS: '' },
      });
      try {
        const url = await addressIn(server);
        assert.deepEqual(await resultAt(browser, url), both, 'the page');
        assert.deepEqual(await (await fetch(`${url}/api`)).json(), both, 'the route handler');
      } finally {
        server.kill();
      }
    });

  const bun = join(tools, '@oven/bun-linux-x64/bin/bun');
  const engines = {
    'Node, modules': () => [process.execPath, 'main.js'],
    'Bun, as it is': () => [bun, 'main.js'],
    'Deno, as it is': () => [
      join(tools, '.bin/deno'),
      'run',
      '--allow-all',
      '--no-lock',
      'main.js',
    ],
  };
  for (const [name, command] of Object.entries(engines))
    test(name, () => {
      const folder = project({ 'main.js': nodeScript });
      const [program, ...args] = command();
      const output = run(program, args, { cwd: folder });
      assert.deepEqual(JSON.parse(output.trim().split('\n').at(-1)), both);
    });

  test('Node, required from CommonJS', () => {
    const folder = project({
      'package.json': '{ "private": true }',
      'main.cjs': `import('./probe.mjs').then(({ probe }) => probe(${JSON.stringify(checkpoint)})).then((r) => console.log(JSON.stringify(r)));`,
    });
    cpSync(join(folder, 'probe.js'), join(folder, 'probe.mjs'));
    const output = run(process.execPath, ['main.cjs'], { cwd: folder });
    assert.deepEqual(JSON.parse(output.trim().split('\n').at(-1)), both);
  });

  test('Bun, bundled for a browser', async () => {
    const folder = project({ 'main.js': main });
    run(bun, ['build', 'main.js', '--outdir', 'out', '--target', 'browser'], {
      cwd: folder,
    });
    const out = join(folder, 'out');
    writeFileSync(join(out, 'index.html'), page('<script type="module" src="main.js"></script>'));
    assert.deepEqual(await resultOf(browser, out, noPolicy), both);
  });

  for (const [name, args] of Object.entries({
    vitest: ['vitest/vitest.mjs', 'run'],
    jest: ['jest/bin/jest.js'],
  }))
    test(name, () => {
      const isJest = name === 'jest';
      const folder = project({
        'lab.test.js': `${isJest ? '' : "import { expect, test } from 'vitest';\n"}import { probe } from './probe.js';
        test('attention', async () => {
          expect(await probe(${JSON.stringify(checkpoint)})).toEqual(${JSON.stringify(both)});
        }, 60000);`,
        'package.json': JSON.stringify({ private: true, type: 'module', jest: { transform: {} } }),
      });
      const flags = isJest ? ['--experimental-vm-modules'] : [];
      run(process.execPath, [...flags, join(tools, args[0]), ...args.slice(1)], { cwd: folder });
    });

  for (const [version, lib, types] of [
    ['typescript5', ['ES2022', 'DOM'], []],
    ['typescript5', ['ES2022'], []],
    ['typescript7', ['ES2022', 'DOM'], []],
    ['typescript7', ['ES2022'], []],
    ['typescript7', ['ES2022'], ['node']],
  ])
    test(`${version}, strict, libraries checked, of ${[...lib, ...types].join(', ')}`, () => {
      const folder = project({
        'main.ts': `import { createRuntime, loadModel, type Model } from 'attention-lab';
          import { createRuntime as inline } from 'attention-lab/inline';
          import { createWorkerRuntime } from 'attention-lab/worker';
          const model: Model = await loadModel('somewhere');
          const { attentions } = model.forward('a text', { outputAttentions: true });
          const first: Float32Array = attentions[0]!.at(0, 0).data;
          const weight: number = attentions[0]!.at(0, 0, 0, 0);
          // @ts-expect-error nobody asked for them
          model.forward({ inputIds: [1, 2] }).attentions.length;
          const remote = await (await createWorkerRuntime()).loadModel('somewhere');
          for await (const { text } of remote.stream('a text')) text.length;
          export { createRuntime, first, inline, weight };`,
        'tsconfig.json': JSON.stringify({
          compilerOptions: {
            strict: true,
            skipLibCheck: false,
            target: 'ES2022',
            module: 'nodenext',
            moduleResolution: 'nodenext',
            lib,
            noEmit: true,
            types,
            typeRoots: [join(root, 'node_modules/@types')],
          },
          files: ['main.ts'],
        }),
      });
      const bin = version === 'typescript5' ? 'lib/tsc.js' : 'bin/tsc';
      run(process.execPath, [join(tools, version, bin), '-p', '.'], { cwd: folder });
    });
});

/** The address that a server prints when it listens. */
function addressIn(server) {
  return new Promise((resolve, reject) => {
    let output = '';
    const listen = (text) => {
      output += text;
      const found = /http:\/\/localhost:\d+/.exec(output);
      if (found) resolve(found[0]);
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.on('exit', () => reject(new Error(output)));
  });
}
