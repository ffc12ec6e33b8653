// Whose work is in dist and in web/dist: each package that a bundle holds, and what the compiler adds, has its notice in both.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { paths } from '../../scripts/lib/paths.mjs';

const compiled = ['Eigen', 'Emscripten', 'musl', 'libc++', 'compiler-rt', 'dlmalloc'];
const licensedAs = /Permission is hereby granted|Mozilla Public License|Apache License/;

/** The packages of these paths, found without the script that writes the notices. */
const packagesOf = (files) => [
  ...new Set(
    files
      .filter((file) => file.includes('node_modules/'))
      .map((file) => {
        const [first, second] = file.split('node_modules/').at(-1).split('/');
        return first.startsWith('@') ? `${first}/${second}` : first;
      }),
  ),
];

function assertNotices(text, packages) {
  const sections = text.split('\n----\n').map((section) => section.trim());
  for (const name of packages) {
    const folder = join(paths.modules, name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const section = sections.find((each) => each.startsWith(`${name} ${version} (`));
    assert.ok(section, `${name} ${version} has a notice`);
    assert.ok(section.length > 400, `${name}: the whole text of its licence`);
  }
  for (const name of compiled) assert.match(text, new RegExp(name.replace('+', '\\+')), name);
  assert.match(text, licensedAs);
}

test('the package names everything that its bundles and the wasm hold', async () => {
  const entries = readdirSync(join(paths.root, 'js', 'entries'))
    .filter((name) => /^[\w-]+\.ts$/.test(name))
    .map((name) => join(paths.root, 'js', 'entries', name));
  const { metafile } = await build({
    entryPoints: entries,
    outdir: 'unused',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*', '*/glue.js', '*/packed.js', 'lzma1/decoder'],
    logLevel: 'silent',
  });
  const packages = packagesOf(Object.keys(metafile.inputs));
  assert.ok(packages.includes('wasm-feature-detect'), packages.join());
  assertNotices(readFileSync(join(paths.dist, 'LICENSES.txt'), 'utf8'), [...packages, 'lzma1']);
});

test('the page names everything that it imports, and what the package names', (t) => {
  const file = join(paths.page, 'LICENSES.txt');
  if (!existsSync(join(paths.page, 'index.html'))) return t.skip('the page is not built');
  const source = join(paths.root, 'web', 'src');
  const imported = readdirSync(source, { recursive: true })
    .filter((name) => /\.(ts|svelte)$/.test(name))
    .flatMap((name) =>
      [
        ...readFileSync(join(source, name), 'utf8').matchAll(
          /^\s*(?:import|export)\b(?! type)[^;'"]*?from '([^'.][^']*)'/gm,
        ),
      ].map(([, from]) => `node_modules/${from}/x`),
    );
  const packages = packagesOf(imported).filter((name) => name !== 'attention-lab');
  assert.ok(packages.includes('svelte') && packages.includes('uplot'), packages.join());
  // What those are made of, as far as it is in the bundle: d3-scale is nothing without d3-array.
  assertNotices(readFileSync(file, 'utf8'), [...packages, 'd3-array', 'd3-interpolate']);
});
