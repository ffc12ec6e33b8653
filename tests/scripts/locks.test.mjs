// Every package of every lock file runs on the oldest Node that this project promises: npm refuses it otherwise, but
// only where it is not installed yet.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { paths } from '../../scripts/lib/paths.mjs';

const readJson = (name) => JSON.parse(readFileSync(join(paths.root, name), 'utf8'));
const oldest = semver.minVersion(readJson('package.json').engines.node);
const locks = execFileSync('git', ['ls-files', '*package-lock.json'], {
  cwd: paths.root,
  encoding: 'utf8',
})
  .trim()
  .split('\n');

for (const lock of locks)
  test(`${lock}: its packages run on Node ${oldest}`, () => {
    const refused = Object.entries(readJson(lock).packages)
      .filter(([, { engines }]) => engines?.node && !semver.satisfies(oldest, engines.node))
      .map(([path, { engines }]) => `${path}: ${engines.node}`);
    assert.deepEqual(refused, []);
  });
