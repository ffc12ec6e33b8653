// npm test: sets up and builds, then runs every test there is. Ends with a summary and "N passed, N failed".
import { buildSteps, setUpSteps } from './lib/build-steps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { variants } from './lib/cpp.mjs';
import { installEngines } from './lib/engines.mjs';
import { paths } from './lib/paths.mjs';
import { fuzzTests, nativeTests, nodeTests, typeChecks, wasmTests } from './lib/runners.mjs';
import { step, StepFailed } from './lib/steps.mjs';
import { checkStyle } from './lib/style.mjs';
import { installCompiler } from './lib/toolchain.mjs';

const preparations = [
  ...setUpSteps,
  { title: 'C++ compiler and libraries', run: installCompiler },
  { title: 'Chromium', run: findChromium },
  { title: 'Firefox, WebKitGTK and Node 24', run: installEngines },
  ...buildSteps,
];

const runners = [
  { title: 'C++, native, AddressSanitizer and UBSan', run: nativeTests },
  ...variants.map((variant) => ({
    title: `C++, wasm in Node, ${variant}`,
    run: () => wasmTests(variant),
  })),
  { title: 'a minute of every fuzzer', run: fuzzTests },
  { title: 'formatters and linters', run: checkStyle },
  { title: 'types', run: typeChecks },
  { title: 'JavaScript and the build scripts', run: () => nodeTests('js', ['js', 'scripts']) },
  { title: 'the package, as installed', run: () => nodeTests('package', ['package']) },
  {
    title: 'the page, in Chromium',
    run: () => nodeTests('browser', ['browser'], { concurrency: 1 }),
  },
  {
    title: 'in Firefox, WebKitGTK and Node 24',
    run: () => nodeTests('engines', ['engines'], { concurrency: 1 }),
  },
];

const results = [];
const label = (title) => `[${results.length + 1}/${preparations.length + runners.length}] ${title}`;
const explain = (error) => (error instanceof StepFailed ? error.message : error.stack);

/** A preparation that fails ends the run: what follows would test something stale. */
async function prepare({ title, run }) {
  try {
    await step(label(title), run);
    results.push({ title });
    return true;
  } catch (error) {
    console.error(explain(error));
    results.push({ title, counts: { passed: 0, failed: 1, skipped: 0 }, seconds: 0 });
    return false;
  }
}

/** A runner that fails does not keep the others from running. */
async function runTests({ title, run }) {
  const start = performance.now();
  let counts;
  await step(label(title), async () => {
    try {
      counts = await run();
    } catch (error) {
      counts = {
        passed: 0,
        failed: 1,
        skipped: 0,
        output: explain(error),
        reason: 'it could not be run',
      };
    }
    const text = `${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`;
    return counts.failed ? { failed: text } : text;
  });
  if (counts.failed)
    console.error(
      `${counts.output.trimEnd()}\n${counts.reason ? `${title}: ${counts.reason}\n` : ''}`,
    );
  results.push({ title, counts, seconds: (performance.now() - start) / 1000 });
}

function summarise() {
  const counted = results.filter(({ counts }) => counts);
  const width = Math.max(...counted.map(({ title }) => title.length));
  console.log(`\n${'Summary'.padEnd(width)}  passed  failed  skipped  seconds`);
  for (const { title, counts, seconds } of counted)
    console.log(
      [
        title.padEnd(width),
        `${counts.passed}`.padStart(6),
        `${counts.failed}`.padStart(6),
        `${counts.skipped}`.padStart(7),
        seconds.toFixed(1).padStart(7),
      ].join('  '),
    );
  const sum = (key) => counted.reduce((total, { counts }) => total + counts[key], 0);
  const [passed, failed] = [sum('passed'), sum('failed')];
  if (failed) console.log(`(logs: ${paths.logs})`);
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

let prepared = true;
for (const preparation of preparations) if (!(prepared = await prepare(preparation))) break;
if (prepared) for (const runner of runners) await runTests(runner);
process.exitCode = summarise() ? 0 : 1;
