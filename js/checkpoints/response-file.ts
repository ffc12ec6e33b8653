// A server's response as a file of a folder: its chunks, and whether it is a page of HTML instead.
import { fail, rethrow } from '../core/errors.js';
import type { FolderFile } from './folder.js';

export async function discard<T>(response: Response, value: T): Promise<T> {
  await response.body?.cancel();
  return value;
}

export function responseFile(
  response: Response,
  name: string,
  signal: AbortSignal | undefined,
): FolderFile {
  const length = Number(response.headers.get('Content-Length') ?? Number.NaN);
  // With a Content-Encoding the length is that of the compressed body.
  const honest =
    Number.isSafeInteger(length) && length > 0 && !response.headers.get('Content-Encoding');
  return {
    name,
    size: undefined,
    sizeHint: honest ? length : undefined,
    async *chunks() {
      if (response.body === null) return;
      try {
        yield* streamChunks(response.body);
      } catch (error) {
        rethrow(error, signal, name, 'network');
      }
    },
  };
}

/** The chunks of a stream, which is cancelled if the reader stops early. (Safari streams are not async iterables.) */
async function* streamChunks(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let finished = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        finished = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!finished) await reader.cancel().catch(() => undefined); // the first error is the one to report
    reader.releaseLock();
  }
}

/** No file of a checkpoint begins with "<": JSON begins with "{", and safetensors' first byte is followed by zeros. */
export async function checkNotHtml(file: FolderFile): Promise<FolderFile> {
  const chunks = file.chunks()[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (!first.done && /^\s*<(!doctype|html|head|\?xml|body|!--)/i.test(asciiStart(first.value))) {
    await chunks.return?.();
    fail(
      'file_missing',
      `${file.name}: expected the file, got an HTML page (a server's answer for unknown addresses)`,
    );
  }
  return {
    ...file,
    async *chunks() {
      try {
        for (let next = first; !next.done; next = await chunks.next()) yield next.value;
      } finally {
        await chunks.return?.();
      }
    },
  };
}

function asciiStart(bytes: Uint8Array): string {
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0; // byte order mark
  return String.fromCharCode(...bytes.subarray(start, start + 100));
}
