// The package as Node sees it: as in a browser, and besides it reads wasm and checkpoints from the disk.
import { laterOf } from './later.js';
import { openNodeFolder, openNodeStore, readNodeWasm } from './node-files.js';
import { startRuntime, type Runtime } from '../core/runtime.js';
import type { RuntimeOptions } from '../core/types.js';

export * from './public.js';

const later = laterOf(openNodeFolder, openNodeStore);

/** Where a bundler has lost the wasm files. */
async function unpackWasm(): Promise<WebAssembly.Module> {
  return (await import('./unpack.js')).unpackWasm();
}

/** Loads the WebAssembly (nothing happens at import time) and gives back a runtime of its own memory. */
export function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  return startRuntime({ readWasm: readNodeWasm, unpackWasm, later }, options);
}
