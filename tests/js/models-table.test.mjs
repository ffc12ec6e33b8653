// README.md's table of models says what is so: every family is there, and no error is much above the one it states.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRuntime } from 'attention-lab';
import { measure, rows } from './largest-error.mjs';
import { variants } from './support.mjs';

/** Another order of summation moves the largest error a little. */
const slack = 2;

const columns = { simd128: -2, relaxed: -1 };
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8').split('\n');

for (const variant of variants) {
  test(`README: the largest errors of ${variant}`, async () => {
    const found = await measure(await createRuntime({ variant }));
    for (const { of, family, reference } of rows) {
      const line = readme.find((each) => each.startsWith(`| ${family} | ${reference} |`));
      assert.ok(
        line,
        `README.md has no row for ${family}: make the table anew, as tests/js/largest-error.mjs says`,
      );
      const stated = Number(line.split('|').slice(1, -1).at(columns[variant]));
      const { error, where, cases } = found.get(of);
      assert.ok(cases > 0, of);
      assert.ok(
        error <= slack * stated,
        `${family}: ${error} in ${where}, README.md says ${stated}`,
      );
    }
  });
}
