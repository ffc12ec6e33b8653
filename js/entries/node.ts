// The package as Node sees it: as in a browser, plus wasm and checkpoints from the disk.
import { lazyPartsOf } from '../lazy.js';
import { openNodeFolder, openNodeStore, readNodeWasm } from './node-files.js';
import { startRuntime, type Runtime } from '../runtime.js';
import { sharedLoader } from '../shared.js';
import type { RuntimeOptions } from '../core/runtime-types.js';

export * from './public.js';

const lazyParts = lazyPartsOf(openNodeFolder, openNodeStore);

/** Where a bundler has lost the wasm files. */
async function unpackWasm(): Promise<WebAssembly.Module> {
  return (await import('./unpack.js')).unpackWasm();
}

/** Loads the WebAssembly (nothing happens at import time) and gives back a runtime of its own memory. */
export function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  return startRuntime({ readWasm: readNodeWasm, unpackWasm, lazyParts }, options);
}

/**
 * A model on a runtime that all calls of this function share: as `createRuntime().loadModel` with less to type. For memory that can
 * be given back as a whole, create a runtime of your own.
 */
export const loadModel = /* @__PURE__ */ sharedLoader(createRuntime);
