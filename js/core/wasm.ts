// Gets a compiled WebAssembly.Module from a URL, Response, bytes or a module, and says which file was no wasm.
import { AttentionLabError, checkAborted, fail, messageOf, rethrow } from './errors.js';
import type { RuntimeOptions, VariantName } from './runtime-types.js';
import { describe } from './validation.js';

/** Written out in full, because bundlers find a wasm file only by this exact expression. */
export function wasmUrl(variant: VariantName): URL {
  return variant === 'relaxed'
    ? new URL('./wasm/relaxed.wasm', import.meta.url)
    : new URL('./wasm/simd128.wasm', import.meta.url);
}

/** How an entry of the package reads a wasm file: over fetch, or in Node from the disk. */
export type ReadWasm = (
  source: string | URL,
  signal: AbortSignal | undefined,
) => Promise<WebAssembly.Module>;

export async function compileWasm(
  source: NonNullable<RuntimeOptions['wasm']>,
  read: ReadWasm,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  checkAborted(signal, 'wasm');
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === 'string' || source instanceof URL) return read(source, signal);
  if (typeof Response !== 'undefined' && source instanceof Response)
    return compileResponse(source, 'wasm', signal);
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source))
    return compileBytes(source, 'wasm');
  fail(
    'invalid_argument',
    `wasm: expected a URL, Response, ArrayBuffer, Uint8Array or WebAssembly.Module, got ${describe(source)}`,
  );
}

export const fetchWasm: ReadWasm = async (source, signal) => {
  const url = String(source);
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (error) {
    rethrow(error, signal, url, 'wasm_load');
  }
  return compileResponse(response, url, signal);
};

async function compileResponse(
  response: Response,
  fallbackName: string,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  const name = response.url || fallbackName;
  if (!response.ok)
    fail('wasm_load', `${name}: expected a WebAssembly file, got status ${response.status}`);
  try {
    // compileStreaming refuses every other type, even this one with a parameter, and many servers do not know .wasm.
    if (response.headers.get('Content-Type') === 'application/wasm')
      return await WebAssembly.compileStreaming(response);
    return await compileBytes(await response.arrayBuffer(), name);
  } catch (error) {
    rethrow(error, signal, name, 'wasm_load');
  }
}

const magic = [0x00, 0x61, 0x73, 0x6d];

export async function compileBytes(
  source: ArrayBuffer | ArrayBufferView,
  name: string,
): Promise<WebAssembly.Module> {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  const head = bytes.subarray(0, 4);
  if (head.length < 4 || magic.some((byte, index) => byte !== head[index])) {
    const found =
      [...head].map((byte) => byte.toString(16).padStart(2, '0')).join(' ') || 'an empty file';
    const guess =
      head[0] === 0x3c
        ? ', the start of an HTML page: is the path right, and is the file served?'
        : '';
    fail('wasm_load', `${name}: expected a WebAssembly file (00 61 73 6d), found ${found}${guess}`);
  }
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (error) {
    throw new AttentionLabError('wasm_load', `${name}: ${messageOf(error)}`, { cause: error });
  }
}
