// How a browser starts the worker: from its file, from one the caller gives, or from the copy inside the package's scripts.
import { AttentionLabError, fail, messageOf } from '../core/errors.js';
import type { RuntimeOptions, WorkerRuntimeOptions } from '../core/runtime-types.js';
import { checkKeys, describe } from '../core/validation.js';
import { chooseVariant } from '../core/variant.js';
import { startWorkerRuntime } from '../worker/client.js';
import type { WorkerRuntime } from '../worker/remote.js';
import type { WorkerPort } from '../worker/connection.js';
import type * as Unpack from './unpack.js';

const optionKeys = new Set(['worker', 'variant', 'wasm', 'signal']);

/** Errors of a worker whose files are not where the package expects them. */
const lostFiles = new Set(['worker_failed', 'wasm_load', 'network']);

/**
 * `open` starts the worker from its file; where there is none to be had (a bundler that did not copy it, another origin), the
 * packed copy runs from a Blob, with the wasm inside the scripts.
 */
export async function startBrowserWorker(
  given: WorkerRuntimeOptions | undefined,
  open: (() => Worker) | undefined,
  unpack: () => Promise<typeof Unpack>,
): Promise<WorkerRuntime> {
  const { worker, ...options } = checkKeys('options', given, optionKeys);
  if (worker !== undefined)
    return startWorkerRuntime(
      portOf(() => ownWorker(worker)),
      options,
    );
  if (typeof Worker === 'undefined')
    fail(
      'unsupported_engine',
      'there is no Worker here (a service worker has none): use createRuntime',
    );
  if (!open) return startPacked(options, unpack);
  try {
    return await startWorkerRuntime(portOf(trusting(open)), options);
  } catch (error) {
    const isLost = error instanceof AttentionLabError && lostFiles.has(error.code);
    if (!isLost || options.wasm !== undefined) throw error;
    try {
      return await startPacked(options, unpack);
    } catch (second) {
      fail(
        'worker_failed',
        `${error.message}; nor could its copy inside the package start: ${messageOf(second)}`,
        error,
      );
    }
  }
}

async function startPacked(
  options: RuntimeOptions,
  unpack: () => Promise<typeof Unpack>,
): Promise<WorkerRuntime> {
  const { unpackWasm, unpackWorker } = await unpack();
  await chooseVariant(options.variant); // or the engine cannot run it
  const wasm = options.wasm ?? (await unpackWasm());
  const script = new Blob([unpackWorker()], { type: 'text/javascript' });
  const url = URL.createObjectURL(script);
  try {
    return await startWorkerRuntime(
      portOf(() => new Worker(trusted(url) as string)), // classic: a frame without an origin refuses modules
      { ...options, wasm },
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/**
 * Under Trusted Types a worker's address must come from a policy, while bundlers find the worker only where its address is
 * written out as an argument of `new Worker`: there the constructor is replaced for that one call, to learn the address.
 */
function trusting(open: () => Worker): () => Worker {
  if (!('trustedTypes' in globalThis)) return open;
  return () => {
    const { Worker: RealWorker } = globalThis;
    try {
      globalThis.Worker = function (url: string | URL, options?: WorkerOptions) {
        return new RealWorker(trusted(String(url)) as string, options);
      } as unknown as typeof Worker;
      return open();
    } finally {
      globalThis.Worker = RealWorker;
    }
  };
}

/** Under `require-trusted-types-for 'script'` a worker's address needs a policy: `trusted-types attention-lab` allows it. */
function trusted(url: string): unknown {
  const { trustedTypes } = globalThis as {
    trustedTypes?: {
      createPolicy(
        name: string,
        rules: { createScriptURL(url: string): string },
      ): { createScriptURL(url: string): unknown };
    };
  };
  if (!trustedTypes) return url;
  try {
    policy ??= trustedTypes.createPolicy('attention-lab', { createScriptURL: (own) => own });
  } catch {
    return url; // the page allows no such policy; it may not ask for one either
  }
  return policy.createScriptURL(url);
}

let policy: { createScriptURL(url: string): unknown } | undefined;

function ownWorker(given: Worker | (() => Worker)): Worker {
  const worker = typeof given === 'function' ? given() : given;
  if (typeof worker?.postMessage !== 'function')
    fail(
      'invalid_argument',
      `worker: expected a Worker, or a function that makes one, got ${describe(worker)}`,
    );
  return worker;
}

/** Opens the worker; what the constructor throws (another origin, no address) becomes an AttentionLabError. */
function portOf(open: () => Worker): WorkerPort {
  let worker: Worker;
  try {
    worker = open();
  } catch (error) {
    if (error instanceof AttentionLabError) throw error;
    fail('worker_failed', `the worker could not be started: ${messageOf(error)}`, error);
  }
  return {
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
  };
}
