// Gets a compiled WebAssembly.Module from a URL, Response, bytes or a module, and says which file was no wasm.
import { AttentionLabError, checkAborted, fail, messageOf, rethrow } from './errors.js';
import type { RuntimeOptions, VariantName } from './runtime-types.js';
import { describe } from './validation.js';
import { differenceIn, patched } from './wasm-patch.js';

/** Written out in full, because bundlers find a wasm file only by this exact expression. */
export function wasmUrl(variant: VariantName): URL {
  return variant === 'relaxed'
    ? new URL('./wasm/relaxed.wasm', import.meta.url)
    : new URL('./wasm/simd128.wasm', import.meta.url);
}

/** A file as it was read, and the name that errors say. */
export interface WasmFile {
  name: string;
  content: Response | ArrayBuffer | ArrayBufferView;
}

/** How an entry of the package reads a wasm file: over fetch, or in Node from the disk. */
export type ReadWasm = (source: string | URL, signal: AbortSignal | undefined) => Promise<WasmFile>;

/** The package's own file of a variant. */
export async function compileOwnWasm(
  variant: VariantName,
  read: ReadWasm,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  checkAborted(signal, 'wasm');
  const baseline = read(wasmUrl('simd128'), signal);
  if (variant === 'simd128') return compile(await baseline, signal);
  const [whole, difference] = await Promise.all([baseline, read(wasmUrl(variant), signal)]);
  return completed(await compile(difference, signal), () => bytesOf(whole, signal));
}

/** What the caller gives. The relaxed variant's file, a difference, is completed by simd128.wasm beside it, else by the package's own. */
export async function compileWasm(
  source: NonNullable<RuntimeOptions['wasm']>,
  read: ReadWasm,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  checkAborted(signal, 'wasm');
  const address = typeof source === 'string' || source instanceof URL ? String(source) : undefined;
  const module =
    source instanceof WebAssembly.Module
      ? source
      : await compile(address ? await read(source as string | URL, signal) : given(source), signal);
  return completed(module, async () => {
    const beside = address?.replace(/(?<=^|[\\/])relaxed\.wasm(?=$|[?#])/, 'simd128.wasm');
    const isOther = beside !== undefined && beside !== address;
    return bytesOf(await read(isOther ? beside : wasmUrl('simd128'), signal), signal);
  });
}

function given(source: NonNullable<RuntimeOptions['wasm']>): WasmFile {
  const name = 'wasm';
  if (typeof Response !== 'undefined' && source instanceof Response)
    return { name: source.url || name, content: source };
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return { name, content: source };
  fail(
    'invalid_argument',
    `wasm: expected a URL, Response, ArrayBuffer, Uint8Array or WebAssembly.Module, got ${describe(source)}`,
  );
}

export const fetchWasm: ReadWasm = async (source, signal) => {
  const url = String(source);
  try {
    const content = await fetch(url, signal ? { signal } : {});
    return { name: content.url || url, content };
  } catch (error) {
    rethrow(error, signal, url, 'wasm_load');
  }
};

async function compile(
  file: WasmFile,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  const { name, content } = file;
  // compileStreaming refuses every other type, even this one with a parameter, and many servers do not know .wasm.
  const isStream =
    'headers' in content &&
    content.ok &&
    content.headers.get('Content-Type') === 'application/wasm';
  try {
    if (isStream) return await WebAssembly.compileStreaming(content);
  } catch (error) {
    rethrow(error, signal, name, 'wasm_load');
  }
  return compileBytes(await bytesOf(file, signal), name);
}

async function bytesOf(
  { name, content }: WasmFile,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (ArrayBuffer.isView(content))
    return new Uint8Array(content.buffer as ArrayBuffer, content.byteOffset, content.byteLength);
  if (!('headers' in content)) return new Uint8Array(content);
  if (!content.ok)
    fail('wasm_load', `${name}: expected a WebAssembly file, got status ${content.status}`);
  try {
    return new Uint8Array(await content.arrayBuffer());
  } catch (error) {
    rethrow(error, signal, name, 'wasm_load');
  }
}

/** The module itself, or what it makes of the baseline. */
export async function completed(
  module: WebAssembly.Module,
  baseline: () => Promise<Uint8Array>,
): Promise<WebAssembly.Module> {
  const difference = differenceIn(module);
  return difference ? compileBytes(patched(await baseline(), difference), 'relaxed.wasm') : module;
}

const magic = [0x00, 0x61, 0x73, 0x6d];

export async function compileBytes(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
): Promise<WebAssembly.Module> {
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
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new AttentionLabError('wasm_load', `${name}: ${messageOf(error)}`, { cause: error });
  }
}
