// The package as a browser sees it: fetch and File, no Node built-in.
import { fail, messageOf } from '../core/errors.js';
import type { LazyParts } from '../lazy.js';
import { startRuntime, type Runtime } from '../runtime.js';
import { sharedLoader } from '../shared.js';
import type { RuntimeOptions } from '../core/runtime-types.js';
import { fetchWasm } from '../core/wasm.js';

export * from './public.js';

/** Loads the WebAssembly (nothing happens at import time) and gives back a runtime of its own memory. */
export function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  return startRuntime({ readWasm: fetchWasm, unpackWasm, lazyParts: loadLazyParts }, options);
}

/** Where a bundler has lost the wasm files. */
async function unpackWasm(): Promise<WebAssembly.Module> {
  return (await import('./unpack.js')).unpackWasm();
}

async function loadLazyParts(): Promise<LazyParts> {
  try {
    return (await import('./lazy-web.js')).lazyParts;
  } catch (error) {
    fail('network', `the package's other script could not be loaded: ${messageOf(error)}`, error);
  }
}

/**
 * A model on a runtime that all calls of this function share: as `createRuntime().loadModel` with less to type. For memory that can
 * be given back as a whole, create a runtime of your own.
 */
export const loadModel = /* @__PURE__ */ sharedLoader(createRuntime);
