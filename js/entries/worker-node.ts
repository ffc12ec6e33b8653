// attention-lab/worker in Node: a runtime in a worker thread of its own.
import { Worker } from 'node:worker_threads';
import { startWorkerRuntime, type WorkerRuntime } from '../worker/client.js';
import type { RuntimeOptions } from '../core/runtime-types.js';

export * from './worker-public.js';

/** Starts a worker thread and a runtime in it. An idle one does not keep the process alive. */
export function createWorkerRuntime(options?: RuntimeOptions): Promise<WorkerRuntime> {
  const worker = new Worker(new URL('./worker-entry-node.js', import.meta.url), {
    execArgv: [], // --input-type, --import and the like are for the caller's own script
  });
  return startWorkerRuntime(
    {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (receive) => worker.on('message', receive),
      onFailure: (failed) => {
        worker.on('error', failed);
        worker.on('messageerror', failed);
        worker.on('exit', (code) => failed(`it ended with code ${code}`));
      },
      hold: (waiting) => (waiting ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    },
    options,
  );
}
