// Makes dist/: the wasm variants, the JavaScript bundles and their types. Imports esbuild, so only after the packages are installed.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { writeConfigSchema } from './config-schema.mjs';
import { checkGlue, gluePath, variants, wasmPath } from './cpp.mjs';
import { packageNotices } from './licences.mjs';
import { paths } from './paths.mjs';
import { run } from './run.mjs';
import { filesBelow, once } from './stamp.mjs';
import { differenceModule } from './wasm-patch.mjs';

const source = join(paths.root, 'js');
const entries = join(source, 'entries');
const types = join(paths.dist, 'types');

/** What package.json exports as JavaScript, and the files that workers start from. */
function entryPoints() {
  const { exports } = JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8'));
  const exported = JSON.stringify(exports).match(/(?<=\.\/dist\/)[\w-]+(?=\.js")/g);
  const workers = readdirSync(entries).filter((name) => /^worker-entry.*\.ts$/.test(name));
  return [...new Set([...exported.map((name) => `${name}.ts`), ...workers])].map((name) =>
    join(entries, name),
  );
}

/** The decoder alone: lzma1's main module has the encoder, too. */
const decoder = {
  name: 'lzma-decoder',
  setup(build) {
    const of = (name) => JSON.stringify(join(paths.modules, 'lzma1', 'lib', `${name}.js`));
    build.onResolve({ filter: /^lzma1\/decoder$/ }, ({ path }) => ({ path, namespace: 'lzma' }));
    build.onLoad({ filter: /.*/, namespace: 'lzma' }, () => ({
      contents: `export { Decoder } from ${of('decoder')}; export { InputBuffer, OutputBuffer } from ${of('streams')};`,
      resolveDir: paths.root,
    }));
  },
};

/** Node prints the line an error came from. */
const lineLimit = 2000;

const glue = {
  name: 'emscripten-glue',
  setup: (build) => build.onResolve({ filter: /\/glue\.js$/ }, () => ({ path: gluePath })),
};

export function buildDist() {
  checkGlue();
  writeConfigSchema();
  const wasm = variants.map((variant) => join(paths.dist, 'wasm', `${variant}.wasm`));
  const sources = [
    'js',
    'package.json',
    'package-lock.json',
    'scripts/lib/dist.mjs',
    'scripts/lib/licences.mjs',
    'scripts/lib/wasm-patch.mjs',
  ].map((name) => join(paths.root, name));
  return once(
    'dist',
    [...sources, gluePath, ...variants.map(wasmPath)],
    [join(paths.dist, 'index.js'), ...wasm],
    async () => {
      rmSync(paths.dist, { recursive: true, force: true });
      mkdirSync(join(paths.dist, 'wasm'), { recursive: true });
      const [baseline, relaxed] = variants.map((variant) => readFileSync(wasmPath(variant)));
      const shipped = [baseline, differenceModule(baseline, relaxed)];
      shipped.forEach((bytes, i) => writeFileSync(wasm[i], bytes));
      const inputs = await bundle(baseline);
      await run(
        [
          process.execPath,
          join(paths.modules, 'typescript', 'bin', 'tsc'),
          '-p',
          'js',
          '--declaration',
          '--emitDeclarationOnly',
          '--noEmit',
          'false',
          '--outDir',
          types,
        ],
        { log: 'types' },
      );
      pruneDeclarations();
      writeFileSync(join(paths.dist, 'LICENSES.txt'), packageNotices(inputs));
    },
  );
}

/** The scripts, whose sources it gives back; inside them, for bundlers that lose files, lie the wasm and the browser's worker in one piece. */
async function bundle(baseline) {
  const { build } = await import('esbuild');
  const options = {
    outdir: paths.dist,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*'],
    minify: true,
    lineLimit,
    legalComments: 'none', // LICENSES.txt has them
    logLevel: 'silent',
  };
  const entryPoint = join(entries, 'worker-entry.ts');
  const worker = await build({
    ...options,
    entryPoints: [entryPoint],
    format: 'iife',
    write: false,
    plugins: [glue],
  });
  const packed = await packedFiles({
    packedWasm: baseline,
    packedWorker: await smallest(worker.outputFiles[0].text),
  });
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: entryPoints(),
    splitting: true,
    metafile: true,
    write: false,
    plugins: [glue, packed, decoder],
  });
  await writeScripts(outputFiles);
  return Object.keys(metafile.inputs);
}

/** esbuild makes an empty chunk of modules that are types alone: neither it nor what imports it is of use. */
async function writeScripts(files) {
  const isEmpty = ({ text }) => text.trim() === '';
  const empty = files.filter(isEmpty).map(({ path }) => basename(path));
  const imports = new RegExp(`import"\\./(?:${empty.join('|').replaceAll('.', '\\.')})";`, 'g');
  for (const file of files)
    if (!isEmpty(file))
      writeFileSync(
        file.path,
        await smallest(empty.length > 0 ? file.text.replace(imports, '') : file.text, {
          module: true,
          format: { max_line_len: lineLimit, preserve_annotations: true },
        }),
      );
}

/** Terser makes of what esbuild has minified 5 % less. */
async function smallest(script, options) {
  const { minify } = await import('terser');
  const { code } = await minify(script, { toplevel: true, compress: { passes: 3 }, ...options });
  return Buffer.from(code);
}

/** js/entries/packed.js: each file in LZMA, a sixth smaller than in gzip, and base64. */
async function packedFiles(files) {
  const { compress } = await import('lzma1');
  const contents = Object.entries(files)
    .map(
      ([name, bytes]) =>
        `export const ${name} = '${Buffer.from(compress(bytes, 9)).toString('base64')}';`,
    )
    .join('\n');
  return {
    name: 'packed-files',
    setup(build) {
      build.onResolve({ filter: /\/packed\.js$/ }, () => ({ path: 'packed', namespace: 'packed' }));
      build.onLoad({ filter: /.*/, namespace: 'packed' }, () => ({ contents }));
    },
  };
}

/** tsc does not emit what is a declaration already, and emits what no entry leads to. */
function pruneDeclarations() {
  for (const name of filesBelow(source))
    if (name.endsWith('.d.ts')) cpSync(name, join(types, relative(source, name)));
  const reached = new Set();
  const reach = (file) => {
    if (reached.has(file)) return;
    reached.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [, specifier] of text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g))
      reach(join(file, '..', `${specifier}.d.ts`));
  };
  const exported = Object.values(
    JSON.parse(readFileSync(join(paths.root, 'package.json'), 'utf8')).exports,
  );
  for (const { types: entry } of exported) if (entry) reach(join(paths.root, entry));
  for (const name of filesBelow(types)) if (!reached.has(name)) rmSync(name);
}
