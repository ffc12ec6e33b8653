// attention-lab/worker in a browser: a runtime in a module worker of its own.
import { startWorkerRuntime, type WorkerRuntime } from '../worker/client.js';
import type { RuntimeOptions } from '../core/types.js';

export * from './worker-public.js';

/** Starts a worker and a runtime in it. The page stays free while it computes. */
export function createWorkerRuntime(options?: RuntimeOptions): Promise<WorkerRuntime> {
  const worker = new Worker(new URL('./worker-entry.js', import.meta.url), { type: 'module' });
  return startWorkerRuntime(
    {
      post: (message, transfer) => worker.postMessage(message, transfer),
      listen: (receive) => worker.addEventListener('message', ({ data }) => receive(data)),
      onFailure: (failed) => {
        worker.addEventListener('error', (event) =>
          failed(event.message || 'its script could not be loaded'),
        );
        worker.addEventListener('messageerror', () => failed('a message could not be read'));
      },
      hold: () => undefined,
      terminate: () => worker.terminate(),
    },
    options,
  );
}
