// The wasm and the worker's script out of the package's own scripts: for the inline entry, and where the files were lost.
import { compileBytes } from '../core/wasm.js';
import { packedWasm, packedWorker } from './packed.js';

/** Of the baseline variant, which every engine with SIMD runs. */
export async function unpackWasm(): Promise<WebAssembly.Module> {
  return compileBytes(await unpack(packedWasm), 'the wasm inside the script');
}

/** The script of a browser's worker. */
export async function unpackWorker(): Promise<string> {
  return new TextDecoder().decode(await unpack(packedWorker));
}

async function unpack(packed: string): Promise<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(unzipped).arrayBuffer();
}
