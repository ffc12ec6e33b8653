// The package as npm installs it: what the tarball holds, its sizes, its types, and that Node can use it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { brotliCompressSync, constants } from 'node:zlib';
import { installPackage, node, root, tool } from './install.mjs';

describe('the installed package', () => {
  let installed;
  let dist;
  before(() => {
    installed = installPackage();
    dist = join(installed.folder, 'node_modules/attention-lab/dist');
  });
  after(() => installed?.remove());

  const scripts = () => readdirSync(dist).filter((name) => extname(name) === '.js');
  const read = (name) => readFileSync(join(dist, name), 'utf8');
  const runScript = (code) => node(['--input-type=module', '-e', code], { cwd: installed.folder });

  /**
   * A script and all scripts that are fetched with it; with `lazy`, those of its dynamic imports, too, but for the copies of
   * wasm and worker, which are fetched only where their files are lost.
   */
  function closure(entry, { lazy = false } = {}, found = new Set()) {
    if (found.has(entry)) return found;
    found.add(entry);
    const imports = lazy
      ? /(?:from|import)\s*\(?\s*["']\.\/([\w-]+\.js)["']/g
      : /(?:from|import)\s*["']\.\/([\w-]+\.js)["']/g;
    for (const [, name] of read(entry).matchAll(imports))
      if (!name.startsWith('unpack-')) closure(name, { lazy }, found);
    return found;
  }
  const brotliSize = (names) =>
    [...names].reduce(
      (sum, name) => sum + brotliCompressSync(readFileSync(join(dist, name))).length,
      0,
    );

  test('holds dist and the usual files, and nothing else', () => {
    const top = new Set(installed.files.map((path) => path.split('/')[0]));
    top.delete('README.md');
    assert.deepEqual([...top].sort(), ['LICENSE', 'dist', 'package.json']);
    const sources = installed.files.filter((path) => /(?<!\.d)\.ts$|\.map$|\.test\./.test(path));
    assert.deepEqual(sources, []);
    for (const name of [
      'index.js',
      'types/entries/index.d.ts',
      'node.js',
      'worker.js',
      'worker-entry.js',
      'worker-node.js',
      'worker-entry-node.js',
      'LICENSES.txt',
    ]) {
      assert.ok(installed.files.includes(`dist/${name}`), name);
    }
  });

  test('has no dependency and no install script', () => {
    const {
      dependencies,
      peerDependencies,
      scripts: hooks,
    } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8'));
    assert.equal(dependencies, undefined);
    assert.equal(peerDependencies, undefined);
    assert.ok(!['preinstall', 'install', 'postinstall', 'prepare'].some((hook) => hook in hooks));
  });

  test('each wasm is at most 256 KB, 90 KB in brotli', () => {
    for (const variant of ['simd128', 'relaxed']) {
      const bytes = readFileSync(join(dist, 'wasm', `${variant}.wasm`));
      const packed = brotliCompressSync(bytes, {
        params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
      }).length;
      assert.ok(bytes.length <= 256_000, `${variant}: ${bytes.length} bytes`);
      assert.ok(packed <= 90_000, `${variant}: ${packed} bytes in brotli`);
      assert.ok(WebAssembly.validate(bytes) || variant === 'relaxed', `${variant}: not valid`);
    }
  });

  test('before its first result a browser fetches scripts of at most 36 KB in brotli, and 60 KB more for checkpoints, training and analyses', () => {
    const first = closure('index.js');
    const total = brotliSize(first);
    assert.ok(total <= 36_000, `${total} bytes`);
    const lazy = brotliSize(
      [...closure('index.js', { lazy: true })].filter((name) => !first.has(name)),
    );
    assert.ok(lazy > 0 && lazy <= 60_000, `${lazy} bytes`);
  });

  test('a worker is one script without lazily loaded parts: bundlers refuse any other by default', () => {
    assert.deepEqual(
      [...closure('worker-entry.js', { lazy: true })],
      [...closure('worker-entry.js')],
    );
  });

  test('no empty script', () => {
    assert.deepEqual(
      scripts().filter((name) => read(name).trim() === ''),
      [],
    );
  });

  test('no eval, no new Function, no CDN, no machine path', () => {
    for (const name of scripts()) {
      const code = read(name);
      assert.doesNotMatch(code, /\beval\s*\(|\bnew\s+Function\b|\bFunction\s*\(\s*["'`]/, name);
      assert.doesNotMatch(code, /file:\/\/|\/work\/|\/home\/|\/root\//, name);
    }
  });

  test('the only addresses are the hub, and the names of the cache', () => {
    const addresses = scripts().flatMap((name) =>
      [...read(name).matchAll(/\b\w+:\/\/[^\s"'`)\\]*/g)].map(([address]) => address),
    );
    assert.deepEqual([...new Set(addresses)].sort(), [
      'https://attention-lab.invalid/',
      'https://huggingface.co',
    ]);
  });

  test('no Node built-in reaches a browser', () => {
    for (const entry of ['index.js', 'worker.js', 'worker-entry.js']) {
      for (const name of closure(entry, { lazy: true }))
        assert.doesNotMatch(
          read(name),
          /["']node:|\brequire\s*\(|["'](fs|path|url|worker_threads)["']/,
          `${entry} → ${name}`,
        );
    }
    assert.match([...closure('node.js')].map(read).join(''), /["']node:fs/);
  });

  test('bundlers find the wasm and the worker by the expressions they know', () => {
    const code = [...closure('index.js'), ...closure('worker.js')].map(read).join('');
    for (const variant of ['simd128', 'relaxed'])
      assert.match(
        code,
        new RegExp(`new URL\\("\\./wasm/${variant}\\.wasm", ?import\\.meta\\.url\\)`),
      );
    assert.match(
      code,
      /new Worker\(new URL\("\.\/worker-entry\.js", ?import\.meta\.url\), ?\{ ?type: ?"module" ?\}\)/,
    );
  });

  test('Node imports it by name and computes', () => {
    const output = runScript(`
      import { createRuntime } from 'attention-lab';
      const rt = await createRuntime({ variant: 'simd128' });
      const q = { data: Float32Array.of(2), dims: [1, 1] };
      console.log(rt.attention({ q, k: q, v: q }).output.data[0], import.meta.resolve('attention-lab/wasm/relaxed.wasm').split('/').at(-1));`);
    assert.equal(output, '2 relaxed.wasm\n');
  });

  test('Node runs its worker', () => {
    const output = runScript(`
      import { createWorkerRuntime } from 'attention-lab/worker';
      const rt = await createWorkerRuntime({ variant: 'simd128' });
      const q = { data: Float32Array.of(2), dims: [1, 1] };
      console.log((await rt.attention({ q, k: q, v: q })).output.data[0]);`);
    assert.equal(output, '2\n');
  });

  test('importing it does nothing', () => {
    assert.equal(
      runScript(`
      const fail = () => { throw new Error('work at import time'); };
      Object.assign(WebAssembly, { compile: fail, instantiate: fail, compileStreaming: fail });
      globalThis.fetch = fail;
      const before = Object.keys(globalThis).length;
      await import('attention-lab');
      await import('attention-lab/worker');
      console.log(Object.keys(globalThis).length - before);`),
      '0\n',
    );
  });

  const consumer = `
    import { AttentionLabError, createRuntime, listingNames } from 'attention-lab';
    import type { Encoding, Listing, Model, ModelConfig, Runtime, Tensor } from 'attention-lab';
    import { createWorkerRuntime, type WorkerModel } from 'attention-lab/worker';

    const config: ModelConfig = { dModel: 4, numLayers: 1, attention: { numHeads: 1 } };
    export async function use(controller: AbortController | undefined): Promise<Tensor[]> {
      const rt: Runtime = await createRuntime({ variant: 'auto', signal: controller?.signal });
      const model: Model = await rt.loadModel('./model', { onProgress: ({ file, loaded }) => console.log(file, loaded) });
      const ids: number[] | undefined = model.tokenizer?.encode('text').ids;
      const fresh = rt.createModel(config, { seed: 1 });
      const { attentions, trace } = fresh.forward({ inputIds: ids ?? [1] }, { outputAttentions: true, trace: ['embed'] });
      const listing: Listing = rt.createListing(listingNames[0] ?? 'fused', { dModel: 4 });
      listing[Symbol.dispose]();
      const remote: WorkerModel = await (await createWorkerRuntime()).createModel(config);
      const { logits } = await remote.forward({ inputIds: [[1, 2]] }, {}, { signal: controller?.signal });
      const trainer = await remote.trainer({ lr: 0.1, examples: [{ inputIds: [1], labels: [1] }] });
      const rate: number = trainer.lr;
      const many: Encoding[] | undefined = await remote.tokenizer?.encode(['one', 'two'], { padding: true });
      const one: Encoding | undefined = await remote.tokenizer?.encode('one');
      await remote.sweep({ inputs: { inputIds: many?.[0]?.ids ?? one?.ids ?? [rate] }, over: 'heads', op: 'zero', metric: { kind: 'norm' } }, { onProgress: ({ done }) => console.log(done) });
      // @ts-expect-error a function whose answer is wanted does not cross
      await remote.trainer({ lr: 0.1, examples: () => ({ inputIds: [1], labels: [1] }) });
      // @ts-expect-error nor does a metric
      await remote.sweep({ inputs: { inputIds: [1] }, over: 'heads', op: 'zero', metric: () => 1 });
      // @ts-expect-error properties of what lives in a worker are not assigned
      trainer.lr = 0.2;
      // @ts-expect-error no AbortSignal
      await createRuntime({ signal: 1 });
      // @ts-expect-error misspelt
      fresh.forward({ inputIDs: [1] });
      // @ts-expect-error a text is no numbers
      rt.attention({ q: { data: 'one', dims: [1, 1] }, k: fresh.parameter('x'), v: fresh.parameter('x') });
      return [...(attentions ?? []), ...trace.values(), ...(logits ? [logits] : [])];
    }
    export const isOurs = (error: unknown): boolean => error instanceof AttentionLabError && error.code === 'aborted';
  `;
  const dom = ['dom', 'dom.iterable'];
  const bare = `
    import { createRuntime, type Model, type Tensor } from 'attention-lab';
    export async function use(): Promise<Tensor> {
      const model: Model = (await createRuntime()).createModel({ dModel: 4, numLayers: 1, attention: { numHeads: 1 } });
      return model.forward({ inputIds: [1, 2] }).lastHiddenState;
    }
  `;
  for (const [moduleResolution, module, libraries, code] of [
    ['bundler', 'esnext', dom, consumer],
    ['nodenext', 'nodenext', dom, consumer],
    ['nodenext', 'nodenext', [], bare],
  ]) {
    const where = libraries === dom ? '' : ', without DOM and types of Node';
    test(`its types are sound under ${moduleResolution}${where}, checked without skipLibCheck`, () => {
      writeFileSync(join(installed.folder, 'consumer.ts'), code);
      writeFileSync(
        join(installed.folder, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            target: 'es2022',
            lib: ['es2022', ...libraries],
            module,
            moduleResolution,
            types: [],
            strict: true,
            noEmit: true,
            skipLibCheck: false,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
          },
          files: ['consumer.ts'],
        }),
      );
      tool('typescript/bin/tsc', ['-p', installed.folder]);
    });
  }

  test('publint and attw find nothing', () => {
    const output = tool('publint/src/cli.js', ['run', installed.tarball, '--strict'], {
      cwd: root,
    });
    assert.match(output, /All good!/, output);
    tool(
      '@arethetypeswrong/cli/dist/index.js',
      [
        installed.tarball,
        '--profile',
        'esm-only',
        '--no-emoji',
        '--exclude-entrypoints',
        './wasm/simd128.wasm',
        './wasm/relaxed.wasm',
        './worker-entry.js',
      ],
      { cwd: root },
    );
  });

  test('the whole tarball is small', () => {
    const { size } = statSync(installed.tarball);
    assert.ok(size <= 450_000, `${size} bytes`);
  });
});
