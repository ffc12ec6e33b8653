// Runs a campaign of JavaScript in child processes: an abort or a hang ends one of them and counts as a failure of the case that it
// was at. A case is a function of the seed and its number, which is all that a file needs to replay it.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { paths } from '../lib/paths.mjs';

const child = fileURLToPath(new URL('child.mjs', import.meta.url));
/** Milliseconds without a new case after which a process counts as hung. */
const hung = 20_000;
/** Cases after which a new process continues: memory that grew stays. */
const processEnds = 20_000;
/** Failures after which a campaign has seen enough. */
const enough = 20;

const folder = () => {
  const found = join(paths.build, 'fuzz-found');
  mkdirSync(found, { recursive: true });
  return found;
};

function write(campaign, seed, number, message) {
  const file = join(folder(), `${campaign}-${seed}-${number}.json`);
  writeFileSync(file, `${JSON.stringify({ campaign, seed, case: number, message }, null, 2)}\n`);
  return { file, message: `${campaign}, seed ${seed}, case ${number}: ${message}` };
}

/** One process from case `first` on: { next, failures, isDone }. */
function runChild(campaign, { seed, first, count, until }) {
  const marker = join(folder(), `${campaign}-at`);
  writeFileSync(marker, String(first));
  const at = () => Number(readFileSync(marker, 'utf8').trim());
  const failures = [];
  return new Promise((resolve) => {
    const args = [campaign, seed, first, count, until ?? '', marker].map(String);
    const child_ = spawn(process.execPath, ['--experimental-wasm-relaxed-simd', child, ...args], {
      cwd: paths.root,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let next = first;
    let isDone = false;
    let errors = '';
    child_.stderr.on('data', (text) => (errors = (errors + text).slice(-4000)));
    child_.on('message', (message) => {
      if (message.failure) failures.push(write(campaign, seed, message.case, message.failure));
      if (message.done !== undefined) {
        isDone = true;
        next = message.done;
      }
    });
    let seen = [first, Date.now()];
    const watch = setInterval(() => {
      const now = at();
      if (now !== seen[0]) seen = [now, Date.now()];
      else if (Date.now() - seen[1] > hung) {
        failures.push(write(campaign, seed, now, `no answer within ${hung / 1000} s`));
        child_.kill('SIGKILL');
      }
    }, 500);
    child_.on('exit', (code, signal) => {
      clearInterval(watch);
      if (!isDone) {
        const stopped = at();
        if (!failures.some(({ file }) => file.endsWith(`-${stopped}.json`)))
          failures.push(
            write(campaign, seed, stopped, `the process ended (${signal ?? code})\n${errors}`),
          );
        next = stopped + 1;
      }
      resolve({ next, failures, isDone });
    });
  });
}

/** { run, replay } of a campaign whose cases are in `scripts/fuzz/NAME-cases.mjs`. */
export function campaign(name) {
  return {
    async run({ seconds, seed, cases = Infinity }) {
      const until = Date.now() + seconds * 1000;
      const failures = [];
      let next = 0;
      while (Date.now() < until && next < cases && failures.length < enough) {
        const count = Math.min(processEnds, cases - next);
        const ended = await runChild(name, { seed, first: next, count, until });
        failures.push(...ended.failures);
        next = ended.next;
      }
      return { cases: next, failures };
    },
    async replay(file) {
      const { seed, case: number } = JSON.parse(readFileSync(file, 'utf8'));
      const { failures } = await runChild(name, { seed, first: number, count: 1 });
      return { cases: 1, failures };
    },
  };
}
