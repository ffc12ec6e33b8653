// Reads whole files that came with a checkpoint, bounded in size: bytes, texts, and JSON, bounded in depth and free of duplicate keys.
import { callAndWait } from '../core/callbacks.js';
import { checkAborted, fail, messageOf } from '../core/errors.js';
import type { FolderFile, ReportProgress } from './folder.js';

const deepest = 64;

/** The text of a whole file of at most `largest` bytes. */
export async function readText(
  file: FolderFile,
  largest: number,
  report: ReportProgress,
  signal: AbortSignal | undefined,
): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of boundedChunks(file, largest, report, signal))
    text += decode(file.name, () => decoder.decode(chunk, { stream: true }));
  return text + decode(file.name, () => decoder.decode());
}

/** The bytes of a whole file of at most `largest`. */
export async function readBytes(
  file: FolderFile,
  largest: number,
  report: ReportProgress,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of boundedChunks(file, largest, report, signal)) {
    chunks.push(chunk.slice()); // a chunk is the reader's until it asks for the next
    size += chunk.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

async function* boundedChunks(
  file: FolderFile,
  largest: number,
  report: ReportProgress,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let loaded = 0;
  for await (const chunk of file.chunks()) {
    checkAborted(signal, file.name);
    if (loaded === 0) refusePointer(file.name, chunk);
    loaded += chunk.length;
    if (loaded > largest)
      fail('bad_checkpoint', `${file.name}: expected at most ${largest} bytes, got more`);
    yield chunk;
    const total = plausible(file.sizeHint, loaded);
    await callAndWait('onProgress', report, { file: file.name, loaded, total });
  }
}

/** The first line of a pointer is "version" and the address of git-lfs's specification. */
const pointer = /^version (\S*git-lfs|$)/;

/** A file that git-lfs keeps elsewhere: a clone without it has a few lines of text in its place. */
export function refusePointer(name: string, start: Uint8Array): void {
  if (pointer.test(String.fromCharCode(...start.subarray(0, 40))))
    fail(
      'bad_checkpoint',
      `${name}: expected the file, got the pointer that git-lfs keeps in its place; run "git lfs pull" in the folder`,
    );
}

export function decode(name: string, decodeText: () => string): string {
  try {
    return decodeText();
  } catch (error) {
    fail('bad_checkpoint', `${name}: expected UTF-8 text, got other bytes`, error);
  }
}

/** A total that has already been passed was wrong. */
export function plausible(total: number | undefined, loaded: number): number | undefined {
  return total !== undefined && total >= loaded ? total : undefined;
}

/** Any JSON value, or an error that names the file. */
export function parseJson(name: string, text: string): unknown {
  checkNesting(name, text);
  try {
    return parse(text);
  } catch (error) {
    fail('bad_checkpoint', `${name}: expected JSON: ${messageOf(error)}`, error);
  }
}

const nan = '\u0000NaN';

/** JSON, and what Python's json module writes besides: Infinity, -Infinity and NaN. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/Infinity|NaN/.test(text)) throw error;
    const numbers: Readonly<Record<string, string>> = {
      Infinity: '1e999',
      '-Infinity': '-1e999',
      NaN: JSON.stringify(nan),
    };
    const written = text.replace(
      /"(?:[^"\\]|\\[^])*"|-?Infinity|NaN/g,
      (token) => numbers[token] ?? token,
    );
    return JSON.parse(written, (_, value: unknown) => (value === nan ? NaN : value));
  }
}

/** The text of a JSON value, its numbers as Python writes and reads them. */
export function writeJson(value: unknown): string {
  const names = new Map<unknown, string>([
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
    [NaN, 'NaN'],
  ]);
  const marked = JSON.stringify(
    value,
    (_, item: unknown) => (names.has(item) ? `\u0000${names.get(item)}` : item),
    2,
  );
  return `${marked.replace(/"\\u0000(-?Infinity|NaN)"/g, '$1')}\n`;
}

/** An object, or an error that names the file. */
export function parseObject(name: string, text: string): Record<string, unknown> {
  const value = parseJson(name, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(
      'bad_checkpoint',
      `${name}: expected a JSON object, got ${JSON.stringify(value).slice(0, 40)}`,
    );
  }
  return value as Record<string, unknown>;
}

/** One pass over the text, sound or not: refuses deep nesting and a key that appears twice in one object. */
function checkNesting(name: string, text: string): void {
  const open: (Set<string> | null)[] = []; // the keys of each open object; null for an array
  let expectsKey = false;
  const token = /"(?:[^"\\]|\\[^])*"|[{}[\],]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const piece = match[0];
    if (piece === '{' || piece === '[') {
      open.push(piece === '{' ? new Set() : null);
      if (open.length > deepest)
        fail('bad_checkpoint', `${name}: expected JSON at most ${deepest} levels deep, got more`);
      expectsKey = piece === '{';
    } else if (piece === '}' || piece === ']') {
      open.pop();
      expectsKey = false;
    } else if (piece === ',') {
      expectsKey = open.at(-1) instanceof Set;
    } else if (expectsKey) {
      const keys = open.at(-1)!;
      const key = unescape(piece);
      if (keys.has(key))
        fail('bad_checkpoint', `${name}: the key "${key.slice(0, 60)}" appears twice`);
      keys.add(key);
      expectsKey = false;
    }
  }
}

function unescape(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // JSON.parse of the whole text reports it
  }
}
