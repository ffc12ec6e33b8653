// Folders that every platform can read: a URL over fetch, File objects, and a map of bytes.
import { fail, rethrow } from '../core/errors.js';
import type { HubOptions, ModelSource } from './types.js';
import { entriesOf, plainArray, reading, typedArrayKind } from '../core/plain.js';
import { describe, isMap, namedEntries } from '../core/validation.js';
import type { Folder, FolderFile } from './folder.js';
import { hubFolder, localOrHub, refuseHubOptions } from './hub.js';
import { isExplicit, isHubId, isSentHubId, type SentHubId } from './hub-id.js';
import { openWebStore } from './hub-store.js';
import { checkNotHtml, discard, responseFile } from './response-file.js';

export function openWebFolder(source: ModelSource | SentHubId, options: HubOptions = {}): Folder {
  if (isSentHubId(source))
    return localOrHub(urlFolder(new URL(source.folder)), source.id, options, openWebStore(options));
  if (typeof source === 'string' && isHubId(source)) {
    return isExplicit(options)
      ? hubFolder(source, options, openWebStore(options))
      : localOrHub(urlFolder(resolveUrl(source)), source, options, openWebStore(options));
  }
  refuseHubOptions(options);
  if (source instanceof URL) return urlFolder(source);
  if (typeof source === 'string') return urlFolder(resolveUrl(checkSource(source)));
  return isMap(source) ? bytesFolder(source) : filesFolder(checkFiles(source));
}

/** A path or an address that may be one. */
export function checkSource(source: string): string {
  if (source.trim() === '' || source.includes('\0'))
    fail(
      'invalid_argument',
      `source: expected a URL, a path or a hub id 'org/name', got ${describe(source)}`,
    );
  return source;
}

/** What else a source without a slash may have been meant for, as part of an error. */
export function hubHint(source: string): string {
  return /^[A-Za-z0-9][\w.-]*$/.test(source)
    ? ` (a model of a hub is 'org/name', as 'openai-community/gpt2')`
    : '';
}

/** Relative addresses are the page's; a worker or Node without a page needs an absolute one. */
function resolveUrl(source: string): URL {
  try {
    return new URL(source, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch (error) {
    fail('invalid_argument', `source: expected a URL of a folder, got ${describe(source)}`, error);
  }
}

export function urlFolder(source: URL): Folder {
  const base = new URL(source);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  return {
    name: base.href,
    async open(file, signal, optional = false) {
      const url = new URL(file, base);
      url.search = base.search; // signed addresses carry their token there
      let response: Response;
      try {
        response = await fetch(url, signal ? { signal } : {});
      } catch (error) {
        rethrow(error, signal, url.href, 'network');
      }
      const { status } = response;
      if (status === 404 || status === 410 || (optional && status === 403))
        return discard(response, null);
      if (!response.ok) {
        await discard(response, null);
        fail(
          'network',
          `${url.href}: expected the file, got status ${response.status} ${response.statusText}`.trimEnd(),
        );
      }
      return checkNotHtml(responseFile(response, url.href, signal));
    },
  };
}

function checkFiles(source: unknown): File[] {
  const isList = reading(
    'source',
    () =>
      typeof source === 'object' &&
      source !== null &&
      typedArrayKind(source) === undefined &&
      typeof (source as FileList).length === 'number',
  );
  if (!isList)
    fail(
      'invalid_argument',
      `source: expected a URL, a path, File objects or a Map of bytes, got ${describe(source)}`,
    );
  const list = entriesOf('source', source as readonly unknown[]);
  return list.map((file, index) => {
    if (!(file instanceof Blob) || typeof (file as File).name !== 'string') {
      fail('invalid_argument', `source[${index}]: expected a File, got ${describe(file)}`);
    }
    return file as File;
  });
}

/** Files picked one by one or as a folder; of several with one name the one highest up counts. */
function filesFolder(files: readonly File[]): Folder {
  const depth = (file: File): number => (file.webkitRelativePath || file.name).split('/').length;
  return {
    name: `the ${files.length} files given`,
    open(name) {
      const found = files
        .filter((file) => `/${file.webkitRelativePath || file.name}`.endsWith(`/${name}`))
        .sort((a, b) => depth(a) - depth(b))[0];
      return Promise.resolve(found ? blobFile(found) : null);
    },
  };
}

function bytesFolder(given: ReadonlyMap<string, Uint8Array>): Folder {
  const files = new Map<string, Uint8Array>();
  for (const [name, bytes] of namedEntries<Uint8Array>('source', given)) {
    const own = reading(`source: ${describe(name)}`, () => plainArray('Uint8Array', bytes));
    if (own === undefined)
      fail(
        'invalid_argument',
        `source: ${String(name).slice(0, 60)}: expected a Uint8Array, got ${describe(bytes)}`,
      );
    files.set(name, own);
  }
  return {
    name: `the ${files.size} files given`,
    open(name) {
      const bytes = files.get(name);
      return Promise.resolve(bytes ? bytesFile(name, bytes) : null);
    },
  };
}

function bytesFile(name: string, bytes: Uint8Array): FolderFile {
  return {
    name,
    size: bytes.length,
    sizeHint: bytes.length,
    async *chunks() {
      yield bytes;
    },
  };
}

function blobFile(file: File): FolderFile {
  return {
    name: file.name,
    size: file.size,
    sizeHint: file.size,
    async *chunks() {
      const step = 1 << 20;
      for (let start = 0; start < file.size; start += step) {
        try {
          yield new Uint8Array(await file.slice(start, start + step).arrayBuffer());
        } catch (error) {
          fail(
            'bad_checkpoint',
            `${file.name}: could not be read; was it changed since it was chosen?`,
            error,
          );
        }
      }
    },
  };
}
