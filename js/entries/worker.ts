// attention-lab/worker in a browser: a runtime in a module worker of its own.
import type { WorkerRuntimeOptions } from '../core/runtime-types.js';
import type { WorkerRuntime } from '../worker/remote.js';
import { startBrowserWorker } from './browser-worker.js';

export * from './worker-public.js';

/** Starts a worker and a runtime in it. The page stays free while it computes. */
export function createWorkerRuntime(options?: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  return startBrowserWorker(
    options,
    // Written out in full, because bundlers find a worker's script only by this exact expression.
    () => new Worker(new URL('./worker-entry.js', import.meta.url), { type: 'module' }),
    () => import('./unpack.js'),
  );
}
