// Reads from a runner's own output how many tests passed and failed. A run that executed none is a failure.

/** doctest: "[doctest] test cases:  7 |  7 passed | 0 failed | 0 skipped" */
export function tallyDoctest(output) {
  const found = output.match(
    /test cases:\s*\d+\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped/,
  );
  return found && { passed: +found[1], failed: +found[2], skipped: +found[3] };
}

/** Node's test runner, reporter "tap": the totals are comments at the end. */
export function tallyTap(output) {
  const total = (name) => Number(output.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1]);
  const [passed, failed, cancelled, skipped, todo] = [
    'pass',
    'fail',
    'cancelled',
    'skipped',
    'todo',
  ].map(total);
  return Number.isNaN(passed)
    ? null
    : { passed, failed: failed + cancelled, skipped: skipped + todo };
}

/** A type checker knows no tests: it is one check, and each error that it reports is a failure. */
export function tallyTypes(output, code) {
  const errors = (output.match(/error TS\d+|^\d+ ERROR /gm) ?? []).length;
  return code === 0
    ? { passed: 1, failed: 0, skipped: 0 }
    : { passed: 0, failed: Math.max(errors, 1), skipped: 0 };
}

/** The verdict over a runner: its exit code and its counts must agree. */
export function judge(counts, code) {
  if (!counts)
    return { passed: 0, failed: 1, skipped: 0, reason: `it ended (${code}) without a summary` };
  if (counts.passed + counts.failed === 0)
    return { ...counts, failed: 1, reason: 'it executed no test' };
  if (code !== 0 && counts.failed === 0)
    return { ...counts, failed: 1, reason: `it ended with ${code} although no test failed` };
  if (code === 0 && counts.failed > 0)
    return { ...counts, reason: 'it ended with 0 although tests failed' };
  return counts;
}
