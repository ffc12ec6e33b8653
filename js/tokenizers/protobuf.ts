// Reads the fields of a protocol buffer one after the other, every bound checked. Knows no message.
// https://protobuf.dev/programming-guides/encoding
import { fail } from '../core/errors.js';

export type WireField = { number: number } & (
  { kind: 'integer'; value: number } | { kind: 'bytes' | 'fixed32' | 'fixed64'; value: Uint8Array }
);

const kinds: Readonly<Record<number, WireField['kind']>> = {
  0: 'integer',
  1: 'fixed64',
  2: 'bytes',
  5: 'fixed32',
};

/** `name` is what errors call the message. Bytes are views, not copies. */
export function* fieldsOf(name: string, message: Uint8Array): Generator<WireField> {
  let at = 0;
  const wrong = (expected: string, got: string): never =>
    fail('bad_checkpoint', `${name}: byte ${at}: expected ${expected}, got ${got}`);
  const integer = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = message[at] ?? wrong('an integer', 'the end');
      at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift; // the low 32 bits: fields of interest are no longer
      if (byte < 0x80) return value;
    }
    return wrong('an integer of at most 10 bytes', 'a longer one');
  };
  const bytes = (count: number): Uint8Array => {
    if (count < 0 || count > message.length - at)
      wrong(`at most ${message.length - at} bytes`, `a length of ${count >>> 0}`);
    at += count;
    return message.subarray(at - count, at);
  };
  while (at < message.length) {
    const tag = integer();
    const number = tag >>> 3;
    const kind = kinds[tag & 7] ?? wrong('a field of a protocol buffer', `wire type ${tag & 7}`);
    if (number === 0) wrong('the number of a field', '0');
    if (kind === 'integer') yield { number, kind, value: integer() };
    else
      yield {
        number,
        kind,
        value: bytes(kind === 'bytes' ? integer() : kind === 'fixed32' ? 4 : 8),
      };
  }
}

/** A field's value, if it is of the kind that the message says. */
export function valueOf<K extends WireField['kind']>(
  name: string,
  field: WireField,
  kind: K,
): Extract<WireField, { kind: K }>['value'];
export function valueOf(
  name: string,
  field: WireField,
  kind: WireField['kind'],
): WireField['value'] {
  if (field.kind !== kind)
    fail('bad_checkpoint', `${name}: field ${field.number}: expected ${kind}, got ${field.kind}`);
  return field.value;
}
