// What is kept of a hub's files: for each file of a revision a note of its version, and that version's bytes in parts.
import type { CachedModel } from './types.js';
import { segment, unsegment, type HubStore } from './hub-store.js';

/** Of a part but the last. Small enough to hold one in memory, large enough that there are few. */
export const partSize = 1 << 22;

/** Where a file lies on a hub. */
export interface HubFileAddress {
  /** The hub's address, without a slash at the end. */
  hub: string;
  repo: string;
  revision: string;
  file: string;
}

/** What is known of a file of a revision. */
export interface Note {
  /** The server's ETag, without W/ and quotes; '' where it gives none. */
  etag: string;
  /** Bytes, once they are known. */
  size?: number;
  /** The sha256 of every part, once they are all there: a part that was changed since is no part of it. */
  parts?: string[];
  /** The commit that the server resolved the revision to. */
  commit?: string;
  /** There is no such file. */
  missing?: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const repoKey = ({ hub, repo }: Pick<HubFileAddress, 'hub' | 'repo'>): string =>
  `${segment(hub)}/${segment(repo)}/`;
const versionKey = (at: HubFileAddress, etag: string): string =>
  `${repoKey(at)}bytes/${segment(at.file)}/${segment(`v${etag}`)}/`;

/** A file's version that is kept whole, and one whose download has begun: the first serves until the second is whole. */
type Kind = 'whole' | 'begun';
const noteKey = (kind: Kind, at: HubFileAddress): string =>
  `${repoKey(at)}${kind}/${segment(at.revision)}/${segment(at.file)}`;

export async function readNote(
  store: HubStore,
  kind: Kind,
  at: HubFileAddress,
): Promise<Note | undefined> {
  const bytes = await store.get(noteKey(kind, at));
  try {
    const note = bytes && (JSON.parse(decoder.decode(bytes)) as Note);
    return typeof note?.etag === 'string' ? note : undefined;
  } catch {
    return undefined; // by another version of this package
  }
}

export async function writeNote(
  store: HubStore,
  kind: Kind,
  at: HubFileAddress,
  note: Note,
): Promise<void> {
  const before = await readNote(store, kind, at);
  await store.put(noteKey(kind, at), encoder.encode(JSON.stringify(note)));
  if (before && before.etag !== note.etag) await dropVersion(store, at, before.etag);
}

export async function dropNote(store: HubStore, kind: Kind, at: HubFileAddress): Promise<void> {
  const note = await readNote(store, kind, at);
  await store.delete(noteKey(kind, at));
  if (note) await dropVersion(store, at, note.etag);
}

/** Drops the bytes of a version that no note names, of this revision or another. */
async function dropVersion(store: HubStore, at: HubFileAddress, etag: string): Promise<void> {
  for (const key of await store.keys(repoKey(at))) {
    const [, , kind, revision, file] = key.split('/').map(unsegment);
    if (kind === 'bytes' || file !== at.file) continue;
    if ((await readNote(store, kind as Kind, { ...at, revision: revision! }))?.etag === etag)
      return;
  }
  await store.delete(versionKey(at, etag));
}

/** Whether the bytes are all there, and as they were: a browser may drop what it keeps, and a disk is anybody's. */
export async function isWhole(
  store: HubStore,
  at: HubFileAddress,
  { etag, size = 0, missing, parts }: Note,
): Promise<boolean> {
  if (missing) return true;
  const count = Math.ceil(size / partSize);
  if (!Array.isArray(parts) || parts.length !== count) return false;
  for (let part = 0; part < count; ++part) {
    const bytes = await store.get(`${versionKey(at, etag)}${part}`);
    if (bytes?.length !== Math.min(partSize, size - part * partSize)) return false;
    if ((await digestOf(bytes)) !== parts[part]) return false;
  }
  return true;
}

/** The sha256 of a part, in hexadecimal; where the platform has none, its length tells little, but something. */
async function digestOf(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (!subtle) return `length ${bytes.length}`;
  return hexadecimal(
    new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)),
  );
}

export function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes that are kept of a version, from its start. */
export async function* storedParts(
  store: HubStore,
  at: HubFileAddress,
  etag: string,
): AsyncGenerator<Uint8Array> {
  for (let part = 0; ; ++part) {
    const bytes = await store.get(`${versionKey(at, etag)}${part}`);
    if (!bytes) return;
    yield bytes;
    if (bytes.length < partSize) return;
  }
}

/** Writes the bytes of a version part by part. Where there is no more room it stops keeping, and says so at the end. */
export class PartWriter {
  #part = 0;
  #filled = 0;
  #buffer = new Uint8Array(partSize);
  readonly #digests: string[] = [];
  #store: HubStore | undefined;

  constructor(
    store: HubStore | undefined,
    private readonly at: HubFileAddress,
    private readonly etag: string,
  ) {
    this.#store = store;
  }

  /** Of what was written, once it is flushed. */
  get digests(): string[] {
    return [...this.#digests];
  }

  /** Takes bytes that are stored already. */
  async skip(stored: Uint8Array): Promise<void> {
    if (stored.length === partSize) {
      this.#digests.push(await digestOf(stored));
      this.#part += 1;
    } else {
      this.#buffer.set(stored);
      this.#filled = stored.length;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length && this.#store;) {
      const piece = bytes.subarray(at, at + partSize - this.#filled);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < partSize) return;
      await this.#put(this.#buffer);
      this.#part += 1;
      this.#filled = 0;
    }
  }

  /** Writes the part begun, unless another writer has more of it; whether everything is kept. */
  async flush(): Promise<boolean> {
    if (this.#store && this.#filled > 0) {
      const stored = await this.#store.get(`${versionKey(this.at, this.etag)}${this.#part}`);
      const bytes = this.#buffer.subarray(0, this.#filled);
      if ((stored?.length ?? 0) < this.#filled) await this.#put(bytes);
      else this.#digests[this.#part] = await digestOf(bytes);
    }
    return this.#store !== undefined;
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#digests[this.#part] = await digestOf(bytes);
    try {
      await this.#store?.put(`${versionKey(this.at, this.etag)}${this.#part}`, bytes);
    } catch {
      this.#store = undefined; // no more room: what is loaded is still right
    }
  }
}

/** What is kept, by repository and revision. */
export async function listModels(store: HubStore): Promise<CachedModel[]> {
  const models = new Map<string, CachedModel>();
  for (const key of await store.keys('')) {
    const [hub, repo, kind, revision, file] = key.split('/').map(unsegment);
    if (kind !== 'whole' && kind !== 'begun') continue;
    const at = { hub: hub!, repo: repo!, revision: revision!, file: file! };
    const note = await readNote(store, kind, at);
    if (!note || note.missing) continue;
    const name = JSON.stringify([at.hub, at.repo, at.revision]);
    const model = models.get(name) ?? {
      hub: at.hub,
      repo: at.repo,
      revision: at.revision,
      bytes: 0,
      complete: true,
    };
    models.set(name, model);
    if (kind === 'whole') model.bytes += note.size ?? 0;
    else {
      for await (const part of storedParts(store, at, note.etag)) model.bytes += part.length;
      model.complete = false;
    }
  }
  return [...models.values()];
}

/** Drops what is kept: of one repository, or everything. */
export async function clearModels(store: HubStore, repo: string | undefined): Promise<void> {
  const owned = new Set((await store.keys('')).map((key) => key.split('/').slice(0, 2).join('/')));
  for (const prefix of owned) {
    if (repo === undefined || unsegment(prefix.split('/')[1] ?? '') === repo)
      await store.delete(`${prefix}/`);
  }
}
