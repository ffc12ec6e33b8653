// The test runners: each runs its tests and returns what it counted, { passed, failed, skipped, output, reason? }.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNativeTests, buildWasmTests } from './cpp.mjs';
import { foundToolchain } from './build-steps.mjs';
import { paths } from './paths.mjs';
import { capture } from './run.mjs';
import { filesBelow } from './stamp.mjs';
import { campaigns } from '../fuzz/campaigns.mjs';
import { judge, tallyDoctest, tallyTap, tallyTypes } from './tally.mjs';

const nodeRelaxed = fileURLToPath(new URL('node-relaxed-simd.sh', import.meta.url));
/** Node with relaxed SIMD, which Node 20 and 21 hide behind a flag. */
const node = process.platform === 'win32' ? [process.execPath] : [nodeRelaxed];

/** The C++ tests natively. The sanitizers abort the program at the first fault, which leaves no summary. */
export async function nativeTests() {
  await buildNativeTests();
  const { code, output } = await capture(
    [join(paths.build, 'sanitize', 'attention_lab_tests'), '--no-colors'],
    {
      log: 'test-native',
      env: {
        UBSAN_OPTIONS: 'print_stacktrace=1',
        ASAN_OPTIONS: 'detect_stack_use_after_return=1:strict_init_order=1',
      },
    },
  );
  return { ...judge(tallyDoctest(output), code), output };
}

/** The same tests as wasm. */
export async function wasmTests(variant) {
  await buildWasmTests(foundToolchain(), variant);
  const { code, output } = await capture(
    [...node, join(paths.build, variant, 'attention_lab_tests.cjs'), '--no-colors'],
    {
      log: `test-${variant}`,
    },
  );
  return { ...judge(tallyDoctest(output), code), output };
}

/** Node's test runner over every *.test.mjs below `folders`. */
export async function nodeTests(name, folders, { concurrency } = {}) {
  const files = folders
    .flatMap((folder) => filesBelow(join(paths.root, 'tests', folder)))
    .filter((file) => /\.test\.m?js$/.test(file));
  if (files.length === 0)
    return {
      passed: 0,
      failed: 1,
      skipped: 0,
      reason: `no *.test.mjs in ${folders.map((folder) => `tests/${folder}`).join(', ')}`,
      output: '',
    };
  let result = await runFiles(name, files, concurrency);
  // Node 20 rarely deadlocks at exit, all tests done, while a thread still compiles wasm (nodejs/node#54918).
  if (result.isHung) {
    console.error(
      `${name}: a test file did not end within ${fileTimeout / 1000} s; running all of them once more`,
    );
    result = await runFiles(name, files, concurrency);
  }
  return result;
}

/** No file needs a fifth of it, on a slow machine either. */
const fileTimeout = 400_000; // ms

async function runFiles(name, files, concurrency) {
  mkdirSync(paths.logs, { recursive: true });
  const tap = join(paths.logs, `test-${name}.tap`);
  rmSync(tap, { force: true });
  const { code, output } = await capture(
    [
      ...node,
      '--test',
      `--test-timeout=${fileTimeout}`,
      ...(concurrency ? [`--test-concurrency=${concurrency}`] : []),
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      '--test-reporter=tap',
      `--test-reporter-destination=${tap}`,
      ...files.map((file) => relative(paths.root, file)),
    ],
    { log: `test-${name}` },
  );
  const text = readFileSync(tap, 'utf8');
  return {
    ...judge(tallyTap(text), code),
    isHung: text.includes(`test timed out after ${fileTimeout}ms`),
    output: output.slice(Math.max(0, output.lastIndexOf('failing tests:'))),
  };
}

/** About a minute of every fuzzer, always the same cases, so that chance fails no test. Each is one check. */
export async function fuzzTests() {
  const total = { passed: 0, failed: 0, skipped: 0, output: '' };
  for (const load of Object.values(campaigns)) {
    const { title, run, casesInMinute } = await load();
    const { cases, failures } = await run({ seconds: 60, seed: 1, cases: casesInMinute });
    const isSound = failures.length === 0 && cases > 0;
    total[isSound ? 'passed' : 'failed'] += 1;
    if (!isSound)
      total.output += `${title}: ${cases} cases\n${failures.map(({ file, message }) => `${message}\n${file}\n`).join('')}`;
  }
  return total;
}

/** TypeScript over the package, and Svelte's checker over the page. */
export async function typeChecks() {
  const checks = {
    'types-package': ['typescript/bin/tsc', '-p', 'js', '--noEmit'],
    'types-page': [
      'svelte-check/bin/svelte-check',
      '--workspace',
      'web',
      '--tsconfig',
      './tsconfig.json',
      '--output',
      'human-verbose',
      '--fail-on-warnings',
    ],
  };
  const total = { passed: 0, failed: 0, skipped: 0, output: '' };
  for (const [log, [program, ...args]] of Object.entries(checks)) {
    const { code, output } = await capture(
      [process.execPath, join(paths.modules, program), ...args],
      { log },
    );
    const { passed, failed } = tallyTypes(output, code);
    total.passed += passed;
    total.failed += failed;
    if (failed) total.output += output;
  }
  return total;
}
