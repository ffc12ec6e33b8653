// Every exported type has a name of its own: what a reader has met once means the same everywhere.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';

const declaration = /^export (?:declare )?(?:abstract )?(?:interface|type|class|enum) (\w+)/gm;

/** 'Name: file, other file' of every name that two files below `folder` give to a type. */
function shared(folder) {
  const files = new Map();
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    for (const [, name] of readFileSync(join(folder, file), 'utf8').matchAll(declaration))
      files.set(name, [...(files.get(name) ?? []), file]);
  }
  assert.ok(files.size > 50, `${folder}: expected types, found ${files.size}`);
  return [...files]
    .filter(([, where]) => where.length > 1)
    .map(([name, where]) => `${name}: ${where.join(', ')}`);
}

test('no two types that the package declares share a name', () => {
  assert.deepEqual(shared(join(paths.dist, 'types')), []);
});

test('nor do two types of its sources', () => {
  assert.deepEqual(shared(join(paths.root, 'js')), []);
});
