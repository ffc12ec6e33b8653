// Finds which tokens begin at a place of a text, without a trie: in the sorted tokens, the range that still fits narrows unit by unit.
import { fail } from '../../core/errors.js';

/** Of a token, in UTF-16 units: every place of a text may be compared with the longest. */
export const longestToken = 1 << 10;

export class PrefixIndex {
  readonly #tokens: readonly string[];

  constructor(tokens: Iterable<string>, name: string) {
    this.#tokens = [...new Set(tokens)].filter((token) => token !== '').sort(byUnits);
    for (const token of this.#tokens)
      if (token.length > longestToken)
        fail(
          'unsupported_checkpoint',
          `${name}: expected tokens of at most ${longestToken} UTF-16 units, got one of ${token.length}`,
        );
  }

  /** Where each token that the text has at a place ends there, the shortest first; after `prefix`, which the tokens have and the text has not. */
  *ends(text: string, start: number, prefix = ''): Generator<number> {
    const tokens = this.#tokens;
    let low = 0;
    let high = tokens.length;
    const most = prefix.length + text.length - start;
    for (let depth = 0; depth < most; ++depth) {
      const unit =
        depth < prefix.length
          ? prefix.charCodeAt(depth)
          : text.charCodeAt(start + depth - prefix.length);
      low = this.#bound(low, high, depth, unit);
      high = this.#bound(low, high, depth, unit + 1);
      if (low === high) return;
      if (depth >= prefix.length && tokens[low]!.length === depth + 1)
        yield start + depth + 1 - prefix.length;
    }
  }

  longest(text: string, start: number, prefix = ''): number | undefined {
    let longest: number | undefined;
    for (const end of this.ends(text, start, prefix)) longest = end;
    return longest;
  }

  /** The first token of a range whose unit at a depth is at least this one. */
  #bound(low: number, high: number, depth: number, unit: number): number {
    while (low < high) {
      const middle = (low + high) >> 1;
      const token = this.#tokens[middle]!;
      if (token.length > depth && token.charCodeAt(depth) >= unit) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
