// Files from the disk in Node: wasm modules and checkpoint folders. With hub-store-node.ts the only file that knows Node's built-ins.
import { existsSync } from 'node:fs';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Folder, FolderFile } from '../checkpoints/folder.js';
import { hubFolder, refuseHubOptions } from '../checkpoints/hub.js';
import { isExplicit, isHubId } from '../checkpoints/hub-id.js';
import type { HubStore } from '../checkpoints/hub-store.js';
import { checkSource, hubHint, openWebFolder, urlFolder } from '../checkpoints/web-folder.js';
import { fail, rethrow } from '../core/errors.js';
import { defaultCacheDir, nodeStore } from '../checkpoints/hub-store-node.js';
import type { CacheOptions, HubOptions, ModelSource } from '../checkpoints/types.js';
import { checkString, describe } from '../core/validation.js';
import { fetchWasm, type ReadWasm } from '../core/wasm.js';

/** The path that a string or file: URL means, or undefined for an address to be fetched. */
function asPath(source: string | URL): string | undefined {
  const text = String(source);
  if (/^file:/i.test(text)) {
    try {
      return fileURLToPath(text);
    } catch (error) {
      fail('invalid_argument', `${text}: expected the URL of a file`, error);
    }
  }
  return source instanceof URL || /^(https?|data|blob):/i.test(text) ? undefined : text;
}

export const readNodeWasm: ReadWasm = async (source, signal) => {
  const path = asPath(source);
  if (path === undefined) return fetchWasm(source, signal);
  try {
    return { name: path, content: await readFile(path, { signal }) };
  } catch (error) {
    rethrow(error, signal, path, 'wasm_load');
  }
};

export function openNodeFolder(source: ModelSource, options: HubOptions = {}): Folder {
  if (
    typeof source === 'string' &&
    isHubId(source) &&
    (isExplicit(options) || !existsSync(source))
  ) {
    const folder = hubFolder(source, options, openNodeStore(options));
    return isExplicit(options)
      ? folder
      : { ...folder, name: `the folder ${source}, nor in ${folder.name}` };
  }
  refuseHubOptions(options);
  if (typeof source !== 'string' && !(source instanceof URL)) return openWebFolder(source);
  const path = asPath(source);
  return path === undefined ? urlFolder(new URL(source)) : pathFolder(checkSource(path));
}

export function openNodeStore({ cacheDir }: CacheOptions): HubStore {
  if (cacheDir === undefined) return nodeStore(defaultCacheDir());
  if (checkString('cacheDir', cacheDir).includes('\0'))
    fail('invalid_argument', `cacheDir: expected a path, got ${describe(cacheDir)}`);
  return nodeStore(resolve(cacheDir));
}

function pathFolder(folder: string): Folder {
  return {
    name: `${folder}${hubHint(folder)}`,
    async open(name, signal) {
      const path = join(folder, name);
      try {
        const found = await stat(path);
        if (!found.isFile()) fail('file_missing', `${path}: expected a file, found none`);
        return pathFile(path, found.size, signal);
      } catch (error) {
        if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
          return null;
        rethrow(error, signal, path, 'file_missing');
      }
    },
  };
}

function pathFile(path: string, size: number, signal: AbortSignal | undefined): FolderFile {
  return {
    name: path,
    size,
    sizeHint: size,
    async *chunks() {
      let handle: FileHandle | undefined;
      try {
        handle = await open(path);
        const buffer = new Uint8Array(1 << 20);
        for (;;) {
          const { bytesRead } = await handle.read(buffer, 0, buffer.length);
          if (bytesRead === 0) return;
          yield buffer.subarray(0, bytesRead); // the reader is done with it when it asks for the next
        }
      } catch (error) {
        rethrow(error, signal, path, 'file_missing');
      } finally {
        await handle?.close();
      }
    },
  };
}
