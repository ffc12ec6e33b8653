// How long Chromium takes, on one thread, until an induction head is there (docs/lessons.md): a row of npm run bench -- --browser, or
// alone, every variant, as node scripts/bench/induction.mjs. Needs `npm run build`.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { findChromium } from '../lib/chromium.mjs';
import { variants } from '../lib/cpp.mjs';
import { paths } from '../lib/paths.mjs';
import { serve } from '../lib/serve.mjs';
import { rowText } from './table.mjs';

const folder = join(paths.build, 'induction');
const limit = 30; // seconds until held-out examples are right to the lesson's goal

async function makePage() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL('induction-page.mjs', import.meta.url))],
    outfile: join(folder, 'page.js'),
    bundle: true,
    format: 'esm',
    plugins: [
      {
        name: 'package',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^attention-lab$/ }, () => ({
            path: './dist/index.js',
            external: true,
          })),
      },
    ],
    logLevel: 'error',
  });
  cpSync(paths.dist, join(folder, 'dist'), { recursive: true });
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><title>induction</title><script type="module" src="./page.js"></script>',
  );
}

/** A row for every seed, and how it went. */
export async function measureInduction(variant, seeds) {
  await makePage();
  const server = await serve(folder);
  const browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  try {
    const rows = [];
    for (const seed of seeds) {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => 'trainToGoal' in window);
      const run = await page.evaluate((given) => window.trainToGoal(given), { variant, seed });
      const { goal, accuracy, seconds, head } = run;
      const name =
        `induction in Chromium, ${variant}, seed ${seed}: ${(100 * accuracy).toFixed(2)} % after ${run.steps} steps, ` +
        `layer ${head.layer + 1}, head ${head.head + 1} gives the right place ${head.weight.toFixed(2)}`;
      rows.push({
        name,
        value: seconds,
        unit: 's',
        limit,
        met: accuracy >= goal && seconds <= limit,
        run,
      });
      await page.close();
    }
    return rows;
  } finally {
    await browser.close();
    await server.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const variant of variants)
    for (const row of await measureInduction(variant, [1, 2, 3])) console.log(rowText(row));
}
