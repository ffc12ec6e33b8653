// CONTRIBUTING.md's lists of files hold: each file is there, says the example's name, and no list is longer than it may be.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { paths } from '../../scripts/lib/paths.mjs';

const text = readFileSync(join(paths.root, 'CONTRIBUTING.md'), 'utf8');
const section = (title) => {
  const found = text.split(/^## /m).find((part) => part.startsWith(`${title}\n`));
  assert.ok(found, `CONTRIBUTING.md has no section "${title}"`);
  return found;
};
const filesOf = (title) => [...section(title).matchAll(/^- `([^`]+)`: /gm)].map(([, file]) => file);

const additions = [
  ['How to add a positional bias', /alibi/i, 6],
  ['How to add a model family', /qwen2/i, 3],
  ['How to add a view of the page', /glossary/i, 4],
];

for (const [title, example, most] of additions) {
  test(`${title}: at most ${most} files, which are the example's`, () => {
    const files = filesOf(title);
    assert.ok(files.length > 1 && files.length <= most, files.join(', '));
    for (const file of files) {
      assert.ok(existsSync(join(paths.root, file)), `${file}: no such file`);
      assert.match(readFileSync(join(paths.root, file), 'utf8'), example, file);
    }
  });
}

/** Tracked files below these folders in which the expression is found. */
function sources(expression, folders) {
  const args = ['grep', '-Eil', '--untracked', expression, '--', ...folders];
  return execFileSync('git', args, { cwd: paths.root, encoding: 'utf8' }).trim().split('\n').sort();
}

test(
  'no other source names the family, or the view',
  { skip: !existsSync(join(paths.root, '.git')) },
  () => {
    // Its tokenizer is also that of other families.
    assert.deepEqual(
      sources('qwen2([^t]|$)', ['js', 'scripts', 'cpp', 'web/src']),
      filesOf('How to add a model family').sort(),
    );
    assert.deepEqual(
      sources('glossary', ['web/src']),
      filesOf('How to add a view of the page').sort(),
    );
  },
);

test('the way of a number leads over files that are there', () => {
  const rows = [...section('The way of a number').matchAll(/^\| \d+\. .*\| (.*) \|$/gm)];
  assert.equal(rows.length, 12);
  for (const [, cell] of rows) {
    let folder = '';
    for (const [, file] of cell.matchAll(/`([^`]+)`/g)) {
      const path = file.includes('/') ? file : join(folder, file);
      folder = dirname(path);
      assert.ok(existsSync(join(paths.root, path)), `${path}: no such file`);
    }
  }
});
