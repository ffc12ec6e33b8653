// Reads what a caller passes into plain data of our own, each value once, so that none of the caller's code (a getter, a
// proxy's trap) runs later, inside a native call. Whatever such code throws becomes an AttentionLabError.
import { AttentionLabError, fail, messageOf } from './errors.js';

/** Runs what reads a caller's value; what that throws is an error of the value called `name`. */
export function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof AttentionLabError) throw error;
    fail('invalid_argument', `${name}: could not be read: ${messageOf(error)}`, error);
  }
}

/** Most entries of a plain array. More are typed arrays, of whose memory the engine says when there is none left. */
export const mostEntries = 1 << 24;

/** The length of a caller's array, which may be a proxy that changes its mind. */
export function lengthOf(name: string, array: ArrayLike<unknown>): number {
  const length: unknown = reading(name, () => array.length);
  if (!Number.isInteger(length) || (length as number) < 0 || (length as number) > mostEntries)
    fail('invalid_argument', `${name}: expected at most ${mostEntries} entries, got ${length}`);
  return length as number;
}

/** A dense copy of an array: a hole is undefined. The caller has made sure that it is one. */
export function entriesOf<T>(name: string, array: readonly T[]): T[] {
  const length = lengthOf(name, array);
  return reading(name, () => {
    const copy: T[] = [];
    for (let index = 0; index < length; ++index) copy.push(array[index]!);
    return copy;
  });
}

/** Array.isArray, which throws of a revoked proxy. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = <T>(of: object, key: PropertyKey): ((this: unknown) => T) =>
  Object.getOwnPropertyDescriptor(of, key)!.get as (this: unknown) => T;
const kindOf = getter<string | undefined>(typedArray, Symbol.toStringTag);
const countOf = getter<number>(typedArray, 'length');
const bufferOf = getter<ArrayBufferLike>(typedArray, 'buffer');
const offsetOf = getter<number>(typedArray, 'byteOffset');
const byteLengthOf = getter<number>(ArrayBuffer.prototype, 'byteLength');

export const kinds = {
  Float32Array,
  Float64Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
};
export type Kinds = { [K in keyof typeof kinds]: InstanceType<(typeof kinds)[K]> };

/** A typed array of any kind as it is, but for what the caller may have hung on it; undefined for all else. */
export function plainNumbers(value: unknown): Kinds[keyof Kinds] | undefined {
  const kind = typedArrayKind(value);
  return kind !== undefined && Object.hasOwn(kinds, kind)
    ? plainView(kind as keyof Kinds, value)
    : undefined;
}

/** 'Float32Array' and so on, of this realm or another, whatever the object says of itself; undefined for all else. */
export function typedArrayKind(value: unknown): string | undefined {
  return kindOf.call(value);
}

/**
 * The same numbers as an array that is nothing else: no subclass, no property of its own, of a fixed length. A copy, which nobody
 * can detach; undefined if it is of another kind.
 */
export function plainArray<K extends keyof Kinds>(kind: K, value: unknown): Kinds[K] | undefined {
  return plainView(kind, value)?.slice() as Kinds[K] | undefined;
}

/**
 * The same, without a copy unless the memory is shared or may be resized: for arrays that are large and whose length is looked
 * at again before they are used.
 */
export function plainView<K extends keyof Kinds>(kind: K, value: unknown): Kinds[K] | undefined {
  if (typedArrayKind(value) !== kind) return undefined;
  const Kind = kinds[kind] as unknown as {
    new (length: number): Kinds[K];
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): Kinds[K];
  };
  const length = countOf.call(value);
  if (length === 0) return new Kind(0); // of a detached buffer, too
  const buffer = bufferOf.call(value);
  const view = new Kind(buffer, offsetOf.call(value), length);
  if (!isShared(buffer) && !(buffer as { resizable?: boolean }).resizable) return view;
  const copy = new Kind(length);
  copy.set(view as never);
  return copy;
}

function isShared(buffer: ArrayBufferLike): boolean {
  try {
    byteLengthOf.call(buffer);
    return false;
  } catch {
    return true;
  }
}
