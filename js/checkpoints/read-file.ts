// Reads whole files that came with a checkpoint, bounded in size, as bytes or as text.
import { callAndWait } from '../core/callbacks.js';
import { checkAborted, fail } from '../core/errors.js';
import type { FolderFile, ReportProgress } from './folder.js';

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
