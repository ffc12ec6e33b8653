// The wasm and the worker's script out of the package's own scripts: for the inline entry, and where the files were lost.
import { Decoder, InputBuffer, OutputBuffer } from 'lzma1/decoder';
import { compileBytes } from '../core/wasm.js';
import { packedWasm, packedWorker } from './packed.js';

/** The wasm, as `simd128`. */
export function unpackWasm(): Promise<WebAssembly.Module> {
  return compileBytes(unpack(packedWasm), 'the wasm inside the script');
}

/** The script of a browser's worker. */
export function unpackWorker(): string {
  return new TextDecoder().decode(unpack(packedWorker));
}

function unpack(packed: string): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const unpacked = new OutputBuffer(4 * bytes.length);
  new Decoder().decompress(new InputBuffer(bytes), unpacked);
  return unpacked.toArray();
}
