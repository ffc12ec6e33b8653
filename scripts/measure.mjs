// npm run measure: prints the README's table of sizes and times, measured on this machine.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { buildSteps, setUpSteps } from './lib/build-steps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { variants } from './lib/cpp.mjs';
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
