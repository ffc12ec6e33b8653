// The summary of `npm test` must not be able to lie: what a runner did not say was tested is a failure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, tallyDoctest, tallyTap, tallyTypes } from '../../scripts/lib/tally.mjs';

const doctest = (passed, failed, skipped = 0) =>
  `[doctest] test cases: ${passed + failed} | ${passed} passed | ${failed} failed | ${skipped} skipped\n[doctest] assertions: 9 | 9 passed | 0 failed |`;
const tap = (totals) =>
  Object.entries(totals)
    .map(([name, n]) => `# ${name} ${n}\n`)
    .join('');

test("doctest's test cases are counted, not its assertions", () => {
  assert.deepEqual(tallyDoctest(doctest(7, 2, 1)), { passed: 7, failed: 2, skipped: 1 });
  assert.equal(judge(tallyDoctest(doctest(7, 0)), 0).failed, 0);
});

test('a program that a sanitizer stopped has failed, whatever it printed before', () => {
  const { passed, failed } = judge(
    tallyDoctest('==1==ERROR: AddressSanitizer: heap-buffer-overflow'),
    1,
  );
  assert.deepEqual({ passed, failed }, { passed: 0, failed: 1 });
});

test('a leak found after the summary is a failure', () => {
  assert.equal(judge(tallyDoctest(doctest(7, 0)), 23).failed, 1);
});

test('a runner that executed nothing has failed', () => {
  assert.equal(judge(tallyDoctest(doctest(0, 0, 5)), 0).failed, 1);
  assert.equal(
    judge(tallyTap(tap({ pass: 0, fail: 0, cancelled: 0, skipped: 3, todo: 0 })), 0).failed,
    1,
  );
});

test("Node's totals: a cancelled test has failed", () => {
  const counts = tallyTap(
    tap({ tests: 9, suites: 0, pass: 5, fail: 1, cancelled: 2, skipped: 1, todo: 0 }),
  );
  assert.deepEqual(counts, { passed: 5, failed: 3, skipped: 1 });
});

test('a report without totals is no report', () => {
  assert.equal(tallyTap('TAP version 13\nok 1 - a\n'), null);
  assert.equal(judge(null, 'signal SIGKILL').failed, 1);
});

test('failures that the exit code hides still count', () => {
  assert.equal(judge({ passed: 1, failed: 2, skipped: 0 }, 0).failed, 2);
});

test('each error of a type checker counts', () => {
  assert.equal(tallyTypes('a.ts(1,1): error TS2322: …\nb.ts(2,2): error TS2304: …\n', 2).failed, 2);
  assert.equal(tallyTypes('1700000000000 ERROR "src/A.svelte" 1:1 "…"\n', 1).failed, 1);
  assert.equal(tallyTypes('crashed', 134).failed, 1);
  assert.deepEqual(tallyTypes('', 0), { passed: 1, failed: 0, skipped: 0 });
});
