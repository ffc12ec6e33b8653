// Makes dist/: the wasm variants, the JavaScript bundles and their types. Imports esbuild, so only after the packages are installed.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
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
      const inputs = await bundle(...shipped);
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
async function bundle(baseline, relaxed) {
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
    lineLimit: 2000, // Node prints the line an error came from
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
  const packed = packedFiles({
    packedWasm: baseline,
    packedRelaxed: relaxed,
    packedWorker: worker.outputFiles[0].contents,
  });
  const { metafile, outputFiles } = await build({
    ...options,
    entryPoints: entryPoints(),
    splitting: true,
    metafile: true,
    write: false,
    plugins: [glue, packed],
  });
  writeScripts(outputFiles);
  return Object.keys(metafile.inputs);
}

/** esbuild makes an empty chunk of modules that are types alone: neither it nor what imports it is of use. */
function writeScripts(files) {
  const isEmpty = ({ text }) => text.trim() === '';
  const empty = files.filter(isEmpty).map(({ path }) => basename(path));
  const imports = new RegExp(`import"\\./(?:${empty.join('|').replaceAll('.', '\\.')})";`, 'g');
  for (const file of files)
    if (!isEmpty(file))
      writeFileSync(file.path, empty.length > 0 ? file.text.replace(imports, '') : file.text);
}

/** js/entries/packed.js: each file gzipped, in base64. */
function packedFiles(files) {
  const contents = Object.entries(files)
    .map(
      ([name, bytes]) =>
        `export const ${name} = '${gzipSync(bytes, { level: 9 }).toString('base64')}';`,
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
