// npm run measure [-- FOLDER …]: prints the README's table of sizes and times, measured on this machine. Checkpoints in FOLDERs are typed
// into as the generated ones are.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { buildSteps, setUpSteps } from './lib/build-steps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { variants } from './lib/cpp.mjs';
import { writeCheckpoint } from './lib/generated-checkpoints.mjs';
import { labTimings, textOf } from './lib/lab-timings.mjs';
import { paths } from './lib/paths.mjs';
import { run } from './lib/run.mjs';
import { serve } from './lib/serve.mjs';
import { exitOnFailure, runSteps, step } from './lib/steps.mjs';

const visits = 7;
const forwards = 300;
const model = 'coreference';
const sentence = 'the animal did not cross the street because the [MASK] was too tired .';

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} KB`;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const sum = (values) => values.reduce((total, value) => total + value, 0);

function wasmSizes() {
  return variants.map((variant) => {
    const bytes = readFileSync(join(paths.dist, 'wasm', `${variant}.wasm`));
    return [
      `wasm, ${variant}`,
      `${kilobytes(bytes.length)}, brotli ${kilobytes(brotliCompressSync(bytes).length)}`,
    ];
  });
}

async function packageSize() {
  const output = await run(
    ['npm', 'pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'],
    { log: 'npm-pack' },
  );
  const [{ size, unpackedSize }] = JSON.parse(output.slice(output.indexOf('[')));
  return [
    'package, both variants',
    `${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`,
  ];
}

/** One visit of somebody who was never here: when the first attention was on the screen. */
async function firstVisit(browser, url) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const start = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    await page.getByTestId('arc').first().waitFor();
    const milliseconds = performance.now() - start;
    await page.waitForTimeout(4000); // the copy for offline use is fetched after that
    return { milliseconds, end: start + milliseconds };
  } finally {
    await context.close();
  }
}

async function pageFigures(browser) {
  const sent = [];
  const server = await serve(paths.page, {
    onSent: (file) => sent.push({ ...file, at: performance.now() }),
  });
  const weight = (files) =>
    `${kilobytes(sum(files.map(({ bytes }) => bytes)))} as served (brotli), ${kilobytes(sum(files.map(({ raw }) => raw)))} raw, ${files.length} files`;
  try {
    await firstVisit(browser, server.url); // the server compresses each file once, as a host does before it serves
    const times = [];
    let end;
    for (let i = 0; i < visits; i++) {
      sent.length = 0;
      const visit = await firstVisit(browser, server.url);
      times.push(visit.milliseconds);
      end = visit.end;
    }
    return [
      ['first visit, until the first attention', weight(sent.filter(({ at }) => at <= end))],
      ['first visit, with the copy for offline use', weight(sent)],
      [
        'model within that, raw',
        kilobytes(statSync(join(paths.page, 'models', model, 'model.safetensors')).size),
      ],
      [
        'time to first attention, empty cache, local server',
        `${median(times).toFixed(0)} ms (median of ${visits})`,
      ],
    ];
  } finally {
    await server.close();
  }
}

/** What is typed into: a checkpoint, a text, keys. */
const typing = [
  { name: 'the model that ships', text: sentence, keys: 60 },
  { name: 'MiniLM’s shape, 12 words', model: 'minilm', text: textOf(12), keys: 60 },
  { name: 'MiniLM’s shape, 95 tokens', model: 'minilm', text: textOf(92), keys: 40 },
  { name: 'SPLADE’s shape, 95 tokens', model: 'splade', text: textOf(92), keys: 40 },
  { name: 'SmolLM2’s shape, 700 words pasted', model: 'smollm2', text: textOf(700), keys: 2 },
];

const milliseconds = (value) => `${value.toFixed(0)} ms`;

async function typingFigures(browser, folders) {
  const temporary = mkdtempSync(join(tmpdir(), 'attention-lab-measure-'));
  const server = await serve(paths.page);
  const given = folders.flatMap((folder) =>
    [12, 92].map((words) => ({
      name: `${basename(folder)}, ${words} words`,
      folder,
      text: textOf(words),
      keys: 30,
    })),
  );
  try {
    const rows = [];
    for (const { name, model, text, keys, folder } of [...typing, ...given]) {
      const path = folder ?? (model ? writeCheckpoint(temporary, model) : null);
      const { echo, answer, pasted, longestTask } = await labTimings(browser, server.url, {
        folder: path,
        text,
        keys,
      });
      rows.push([
        `typing, ${name}: text painted, answer painted (p95)`,
        `${milliseconds(echo.p95)}, ${milliseconds(answer.p95)}`,
      ]);
      rows.push([
        `typing, ${name}: answer to the paste, longest task of the page's thread`,
        `${milliseconds(pasted)}, ${longestTask === 0 ? 'under 50 ms' : milliseconds(longestTask)}`,
      ]);
      if (model) rmSync(path, { recursive: true });
    }
    return rows;
  } finally {
    await server.close();
    rmSync(temporary, { recursive: true });
  }
}

/** The package in Chromium, with the page's model and sentence, attention weights included. */
async function forwardTime(browser, variant) {
  const server = await serve(paths.root);
  const page = await browser.newPage();
  try {
    await page.goto(new URL('package.json', server.url).href);
    const { times, tokens } = await page.evaluate(
      async ({ variant, folder, sentence, forwards }) => {
        const { createRuntime } = await import('/dist/index.js');
        const runtime = await createRuntime({ variant });
        const model = await runtime.loadModel(new URL(folder, location.href));
        const { ids } = model.tokenizer.encode(sentence);
        const batch = 10; // browsers round their clock: one measurement is ten passes
        const times = [];
        for (let i = 0; i < forwards + 50; i++) {
          const start = performance.now();
          for (let j = 0; j < batch; j++)
            model.forward({ inputIds: ids }, { outputAttentions: true });
          if (i >= 50) times.push((performance.now() - start) / batch);
        }
        model.dispose();
        return { times, tokens: ids.length };
      },
      { variant, folder: `/web/public/models/${model}/`, sentence, forwards },
    );
    return [
      `forward pass with attentions, ${variant}, ${tokens} tokens`,
      `${median(times).toFixed(3)} ms (median of ${times.length})`,
    ];
  } finally {
    await page.close();
    await server.close();
  }
}

await exitOnFailure(async () => {
  await runSteps([...setUpSteps, { title: 'Chromium', run: findChromium }, ...buildSteps]);
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const rows = [...wasmSizes(), await packageSize()];
    await step('visits of the page', async () => void rows.push(...(await pageFigures(browser))));
    const folders = process.argv.slice(2).map((folder) => resolve(folder));
    await step(
      'typing in the Lab',
      async () => void rows.push(...(await typingFigures(browser, folders))),
    );
    for (const variant of variants)
      await step(
        `forward passes, ${variant}`,
        async () => void rows.push(await forwardTime(browser, variant)),
      );
    console.log(`\n| | measured (Chromium ${browser.version()}) |\n| --- | --- |`);
    for (const [name, value] of rows) console.log(`| ${name} | ${value} |`);
  } finally {
    await browser.close();
  }
});
