// The characters that stand for the 256 bytes in GPT-2's vocabulary. https://github.com/openai/gpt-2/blob/master/src/encoder.py
import type { AlignedText } from './aligned-text.js';

const isItself = (byte: number): boolean =>
  (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);

let others = 0;
/** Byte → character. */
export const byteCharacters: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(isItself(byte) ? byte : 0x100 + others++),
);
const bytesOfCharacters = new Map(byteCharacters.map((character, byte) => [character, byte]));

const encoder = new TextEncoder();
const known = new Map<string, string>();

/** A character's bytes, each by its character. */
function inBytes(character: string): string {
  let text = known.get(character);
  if (text === undefined) {
    text = Array.from(encoder.encode(character), (byte) => byteCharacters[byte]).join('');
    if (known.size > 10_000) known.clear();
    known.set(character, text);
  }
  return text;
}

export const toByteCharacters = (text: AlignedText): AlignedText => text.map(inBytes);

/** The bytes that a token stands for; undefined where a character of it stands for none. */
export function bytesOfToken(token: string): number[] | undefined {
  const bytes: number[] = [];
  for (const character of token) {
    const byte = bytesOfCharacters.get(character);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}
