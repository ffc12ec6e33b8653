// What travels between a page and its worker: calls keyed by id, replies, progress and aborts. No code but the transfers.
import type { ErrorCode } from '../core/errors.js';
import type { SweepProgress } from '../analysis/sweep-spec.js';
import type { Progress } from '../checkpoints/types.js';

/** What generate's onToken is told. */
export interface NewToken {
  token: number;
  text: string;
}

/** A call of a method. Object 0 is the runtime itself; others are what earlier calls created. */
export interface Call {
  id: number;
  object: number;
  method: string;
  args: unknown[];
  /** Whether progress, or each new token, is to be reported. */
  progress: boolean;
}

/** Abort the call of that id, or let go of an object. Neither is answered. */
export type Message = { call: Call } | { abort: number } | { release: number };

export type Reply =
  | { id: number; value: unknown }
  | { id: number; error: { code: ErrorCode; message: string } }
  | { id: number; progress: Progress | NewToken | SweepProgress };

/** The value of a call that created something: what its proxy needs without asking. */
export interface Created {
  object: number;
  facts: Record<string, unknown>;
}

/** A File on its way. */
export interface SentFile {
  blob: Blob;
  path: string;
}

/** One end of the connection. */
export interface Port {
  post(message: unknown, transfer: ArrayBuffer[]): void;
  listen(receive: (message: unknown) => void): void;
}

/** The buffers of all typed arrays in a result, to be moved instead of copied. */
export function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): Set<ArrayBuffer> {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (value instanceof Map || Array.isArray(value)) {
    for (const item of value.values()) buffersOf(item, found);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) buffersOf(item, found);
  }
  return found;
}
