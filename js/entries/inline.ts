// attention-lab/inline: the whole package in scripts, wasm and worker included; no file beside them, no dynamic import.
import type { RuntimeOptions, WorkerRuntimeOptions } from '../core/runtime-types.js';
import { startRuntime, type Runtime } from '../runtime.js';
import { sharedLoader } from '../shared.js';
import { chooseVariant } from '../core/variant.js';
import { fetchWasm } from '../core/wasm.js';
import type { WorkerRuntime } from '../worker/remote.js';
import { startBrowserWorker } from './browser-worker.js';
import { lazyParts } from './lazy-web.js';
import * as unpack from './unpack.js';

export * from './public.js';
export type * from './worker-public.js';

/** A runtime of its own memory; the wasm inside the script is `simd128`, unless `wasm` says otherwise. */
export async function createRuntime(options?: RuntimeOptions): Promise<Runtime> {
  await chooseVariant(options?.variant); // or the engine cannot run it
  const wasm = options?.wasm ?? (await unpack.unpackWasm());
  return startRuntime({ readWasm: fetchWasm, lazyParts }, { ...options, wasm });
}

/** Starts a worker from a Blob and a runtime in it. A Content-Security-Policy must allow `worker-src blob:`. */
export function createWorkerRuntime(options?: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  return startBrowserWorker(options, undefined, () => Promise.resolve(unpack));
}

/**
 * A model on a runtime that all calls of this function share: as `createRuntime().loadModel` with less to type. For memory that can
 * be given back as a whole, create a runtime of your own.
 */
export const loadModel = /* @__PURE__ */ sharedLoader(createRuntime);
