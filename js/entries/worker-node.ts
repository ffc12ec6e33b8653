// attention-lab/worker in Node: a runtime in a worker thread of its own.
import { Worker } from 'node:worker_threads';
import { AttentionLabError, fail, messageOf } from '../core/errors.js';
import type { WorkerPort } from '../worker/connection.js';
import { startWorkerRuntime } from '../worker/client.js';
import type { WorkerRuntime } from '../worker/remote.js';
import type { RuntimeOptions } from '../core/runtime-types.js';

export * from './worker-public.js';

/** --input-type, --import and the like are for the caller's own script. */
const threadOptions = { execArgv: [] };

/** Starts a worker thread and a runtime in it. An idle one does not keep the process alive. */
export async function createWorkerRuntime(options?: RuntimeOptions): Promise<WorkerRuntime> {
  try {
    return await startWorkerRuntime(
      // Written out in full, because Turbopack finds a worker's script only by this exact expression.
      portOf(() => new Worker(new URL('./worker-entry-node.js', import.meta.url), threadOptions)),
      options,
    );
  } catch (error) {
    if (!(error instanceof AttentionLabError && error.code === 'worker_failed')) throw error;
    // webpack (Next's route handlers) makes that expression an address for browsers. It leaves this one alone.
    const own = import.meta.url;
    return startWorkerRuntime(
      portOf(() => new Worker(new URL('./worker-entry-node.js', own), threadOptions)),
      options,
    );
  }
}

function portOf(open: () => Worker): WorkerPort {
  let worker: Worker;
  try {
    worker = open();
  } catch (error) {
    fail('worker_failed', `the worker could not be started: ${messageOf(error)}`, error);
  }
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    listen: (receive) => worker.on('message', receive),
    onFailure: (failed) => {
      worker.on('error', failed);
      worker.on('messageerror', failed);
      worker.on('exit', (code) => failed(`it ended with code ${code}`));
    },
    hold: (waiting) => (waiting ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}
