// The files of a hub in a folder of the disk. Values are written to a temporary file and renamed, so that another
// process sees all of one or nothing.
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fail, messageOf } from '../core/errors.js';
import type { HubStore } from './hub-store.js';

const unfinished = /\.unfinished-[\w-]+$/;

/** $XDG_CACHE_HOME/attention-lab/hub, or the same below ~/.cache. */
export function defaultCacheDir(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'attention-lab', 'hub');
}

export function nodeStore(folder: string): HubStore {
  const pathOf = (key: string): string => join(folder, ...key.split('/'));
  return {
    async get(key) {
      return unlessMissing(readFile(pathOf(key)), undefined);
    },
    async put(key, value) {
      const path = pathOf(key);
      const temporary = `${path}.unfinished-${randomUUID()}`;
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(temporary, value);
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
    async keys(prefix) {
      const found = await unlessMissing(
        readdir(folder, { recursive: true, withFileTypes: true }),
        [],
      );
      return found
        .filter((entry) => entry.isFile() && !unfinished.test(entry.name))
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .split(/[\\/]/)
            .join('/'),
        )
        .filter((key) => key.startsWith(prefix));
    },
    async delete(prefix) {
      const path = pathOf(prefix.replace(/\/$/, ''));
      await unlessMissing(rm(path, { recursive: true, force: true }), undefined);
    },
  };
}

async function unlessMissing<T, Otherwise>(
  value: Promise<T>,
  otherwise: Otherwise,
): Promise<T | Otherwise> {
  try {
    return await value;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return otherwise;
    fail('invalid_argument', `cacheDir: could not be read: ${messageOf(error)}`, error);
  }
}
