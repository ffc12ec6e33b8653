// npm run setup: installs everything that building and testing need, so that both work offline afterwards.
import { setUpSteps } from './lib/build-steps.mjs';
import { findChromium } from './lib/chromium.mjs';
import { exitOnFailure, runSteps } from './lib/steps.mjs';
import { installCompiler } from './lib/toolchain.mjs';

await exitOnFailure(() =>
  runSteps([
    ...setUpSteps,
    { title: 'C++ compiler and libraries', run: installCompiler },
    { title: 'Chromium', run: findChromium },
  ]),
);
