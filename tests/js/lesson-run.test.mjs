// That the command which made a shipped checkpoint still makes it: a kernel that rounds otherwise would end with other weights.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('npm run train -- copy gives the bytes that ship', () => {
  const out = mkdtempSync(join(tmpdir(), 'lesson-'));
  try {
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ['scripts/train-lesson.mjs', 'copy', '--out', out],
      { cwd: root, encoding: 'utf8' },
    );
    assert.equal(status, 0, stderr + stdout);
    for (const name of ['config.json', 'model.safetensors', 'tokenizer.json', 'evaluation.json']) {
      const [made, shipped] = [out, join(root, 'web/public/models/copy')].map((folder) =>
        readFileSync(join(folder, name)),
      );
      assert.ok(
        made.equals(shipped),
        `${name}: other bytes. If the arithmetic changed on purpose, train every lesson again: docs/lessons.md`,
      );
    }
  } finally {
    rmSync(out, { recursive: true });
  }
});
