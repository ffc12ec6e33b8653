// libFuzzer over the C++ core: half of the time with AddressSanitizer, half as 32 bits with UBSan, where sizes overflow as in
// wasm. Cases and what they cover are kept in build/, a small corpus in tests/fuzz/native/corpus.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildNativeFuzzer } from '../lib/cpp.mjs';
import { paths } from '../lib/paths.mjs';
import { capture } from '../lib/run.mjs';
import { installFuzzCompiler } from '../lib/toolchain.mjs';

export const title = 'C++ core, libFuzzer (ASan; UBSan in 32 bits)';
/** Of one core of a laptop, or fewer. */
export const casesInMinute = 8_000;

const builds = ['fuzz', 'fuzz32'];
const program = (build) => join(paths.build, build, 'attention_lab_fuzz');
const kept = ['corpus', 'found'].map((name) => join(paths.root, 'tests', 'fuzz', 'native', name));

async function prepare() {
  await installFuzzCompiler();
  for (const build of builds) await buildNativeFuzzer(build);
}

/** libFuzzer's own count: "Done N runs", or, after a crash, the last "#N". */
function casesOf(output) {
  const done = output.match(/Done (\d+) runs/)?.[1];
  return Number(done ?? [...output.matchAll(/^#(\d+)\s/gm)].at(-1)?.[1] ?? 0);
}

function failuresOf(output, code, folder, before) {
  if (code === 0) return [];
  const files = readdirSync(folder).filter((file) => !before.has(file));
  const message = output
    .split('\n')
    .filter((line) => /ERROR|runtime error|what\(\)|^\s+#\d/.test(line));
  return (files.length > 0 ? files : ['(no file: see build/log)']).map((file) => ({
    file: join(folder, file),
    message: message.slice(0, 20).join('\n') || `libFuzzer ended with ${code}`,
  }));
}

/** With a number of `cases` they are the same ones every time: those from the small corpus in git, not from one that grew. */
async function fuzz(build, { seconds, seed, cases }) {
  const found = join(paths.build, 'fuzz-found', build);
  const grown = join(paths.build, cases === undefined ? 'fuzz-corpus' : 'fuzz-once', build);
  if (cases !== undefined) rmSync(grown, { recursive: true, force: true });
  for (const folder of [found, grown]) mkdirSync(folder, { recursive: true });
  const before = new Set(readdirSync(found));
  const { code, output } = await capture(
    [
      program(build),
      grown,
      ...kept,
      `-max_total_time=${Math.max(1, Math.round(seconds))}`,
      ...(cases === undefined ? [] : [`-runs=${cases}`]),
      `-seed=${seed + 1}`, // 0 is libFuzzer's word for the clock
      `-artifact_prefix=${found}/`,
      '-max_len=1024',
      '-timeout=60',
      '-rss_limit_mb=3000',
      '-print_final_stats=1',
    ],
    { log: `fuzz-${build}` },
  );
  return { cases: casesOf(output), failures: failuresOf(output, code, found, before) };
}

const both = (results) => ({
  cases: results.reduce((sum, { cases }) => sum + cases, 0),
  failures: results.flatMap(({ failures }) => failures),
});

export async function run({ seconds, seed, cases }) {
  await prepare();
  const each = { seconds: seconds / 2, seed, ...(cases && { cases: Math.ceil(cases / 2) }) };
  const results = [];
  for (const build of builds) results.push(await fuzz(build, each));
  return both(results);
}

export async function replay(file) {
  await prepare();
  const results = [];
  for (const build of builds) {
    const { code, output } = await capture([program(build), file], { log: `fuzz-${build}` });
    results.push({
      cases: 1,
      failures: code === 0 ? [] : [{ file, message: `${build}:\n${output.trimEnd()}` }],
    });
  }
  return both(results);
}
