// What travels between a page and its worker: calls keyed by id, replies, reports and aborts. No code but the transfers.
import type { ErrorCode } from '../core/errors.js';
import type { StopFlag } from './stop.js';

/** An option of a call by its place: which argument, and the option's name. */
export type OptionPlace = [argument: number, name: string];

/** A call of a method. Object 0 is the runtime itself; others are what earlier calls created. */
export interface Call {
  id: number;
  object: number;
  method: string;
  args: unknown[];
  /** Options that are functions of the caller's: what they are called with is reported. */
  callbacks: OptionPlace[];
  /** Options that are the signal by which the call is aborted. */
  signals: OptionPlace[];
  /** How it is ended inside of WebAssembly, where the abort's message does not arrive. */
  stop: StopFlag | undefined;
}

/** Abort the call of that id, or let go of an object. Neither is answered. */
export type Message = { call: Call } | { abort: number } | { release: number };

/** What an object's properties have become since they were last told. */
export type Changes = [object: number, values: Record<string, unknown>][];

export type Reply =
  | { id: number; changes: Changes; value: unknown }
  | { id: number; changes: Changes; created: Description }
  | { id: number; changes: Changes; error: { code: ErrorCode; message: string } }
  | { id: number; callback: number; args: unknown[] }
  | { changes: Changes };

export interface Method {
  /** The parameters that it declares: an argument more is the call's own options. */
  arity: number;
  /** Whether it gives an async iterator. */
  streams: boolean;
}

/** An object that stays in the worker, as its counterpart on the page needs to know it. */
export interface Description {
  object: number;
  /** Its class: 'Model', … */
  kind: string;
  methods: Record<string, Method>;
  values: Record<string, unknown>;
  /** Properties that stay in the worker, too: a model's tokenizer. */
  parts: Record<string, Description>;
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
