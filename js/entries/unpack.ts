// The wasm and the worker's script out of the package's own scripts: for the inline entry, and where the files were lost.
import type { VariantName } from '../core/runtime-types.js';
import { compileBytes, completed } from '../core/wasm.js';
import { packedRelaxed, packedWasm, packedWorker } from './packed.js';

/** A variant of the wasm. */
export async function unpackWasm(variant: VariantName): Promise<WebAssembly.Module> {
  const baseline = await unpack(packedWasm);
  const name = 'the wasm inside the script';
  return variant === 'simd128'
    ? compileBytes(baseline, name)
    : completed(await compileBytes(await unpack(packedRelaxed), name), async () => baseline);
}

/** The script of a browser's worker. */
export async function unpackWorker(): Promise<string> {
  return new TextDecoder().decode(await unpack(packedWorker));
}

async function unpack(packed: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const unzipped = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unzipped).arrayBuffer());
}
