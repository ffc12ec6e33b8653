// A SentencePiece model's pieces back as text, special tokens between them. As MarianTokenizer.convert_tokens_to_string does it.
import { byteOf, lossyTextOf } from './bytes.js';
import type { SentencePiece, SentencePieceModel } from './sentencepiece.js';

/** As Python's str.strip; JavaScript's has the byte order mark and lacks U+0085 and four separators. */
const spacesAround = /^[\p{White_Space}\x1c-\x1f]+|[\p{White_Space}\x1c-\x1f]+$/gu;

export class SentencePieceDecoder {
  readonly #kinds: ReadonlyMap<string, SentencePiece['kind']>;

  constructor(
    private readonly model: SentencePieceModel,
    private readonly special: ReadonlySet<string>,
  ) {
    this.#kinds = new Map(model.pieces.map(({ text, kind }) => [text, kind]));
  }

  decode(tokens: readonly string[]): string[] {
    let text = '';
    let pieces: string[] = [];
    for (const token of tokens) {
      if (!this.special.has(token)) pieces.push(token);
      else {
        text += `${this.#join(pieces)}${token} `;
        pieces = [];
      }
    }
    return [(text + this.#join(pieces)).replaceAll('▁', ' ').replace(spacesAround, '')];
  }

  /** Without the space that stands before a text. */
  #join(pieces: readonly string[]): string {
    const { addDummyPrefix, removeExtraSpaces } = this.model;
    let mayBeginWithSpace = !addDummyPrefix && !removeExtraSpaces;
    let text = '';
    let bytes: number[] = [];
    for (const piece of pieces) {
      const kind = this.#kinds.get(piece);
      if (kind === 'byte') {
        bytes.push(byteOf(piece) ?? 0);
        continue;
      }
      text += lossyTextOf(bytes);
      bytes = [];
      if (kind === 'control') continue;
      if (kind !== undefined && text === '' && !mayBeginWithSpace && piece.startsWith('▁')) {
        mayBeginWithSpace = !removeExtraSpaces;
        text += piece.slice(1);
      } else {
        text += piece;
      }
    }
    return text + lossyTextOf(bytes);
  }
}
