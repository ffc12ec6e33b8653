// Written by the build: files of dist/ inside a script, gzip in base64, for places where a bundler has lost the files themselves.

/** dist/wasm/simd128.wasm. */
export const packedWasm: string;
/** dist/wasm/relaxed.wasm, its difference from the other. */
export const packedRelaxed: string;
/** dist/worker-entry.js. */
export const packedWorker: string;
