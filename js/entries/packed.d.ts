// Written by the build: files of dist/ inside a script, LZMA in base64, for places where a bundler has lost the files themselves.

/** dist/wasm/simd128.wasm. The other variant would be a tenth of this again. */
export const packedWasm: string;
/** dist/worker-entry.js, in one piece. */
export const packedWorker: string;
