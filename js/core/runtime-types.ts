// How a runtime is started. No code.

export type VariantName = 'relaxed' | 'simd128';

export interface RuntimeOptions {
  variant?: 'auto' | VariantName;
  /** Where the wasm comes from, instead of the file beside the package. */
  wasm?: string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module | undefined;
  signal?: AbortSignal | undefined;
}

export interface WorkerRuntimeOptions extends RuntimeOptions {
  /** In a browser: a worker that runs the package's `worker-entry.js`, or a function that starts one, instead of our own. */
  worker?: Worker | (() => Worker) | undefined;
}
