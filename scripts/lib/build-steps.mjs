// The steps that several commands share: each is { title, run }, and none does anything twice.
import { buildWasmModule, variants } from './cpp.mjs';
import { buildDist } from './dist.mjs';
import { installPackages } from './packages.mjs';
import { buildPage } from './page.mjs';
import { emscripten } from './toolchain.mjs';

let toolchain;

/** The toolchain that `setUpSteps` found. */
export const foundToolchain = () => toolchain;

export const setUpSteps = [
  { title: 'npm packages', run: installPackages },
  { title: 'Emscripten', run: async () => (toolchain = await emscripten()).remark },
];

/** What makes dist/. */
export const packageSteps = [
  ...variants.map((variant) => ({
    title: `wasm, ${variant}`,
    run: () => buildWasmModule(toolchain, variant),
  })),
  { title: 'package (dist/)', run: buildDist },
];

export const buildSteps = [...packageSteps, { title: 'page (web/dist/)', run: buildPage }];
