// SentencePiece's precompiled rules of normalisation: a trie of UTF-8 sequences, each with the text that takes its place.
// The trie is a double array as darts-clone lays it out (https://github.com/s-yata/darts-clone), after it the texts, ended by zeros.
import { fail } from '../core/errors.js';

export interface CharsmapMatch {
  length: number;
  text: string;
}

export class Charsmap {
  readonly #trie: DataView;
  readonly #texts: Uint8Array;
  readonly #known = new Map<number, string>();

  /** `name` is what errors call the file that holds it. */
  constructor(
    private readonly name: string,
    bytes: Uint8Array,
  ) {
    const size =
      bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (size < 4 || size > bytes.length - 4)
      fail(
        'bad_checkpoint',
        `${name}: precompiled_charsmap: expected a trie of 4 to ${bytes.length - 4} bytes, got ${size}`,
      );
    this.#trie = new DataView(bytes.buffer, bytes.byteOffset + 4, size);
    this.#texts = bytes.subarray(4 + size);
  }

  /** What takes the place of the longest sequence with a rule that begins at `at`, and how many bytes that has. */
  longestMatch(text: Uint8Array, at: number): CharsmapMatch | undefined {
    let longest: CharsmapMatch | undefined;
    for (const match of this.matches(text, at)) longest = match;
    return longest;
  }

  /** All of them, the shortest first. */
  *matches(text: Uint8Array, at: number): Generator<CharsmapMatch> {
    let node = offsetOf(this.#unit(0)!);
    for (let end = at; end < text.length;) {
      node ^= text[end]!;
      const unit = this.#unit(node);
      if (unit === undefined || labelOf(unit) !== text[end]) return;
      end += 1;
      node ^= offsetOf(unit);
      const value = hasValue(unit) ? this.#unit(node) : undefined;
      if (value !== undefined) yield { length: end - at, text: this.#textAt(value & 0x7fff_ffff) };
    }
  }

  /** undefined beyond the trie: a damaged one leads there, and its rule then counts as none. */
  #unit(node: number): number | undefined {
    return node >= 0 && node < this.#trie.byteLength >> 2
      ? this.#trie.getUint32(4 * node, true)
      : undefined;
  }

  #textAt(start: number): string {
    const known = this.#known.get(start);
    if (known !== undefined) return known;
    const end = start < this.#texts.length ? this.#texts.indexOf(0, start) : -1;
    if (end < 0)
      fail(
        'bad_checkpoint',
        `${this.name}: precompiled_charsmap: expected a text at byte ${start}, got the end`,
      );
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      this.#texts.subarray(start, end),
    );
    this.#known.set(start, text);
    return text;
  }
}

// The bits of a unit.
const hasValue = (unit: number): boolean => (unit & 0x100) !== 0;
const labelOf = (unit: number): number => (unit & 0x8000_00ff) >>> 0;
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
