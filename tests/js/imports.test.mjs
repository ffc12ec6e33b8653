// Which part of js/ may import which: arrows point one way, types included. Circles are the linter's (import/no-cycle).
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../js', import.meta.url));

/** Part → what it may import. The parts at the root of js/ put the others together. */
const allowed = {
  core: [],
  tokenizers: ['core'],
  pictures: ['core'],
  generation: ['core'],
  training: ['core'],
  analysis: ['core'],
  checkpoints: ['core', 'tokenizers'],
  'lazy.ts': ['core', 'checkpoints', 'analysis', 'generation', 'training'],
  'model.ts': [
    'core',
    'generation',
    'training',
    'analysis',
    'checkpoints',
    'pictures',
    'tokenizers',
    'lazy.ts',
  ],
  'listings.ts': ['core', 'model.ts'],
  'runtime.ts': ['core', 'pictures', 'checkpoints', 'lazy.ts', 'listings.ts', 'model.ts'],
  'shared.ts': ['core', 'checkpoints', 'model.ts', 'runtime.ts'],
};
const everything = Object.keys(allowed);
allowed.worker = everything;
allowed.entries = [...everything, 'worker'];

const filesOf = () =>
  readdirSync(root, { recursive: true })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));

/** [{ from, to }], both below js/, of every import of a file of our own. */
function importsOf(file) {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)\.js'/g)].map(([, path]) => ({
    from: file,
    to: `${relative(root, join(root, dirname(file), path))
      .split(sep)
      .join('/')}.ts`,
  }));
}

const partOf = (file) => file.split('/')[0];

/** 'from → to' of every import that goes against an arrow. */
const forbidden = (imports) =>
  imports
    .map(({ from, to }) => ({ from, to, own: partOf(from), other: partOf(to) }))
    .filter(({ own, other }) => own !== other && !allowed[own]?.includes(other))
    .map(({ from, to }) => `${from} → ${to}`);

test('every import in js/ follows the arrows', () => {
  const imports = filesOf().flatMap(importsOf);
  assert.ok(imports.length > 300, `expected the package's imports, found ${imports.length}`);
  assert.deepEqual(forbidden(imports), []);
});

test('an arrow upwards is reported', () => {
  assert.deepEqual(forbidden([{ from: 'core/model.ts', to: 'training/trainer.ts' }]), [
    'core/model.ts → training/trainer.ts',
  ]);
  assert.deepEqual(forbidden([{ from: 'tokenizers/files.ts', to: 'checkpoints/load.ts' }]), [
    'tokenizers/files.ts → checkpoints/load.ts',
  ]);
});

test('at most five files lie at the root of js/', () => {
  const atRoot = filesOf().filter((name) => !name.includes('/'));
  assert.ok(atRoot.length <= 5, atRoot.join(', '));
});
