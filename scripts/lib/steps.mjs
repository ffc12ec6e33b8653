// Shows what a script is doing and how far it is: "[2/6] wasm simd128 … 12 s". Knows no step by itself.
import { paths } from './paths.mjs';

export class StepFailed extends Error {}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

let current; // the step under way, for the progress lines of run.mjs

/** Runs `steps` in order: `[{ title, run }]`; `run` returns a short remark such as "up to date". Stops at the first failure. */
export async function runSteps(steps) {
  for (const [i, { title, run }] of steps.entries())
    await step(`[${i + 1}/${steps.length}] ${title}`, run);
}

/** Runs one step under `label` and says how long it took. A remark that is { failed: text } marks it as failed. */
export async function step(label, run) {
  current = { label, since: performance.now(), heard: performance.now() };
  if (process.stdout.isTTY) process.stdout.write(`${label} …`);
  else console.log(`${label} …`);
  try {
    const remark = await run();
    const text = remark?.failed ?? remark;
    finish(
      `${remark?.failed ? '✗' : '✓'} ${label}${text ? `: ${text}` : ''} (${seconds(current.since)})`,
    );
    return remark;
  } catch (error) {
    finish(`✗ ${label} (${seconds(current.since)})`);
    throw error;
  } finally {
    current = undefined;
  }
}

/** A line of output from the work under way: the terminal's last line follows it, a log gets one every ten seconds. */
export function progress(line) {
  if (!current) return;
  const text = `${current.label} … ${seconds(current.since)}  ${line.trim()}`;
  if (process.stdout.isTTY) {
    process.stdout.write(`\r\x1b[K${text.slice(0, (process.stdout.columns || 80) - 1)}`);
  } else if (performance.now() - current.heard > 10_000) {
    current.heard = performance.now();
    console.log(`    ${text}`);
  }
}

function finish(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}\n`);
  else console.log(text);
}

/** Ends the process with a message instead of a stack when `main` fails in a way that was foreseen. */
export async function exitOnFailure(main) {
  try {
    await main();
  } catch (error) {
    console.error(`\n${error instanceof StepFailed ? error.message : error.stack}`);
    console.error(`(logs: ${paths.logs})`);
    process.exit(1);
  }
}
