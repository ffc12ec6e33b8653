// npm run test:consumers: installs the bundlers and engines of tests/consumers, then tries the packed package in each of them.
import { join } from 'node:path';
import { packageSteps, setUpSteps } from './lib/build-steps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { installPackages } from './lib/packages.mjs';
import { paths } from './lib/paths.mjs';
import { nodeTests } from './lib/runners.mjs';
import { exitOnFailure, runSteps, StepFailed } from './lib/steps.mjs';

const folder = join(paths.root, 'tests', 'consumers');

await exitOnFailure(() =>
  runSteps([
    ...setUpSteps,
    { title: 'Chromium', run: findChromium },
    ...packageSteps,
    { title: 'consumers: npm packages', run: () => installPackages(folder) },
    {
      title: 'consumers',
      async run() {
        const { passed, failed, output } = await nodeTests('consumers', ['consumers'], {
          concurrency: 1,
        });
        if (failed) throw new StepFailed(output);
        return `${passed} passed`;
      },
    },
  ]),
);
