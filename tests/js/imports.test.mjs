// Which part of js/ and of the page may import which: arrows point one way, types included. The linter finds the circles of js/
// (import/no-cycle); those of the page, which go through Svelte's files, are found here.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../js', import.meta.url));
const page = fileURLToPath(new URL('../../web/src', import.meta.url));

/** Part → what it may import. The parts at the root of js/ put the others together. */
const allowed = {
  core: [],
  tokenizers: ['core'],
  pictures: ['core'],
  generation: ['core'],
  training: ['core'],
  analysis: ['core'],
  tasks: ['core'],
  checkpoints: ['core', 'tokenizers'],
  'lazy.ts': ['core', 'checkpoints', 'analysis', 'generation', 'tasks', 'training'],
  'model.ts': [
    'core',
    'generation',
    'training',
    'analysis',
    'checkpoints',
    'pictures',
    'tasks',
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

/** File of the page → those that it imports, by value or type, at once or later. */
function importsOfPage() {
  const files = readdirSync(page, { recursive: true })
    .map((name) => name.split(sep).join('/'))
    .filter((name) => /\.(ts|svelte)$/.test(name));
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(page, file), 'utf8');
      const paths = [...text.matchAll(/(?:from|import|import\()\s*'(\.[^']+)'/g)];
      return [
        file,
        paths.map(([, path]) => {
          const other = relative(page, join(page, dirname(file), path));
          return other.split(sep).join('/');
        }),
      ];
    }),
  );
}

/** A circle of imports as the files along it; null: there is none. */
function circleOf(imports) {
  const done = new Set();
  const visit = (file, path) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const other of imports.get(file) ?? []) {
      const circle = visit(other, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const circle = visit(file, []);
    if (circle) return circle;
  }
  return null;
}

test('no imports of the page go round in a circle, types and components included', () => {
  const imports = importsOfPage();
  const count = [...imports.values()].flat().length;
  assert.ok(count > 900, `expected the page's imports, found ${count}`);
  assert.equal(circleOf(imports)?.join(' → '), undefined);
});

test('a circle is reported', () => {
  const imports = new Map([
    ['a.ts', ['b.ts']],
    ['b.ts', ['c.svelte']],
    ['c.svelte', ['b.ts']],
  ]);
  assert.deepEqual(circleOf(imports), ['b.ts', 'c.svelte', 'b.ts']);
});

test('what is pure in the page knows no state, and no state knows a component', () => {
  for (const [file, others] of importsOfPage()) {
    const [folder] = file.split('/');
    for (const other of others) {
      const [target] = other.split('/');
      if (['lib', 'lessons', 'strings'].includes(folder))
        assert.ok(['lib', 'lessons', 'strings'].includes(target), `${file} → ${other}`);
      if (folder === 'state') assert.ok(!other.endsWith('.svelte'), `${file} → ${other}`);
    }
  }
});
