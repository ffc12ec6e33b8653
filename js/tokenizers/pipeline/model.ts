// What models of tokenizer.json have in common.

/** [start, end) in the word, of UTF-8 bytes. */
export interface Token {
  id: number;
  text: string;
  /** Of an added token: without the spaces that it took. */
  content?: string;
  start: number;
  end: number;
}

export interface TokenModel {
  /** Its vocabulary: token → id. */
  readonly vocab: ReadonlyMap<string, number>;
  readonly size: number;
  idToToken(id: number): string | undefined;
  /** Of a word that is not empty. */
  tokenize(word: string): readonly Token[];
}

/** Id → token. */
export function tokensById(vocab: ReadonlyMap<string, number>): Map<number, string> {
  const tokens = new Map<number, string>();
  for (const [token, id] of vocab) tokens.set(id, token);
  return tokens;
}

/** Bytes of the characters that begin in a stretch of a text. */
export function bytesOf(text: string): number {
  let bytes = text.length;
  for (let unit = 0; unit < text.length; ++unit) {
    const code = text.charCodeAt(unit);
    if (code < 0x80) continue;
    bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2; // half of a pair: two bytes
  }
  return bytes;
}

/** Remembers the tokens of short words. */
export function remembered(
  tokenize: (word: string) => readonly Token[],
): (word: string) => readonly Token[] {
  const known = new Map<string, readonly Token[]>();
  return (word) => {
    const before = known.get(word);
    if (before) return before;
    const tokens = tokenize(word);
    if (word.length < 256) {
      if (known.size >= 10_000) known.clear();
      known.set(word, tokens);
    }
    return tokens;
  };
}
