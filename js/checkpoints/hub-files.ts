// One file of a hub: from what is kept, from the network, or from both. Goes on where a download broke off, and tells in
// words why a hub refuses. A plain GET says all that is asked, so that a browser needs no preflight request.
import { AttentionLabError, checkAborted, fail, messageOf, rethrow } from '../core/errors.js';
import { sha256 as sha256Of } from '@noble/hashes/sha2.js';
import type { FolderFile } from './folder.js';
import {
  dropNote,
  hexadecimal,
  isWhole,
  PartWriter,
  readNote,
  storedParts,
  writeNote,
  type HubFileAddress,
  type Note,
} from './hub-cache.js';
import type { HubStore } from './hub-store.js';
import { checkNotHtml, discard, responseFile } from './response-file.js';

export interface HubRequest extends HubFileAddress {
  token: string | undefined;
  signal: AbortSignal | undefined;
  /** Told the commit that the server resolved the revision to. */
  onCommit(commit: string): void;
}

/** Waits, in milliseconds, before each further attempt at a download that broke off and does not get on. */
const waits = [0, 250, 500, 1000];

/** null: there is no such file. */
export async function openHubFile(
  at: HubRequest,
  given: HubStore | undefined,
): Promise<FolderFile | null> {
  const store = given && forgiving(given);
  const note = store && (await wholeNote(store, at));
  if (store && note && isCommit(at.revision)) return storedFile(store, at, note); // a commit never changes
  const begun = store && (await readNote(store, 'begun', at));
  const partial = begun ? await storedLength(store, at, begun) : 0;
  let response: Response;
  try {
    response = await request(at, partial);
  } catch (error) {
    return kept(store, at, note, error);
  }
  if (response.status >= 500 || response.status === 429) {
    const status = statusOf(response);
    await discard(response, null);
    return kept(
      store,
      at,
      note,
      new AttentionLabError('network', `${urlOf(at)}: the hub answered with status ${status}`),
    );
  }
  const commit = response.headers.get('X-Repo-Commit') ?? undefined;
  if (commit !== undefined) at.onCommit(commit);
  if (isMissing(response)) {
    if (store) await keep(writeNote(store, 'whole', at, { etag: '', missing: true }));
    return discard(response, null);
  }
  if (
    partial > 0 &&
    (response.status === 416 || (response.status === 206 && !continues(response, partial, begun!)))
  ) {
    await discard(response, null); // not the version that was begun
    await dropNote(store!, 'begun', at);
    return openHubFile(at, store);
  }
  await refuse(at, response);
  const etag = etagOf(response);
  if (store && note && etag !== '' && etag === note.etag)
    return discard(response, storedFile(store, at, note));
  return download(at, store, response, response.status === 206 ? partial : 0);
}

/** A store that cannot be read has nothing. */
function forgiving(store: HubStore): HubStore {
  return {
    get: (key) => store.get(key).catch(() => undefined),
    keys: (prefix) => store.keys(prefix).catch(() => []),
    put: (key, value) => store.put(key, value),
    delete: (prefix) => store.delete(prefix).catch(() => undefined),
  };
}

async function wholeNote(store: HubStore, at: HubRequest): Promise<Note | undefined> {
  const note = await readNote(store, 'whole', at);
  return note && (await isWhole(store, at, note)) ? note : undefined;
}

/** What is kept, where the hub cannot be asked. */
function kept(
  store: HubStore | undefined,
  at: HubRequest,
  note: Note | undefined,
  error: unknown,
): FolderFile | null {
  checkAborted(at.signal, urlOf(at));
  if (store && note) return storedFile(store, at, note);
  rethrow(error, at.signal, urlOf(at), 'network');
}

function storedFile(store: HubStore, at: HubRequest, note: Note): FolderFile | null {
  if (note.missing) return null;
  return {
    name: urlOf(at),
    size: note.size,
    sizeHint: note.size,
    chunks: () => storedParts(store, at, note.etag),
  };
}

async function storedLength(store: HubStore, at: HubRequest, note: Note): Promise<number> {
  let length = 0;
  for await (const part of storedParts(store, at, note.etag)) length += part.length;
  return length;
}

function urlOf({ hub, repo, revision, file }: HubFileAddress): string {
  return `${hub}/${repo}/resolve/${encodeURIComponent(revision)}/${file.split('/').map(encodeURIComponent).join('/')}`;
}

async function request(at: HubRequest, from: number): Promise<Response> {
  const headers: Record<string, string> = {};
  if (from > 0) headers['Range'] = `bytes=${from}-`;
  if (at.token !== undefined) headers['Authorization'] = `Bearer ${at.token}`;
  // What is kept is ours to decide: not the browser's HTTP cache as well, which would hold every weight twice.
  return fetch(urlOf(at), { headers, cache: 'no-store', ...(at.signal && { signal: at.signal }) });
}

function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

function etagOf(response: Response): string {
  return (response.headers.get('ETag') ?? '').replace(/^W\//, '').replace(/^"|"$/g, '');
}

/** The file's sha256, where the hub says it: the ETag of what git-lfs and Xet keep. */
function expectedDigest(response: Response): string | undefined {
  const linked = response.headers.get('X-Linked-ETag')?.replace(/^"|"$/g, '');
  return [linked, etagOf(response)].find(
    (etag) => etag !== undefined && /^[0-9a-f]{64}$/.test(etag),
  );
}

/** Bytes that are not those that the hub names: thrown when they have all come, and worth another attempt. */
export class WrongBytes extends AttentionLabError {
  constructor(url: string, sha256: string) {
    super(
      'network',
      `${url}: the bytes that came are not those of sha256 ${sha256}, which the hub names; load it again`,
    );
  }
}

/** An incremental sha256, in hexadecimal: the platform's takes only what is all there. */
class Sha256 {
  readonly #hash = sha256Of.create();

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): string {
    return hexadecimal(this.#hash.digest());
  }
}

/** Whether a partial answer is the rest of the version that was begun. */
function continues(response: Response, from: number, note: Pick<Note, 'etag' | 'size'>): boolean {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(
    response.headers.get('Content-Range') ?? `bytes ${from}-0/*`,
  );
  if (!range || Number(range[1]) !== from || etagOf(response) !== note.etag) return false;
  return note.size === undefined || range[2] === '*' || Number(range[2]) === note.size;
}

/** A file of the repository is not there, as against a revision or a repository. */
function isMissing(response: Response): boolean {
  const code = response.headers.get('X-Error-Code');
  return (
    (response.status === 404 || response.status === 410) &&
    (code === null || code === 'EntryNotFound')
  );
}

/** What to do about an answer that is not the file. */
async function refuse(at: HubRequest, response: Response): Promise<void> {
  if (response.ok) return;
  const { hub, repo, revision } = at;
  const code = response.headers.get('X-Error-Code');
  await discard(response, null);
  const spelling = `check how ${repo} is spelt`;
  if (code === 'RevisionNotFound')
    fail(
      'file_missing',
      `${urlOf(at)}: ${repo} has no revision "${revision}"; check how it is spelt`,
    );
  if (code === 'GatedRepo' || response.status === 403) {
    const advice = `accept its terms at ${hub}/${repo}, and pass the token of an account that has`;
    fail('network', `${urlOf(at)}: ${repo} is gated (status ${response.status}): ${advice}`);
  }
  if (response.status === 401) {
    const reason =
      at.token === undefined
        ? 'is private, gated or not there'
        : 'is not there, or not for this token';
    fail(
      'network',
      `${urlOf(at)}: ${repo} ${reason} (status 401): ${spelling}, or pass the token of an account that may read it`,
    );
  }
  if (response.status === 404)
    fail('file_missing', `${urlOf(at)}: the hub has no ${repo} (status 404): ${spelling}`);
  fail('network', `${urlOf(at)}: expected the file, got status ${statusOf(response)}`);
}

const statusOf = ({ status, statusText }: Response): string => `${status} ${statusText}`.trimEnd();

/** A download from byte `from` on, after what is kept. Its bytes are kept as they pass. */
async function download(
  at: HubRequest,
  store: HubStore | undefined,
  response: Response,
  from: number,
): Promise<FolderFile> {
  const etag = etagOf(response);
  const sha256 = expectedDigest(response);
  const plain = !response.headers.get('Content-Encoding'); // else ranges would count other bytes than we see
  const length = Number(response.headers.get('Content-Length') ?? Number.NaN);
  const total = plain && Number.isSafeInteger(length) ? from + length : undefined;
  const commit = response.headers.get('X-Repo-Commit');
  const version: Note = {
    etag,
    ...(total !== undefined && { size: total }),
    ...(commit !== null && { commit }),
  };
  let body = responseFile(response, urlOf(at), at.signal);
  if (from === 0) body = await checkNotHtml(body);
  const isResumable = plain && etag !== '';
  if (store && isResumable) await keep(writeNote(store, 'begun', at, version));
  return {
    name: urlOf(at),
    size: undefined,
    sizeHint: total,
    async *chunks() {
      const writer = new PartWriter(store, at, etag);
      const hash = sha256 === undefined ? undefined : new Sha256();
      let received = 0;
      let isDone = false;
      let isBroken = true; // as the reader found them who stopped reading, or as the hub's sha256 says
      try {
        if (from > 0) {
          for await (const part of storedParts(store!, at, etag)) {
            await writer.skip(part);
            hash?.update(part);
            received += part.length;
            yield part;
          }
          if (received !== from)
            fail(
              'network',
              `${urlOf(at)}: what was kept of it changed while it was loaded; load it again`,
            );
        }
        for await (const chunk of goingOn(at, body, version, received, isResumable)) {
          received += chunk.length;
          await writer.write(chunk);
          hash?.update(chunk);
          yield chunk;
        }
        if (hash && hash.digest() !== sha256) throw new WrongBytes(urlOf(at), sha256!);
        isDone = true;
      } catch (error) {
        isBroken = error instanceof WrongBytes;
        throw error;
      } finally {
        const isKept = await writer.flush();
        if (store && isDone && isKept)
          await keep(
            writeNote(store, 'whole', at, { ...version, size: received, parts: writer.digests }),
          );
        if (store && (isDone || (isBroken && !at.signal?.aborted) || !isResumable || !isKept))
          await keep(dropNote(store, 'begun', at));
      }
    },
  };
}

/** The body, and where it breaks off, the rest of it from further requests. */
async function* goingOn(
  at: HubRequest,
  body: FolderFile,
  version: Note,
  received: number,
  isResumable: boolean,
): AsyncGenerator<Uint8Array> {
  for (let failures = 0; ;) {
    try {
      for await (const chunk of body.chunks()) {
        failures = 0;
        received += chunk.length;
        yield chunk;
      }
      if (received === (version.size ?? received)) return;
      fail('network', 'the connection was closed');
    } catch (error) {
      let reason: unknown = error;
      for (let rest: FolderFile | undefined; !rest;) {
        checkAborted(at.signal, urlOf(at));
        if (!isResumable) rethrow(reason, at.signal, urlOf(at), 'network');
        if (failures === waits.length) {
          fail(
            'network',
            `${urlOf(at)}: broke off after ${received} bytes (${messageOf(reason)}); load it again to go on from there`,
            reason,
          );
        }
        await pause(waits[failures++]!, at.signal);
        try {
          rest = await requestRest(at, received, version);
        } catch (again) {
          reason = again;
        }
        if (rest) body = rest;
      }
    }
  }
}

/** The file from byte `from` on. A server without ranges sends the whole file, whose first bytes are skipped. */
async function requestRest(at: HubRequest, from: number, version: Note): Promise<FolderFile> {
  const response = await request(at, from);
  const rest = responseFile(response, urlOf(at), at.signal);
  if (response.status === 206 && continues(response, from, version)) return rest;
  if (response.status === 200 && etagOf(response) === version.etag)
    return { ...rest, chunks: () => after(from, rest.chunks()) };
  const status = statusOf(response);
  await discard(response, null);
  fail('network', `asked for the rest, the hub answered with status ${status} or another version`);
}

async function* after(
  count: number,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (chunk.length > count) yield chunk.subarray(count);
    count = Math.max(count - chunk.length, 0);
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/** Keeping is a help, never a must. */
async function keep(writing: Promise<void>): Promise<void> {
  await writing.catch(() => undefined);
}
