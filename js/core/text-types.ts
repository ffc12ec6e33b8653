// A text as a model reads it, and what turns one into the other. No code.

/** A text as a model reads it. All arrays have one entry per token. */
export interface Encoding {
  ids: number[];
  tokens: string[];
  /** Each token as a reader knows it: without ##, with spaces for ▁ and Ġ; bytes that are no characters as \\xE2. */
  texts: string[];
  /** 0 for the first text, 1 for the second of a pair. */
  tokenTypeIds: number[];
  /** 1 = a token, 0 = padding. */
  attentionMask: number[];
  /** True for the tokens that the tokenizer added: [CLS], [SEP], padding and the like. */
  specialTokens: boolean[];
  /** The same as 1 and 0. */
  specialTokensMask: number[];
  /** Index of the word a token is a piece of; null for special tokens. A piece that begins with a space begins a word. */
  words: (number | null)[];
  /** The same as the tokenizer's own steps cut a text: all of it may be one. */
  wordIds: (number | null)[];
  /** Where a token stands in its text, [start, end) in UTF-16 units, as the Rust library says it; null where it stands for nothing: special tokens, an added space. */
  offsets: ([number, number] | null)[];
  /** With `overflow: true`: what was cut off, in parts as long. */
  overflow?: Encoding[];
}

/** A text, or two as one. */
export type TextInput = string | readonly [text: string, pair: string];

/** As Transformers' call of a tokenizer. */
export interface EncodeOptions {
  /** What the tokenizer puts around a text, as [CLS] and [SEP]. Default true. */
  addSpecialTokens?: boolean | undefined;
  /** true: as long as the longest text, or as the tokenizer's file says; 'max_length': as maxLength says. Default false. */
  padding?: boolean | 'longest' | 'max_length' | undefined;
  /** true: as the tokenizer's file says, else 'longest_first'. Default false: a text is never cut unasked. */
  truncation?: boolean | 'longest_first' | 'only_first' | 'only_second' | undefined;
  /** Most tokens, those around the text included. Default: what the tokenizer's files say. */
  maxLength?: number | undefined;
  /** Tokens of a part that was cut off which the part before it has, too. Default 0. */
  stride?: number | undefined;
  truncationSide?: 'left' | 'right' | undefined;
  paddingSide?: 'left' | 'right' | undefined;
  padToMultipleOf?: number | undefined;
  /** What was cut off is in `overflow`. As in the Rust library, that is what it had looked up when it knew to cut. */
  overflow?: boolean | undefined;
}

/** Text to ids and back, as the checkpoint's tokenizer.json says, or the files that stand for one. */
export interface Tokenizer {
  /** One text, or a pair of texts for a model with token types. */
  encode(text: string, pair?: string | EncodeOptions, options?: EncodeOptions): Encoding;
  /** Many, each a text or a pair. */
  encode(texts: readonly TextInput[], options?: EncodeOptions): Encoding[];
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  readonly vocabSize: number;
  readonly maskTokenId: number | undefined;
  readonly padTokenId: number | undefined;
  readonly unkTokenId: number | undefined;
  readonly clsTokenId: number | undefined;
  readonly sepTokenId: number | undefined;
  /** The ids of all tokens marked special. */
  readonly specialTokenIds: readonly number[];
  /** What a text to translate may begin with, as >>fr<<: of a Marian that writes several languages; empty for others. */
  readonly languageCodes: readonly string[];
}
