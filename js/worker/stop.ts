// How a page ends what its worker is computing: no message arrives while WebAssembly runs, so the worker looks by itself.

/**
 * What a call carries: memory that page and worker share or, on a page that is not cross-origin isolated and has none, the address
 * of a blob. To stop, the page writes a 1, or revokes the address.
 */
export type StopFlag = Int32Array<SharedArrayBuffer> | string;

export interface Stop {
  flag: StopFlag;
  request(): void;
  /** To be called when nobody waits for the call any more. */
  release(): void;
}

/** The page's side. undefined where there is neither kind: the call then ends where it next waits. */
export function createStop(): Stop | undefined {
  if (typeof SharedArrayBuffer !== 'undefined') {
    const flag = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    return { flag, request: () => void Atomics.store(flag, 0, 1), release: () => undefined };
  }
  if (typeof XMLHttpRequest === 'undefined') return undefined;
  const flag = createBlobAddress();
  const revoke = (): void => URL.revokeObjectURL(flag);
  return { flag, request: revoke, release: revoke };
}

/** Milliseconds between two looks at an address, each of which takes about one. */
const betweenLooks = 25;

/** Whether this worker may read blobs at all, which its Content-Security-Policy (connect-src) may forbid; once it is known. */
let readsBlobs: boolean | undefined;

/** The worker's side: whether the page has said stop. */
export function stopRequested(flag: StopFlag): () => boolean {
  if (typeof flag !== 'string') return () => Atomics.load(flag, 0) === 1;
  let next = performance.now() + betweenLooks;
  return () => {
    if (readsBlobs === false || performance.now() < next) return false;
    readsBlobs ??= canReadOwnBlob();
    // A blob may also be unreadable because the engine is short of something: then its own is, too.
    const isGone = readsBlobs && !canRead(flag) && canReadOwnBlob();
    next = performance.now() + betweenLooks;
    return isGone;
  };
}

const createBlobAddress = (): string => URL.createObjectURL(new Blob(['.']));

function canReadOwnBlob(): boolean {
  const address = createBlobAddress();
  try {
    return canRead(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

function canRead(address: string): boolean {
  const request = new XMLHttpRequest();
  try {
    request.open('GET', address, false);
    request.send();
    return request.status === 200;
  } catch {
    return false;
  }
}
