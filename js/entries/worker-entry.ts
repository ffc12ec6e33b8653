// The script of a browser's worker: serves a runtime over the worker's own messages.
import { lazyParts } from './lazy-web.js';
import { startRuntime } from '../runtime.js';
import { fetchWasm } from '../core/wasm.js';
import { serve } from '../worker/server.js';

/** The part of DedicatedWorkerGlobalScope that is used; TypeScript's library of it excludes the page's. */
const scope = globalThis as unknown as {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
};

serve(
  {
    post: (message, transfer) => scope.postMessage(message, transfer),
    listen: (receive) => scope.addEventListener('message', ({ data }) => receive(data)),
  },
  // All in one script: bundlers refuse a worker in parts unless told otherwise.
  (options) => startRuntime({ readWasm: fetchWasm, lazyParts }, options),
);
