// The package as a browser sees it: fetch and File, no Node built-in.
import { openWebStore } from './checkpoints/hub-store.js';
import { openWebFolder } from './checkpoints/web-folder.js';
import { startRuntime, type Runtime } from './runtime.js';
import type { RuntimeOptions } from './types.js';
import { fetchWasm } from './wasm.js';

export * from './public.js';

/** Loads the WebAssembly (nothing happens at import time) and gives back a runtime of its own memory. */
export function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  return startRuntime({ readWasm: fetchWasm, openFolder: openWebFolder, openStore: openWebStore }, options);
}
