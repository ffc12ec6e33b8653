// How a runtime is started. No code.
import type { Global, WasmModule } from './global.js';

export type VariantName = 'relaxed' | 'simd128';

export interface RuntimeOptions {
  variant?: 'auto' | VariantName;
  /** Where the wasm comes from, instead of the file beside the package. */
  wasm?:
    string | Global<'URL'> | Global<'Response'> | ArrayBuffer | Uint8Array | WasmModule | undefined;
  signal?: Global<'AbortSignal'> | undefined;
}

export interface WorkerRuntimeOptions extends RuntimeOptions {
  /** In a browser: a worker that runs the package's `worker-entry.js`, or a function that starts one, instead of our own. */
  worker?: Global<'Worker'> | (() => Global<'Worker'>) | undefined;
}
