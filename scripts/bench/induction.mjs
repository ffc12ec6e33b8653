// node scripts/bench/induction.mjs: how long Chromium takes, on one thread, until an induction head is there (docs/lessons.md).
// Needs `npm run build`. Prints a line for each variant and seed.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { findChromium } from '../lib/chromium.mjs';
import { variants } from '../lib/cpp.mjs';
import { paths } from '../lib/paths.mjs';
import { serve } from '../lib/serve.mjs';

const folder = join(paths.build, 'induction');
const seeds = [1, 2, 3];

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [fileURLToPath(new URL('induction-page.mjs', import.meta.url))],
  outfile: join(folder, 'page.js'),
  bundle: true,
  format: 'esm',
  plugins: [{
    name: 'package',
    setup: ({ onResolve }) => onResolve({ filter: /^attention-lab$/ }, () => ({ path: './dist/index.js', external: true })),
  }],
  logLevel: 'error',
});
cpSync(paths.dist, join(folder, 'dist'), { recursive: true });
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>induction</title><script type="module" src="./page.js"></script>');

const server = await serve(folder);
const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--headless', '--no-sandbox', '--disable-gpu'] });
try {
  for (const variant of variants) {
    for (const seed of seeds) {
      const page = await browser.newPage();
      await page.goto(server.url);
      await page.waitForFunction(() => 'trainToGoal' in window);
      const { steps, seconds, accuracy, head } = await page.evaluate((given) => window.trainToGoal(given), { variant, seed });
      console.log(`${variant}, seed ${seed}: ${(100 * accuracy).toFixed(2)} % after ${steps} steps, ${seconds.toFixed(1)} s; ` +
        `layer ${head.layer + 1}, head ${head.head + 1} gives the right place ${head.weight.toFixed(2)}`);
      await page.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
