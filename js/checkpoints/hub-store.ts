// Where files of a hub are kept between visits: values by key, each written whole or not at all. Knows no hub.
import { fail } from '../core/errors.js';
import type { CacheOptions } from './types.js';

/** Keys are paths of encoded segments, 'a/b/c'. Two writers of one key may race: either value is then whole. */
export interface HubStore {
  get(key: string): Promise<Uint8Array | undefined>;
  /** May throw where there is no more room. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** Of all values whose key begins with `prefix`. */
  keys(prefix: string): Promise<string[]>;
  delete(prefix: string): Promise<void>;
}

/** One segment of a key: safe as part of a URL and as a file's name on every system. */
export function segment(text: string): string {
  const encoded = encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  );
  return encoded.replace(/^\.+/, (dots) => '%2e'.repeat(dots.length));
}

export function unsegment(encoded: string): string {
  return decodeURIComponent(encoded);
}

export type OpenStore = (options: CacheOptions) => HubStore | undefined;

const cacheName = 'attention-lab-hub';
/** Cache Storage's keys are addresses; nothing is ever fetched from this one. */
const root = 'https://attention-lab.invalid/';

/** The store of a browser. */
export function openWebStore({ cacheDir }: CacheOptions): HubStore | undefined {
  if (cacheDir !== undefined)
    fail(
      'invalid_argument',
      'cacheDir: a browser keeps downloads in its Cache Storage; only Node has folders',
    );
  return webStore();
}

/** False in a page that was not served securely, and in a sandboxed frame, where even asking throws. */
function hasCaches(): boolean {
  try {
    return typeof caches !== 'undefined';
  } catch {
    return false;
  }
}

/** A browser's Cache Storage; undefined where there is none. */
function webStore(): HubStore | undefined {
  if (!hasCaches()) return undefined;
  const open = (): Promise<Cache> => caches.open(cacheName);
  const keys = async (prefix: string): Promise<string[]> => {
    const requests = await (await open()).keys();
    return requests
      .map(({ url }) => url.slice(root.length))
      .filter((key) => key.startsWith(prefix));
  };
  return {
    keys,
    async get(key) {
      const response = await (await open()).match(root + key);
      return response && new Uint8Array(await response.arrayBuffer());
    },
    async put(key, value) {
      await (await open()).put(root + key, new Response(value as Uint8Array<ArrayBuffer>));
    },
    async delete(prefix) {
      const cache = await open();
      for (const key of await keys(prefix)) await cache.delete(root + key);
    },
  };
}
