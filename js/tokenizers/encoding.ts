// What a caller gets of a text: the pieces' arrays, offsets in UTF-16 units, words, and each token as a reader knows it.
import type { Encoding } from '../core/text-types.js';
import { sizeAt } from './pipeline/aligned-text.js';
import type { Piece } from './pipeline/pieces.js';

/** `textOf`: a token as text. */
export function encodingOf(
  pieces: readonly Piece[],
  texts: readonly string[],
  textOf: (token: string) => string,
): Encoding {
  const units = texts.map(unitsOf);
  return {
    ids: pieces.map(({ id }) => id),
    tokens: pieces.map(({ token }) => token),
    texts: pieces.map(({ token, isSpecial }) => (isSpecial ? token : textOf(token))),
    tokenTypeIds: pieces.map(({ typeId }) => typeId),
    attentionMask: pieces.map(({ isPadding }) => (isPadding ? 0 : 1)),
    specialTokens: pieces.map(({ isSpecial }) => isSpecial),
    specialTokensMask: pieces.map(({ isSpecial }) => (isSpecial ? 1 : 0)),
    words: wordsOf(pieces),
    wordIds: pieces.map(({ word }) => word),
    offsets: pieces.map(({ start, end, sequence }) =>
      sequence === null || start === end ? null : [units[sequence]!(start), units[sequence]!(end)],
    ),
  };
}

/** Characters → UTF-16 units. */
function unitsOf(text: string): (character: number) => number {
  if (!/[\ud800-\udbff]/.test(text)) return (character) => character;
  const units: number[] = [];
  for (let unit = 0; unit < text.length; unit += sizeAt(text, unit)) units.push(unit);
  units.push(text.length);
  return (character) => units[Math.min(character, units.length - 1)]!;
}

/** As the library's, but that a piece with a mark for a space begins another word, where the pre-tokenizer left words together. */
function wordsOf(pieces: readonly Piece[]): (number | null)[] {
  const words: (number | null)[] = [];
  let word = -1;
  let last: Piece | undefined;
  for (const piece of pieces) {
    if (piece.word === null) {
      words.push(null);
      continue;
    }
    if (piece.sequence !== last?.sequence) word = -1;
    const isNew =
      piece.sequence !== last?.sequence || piece.word !== last?.word || /^[▁Ġ]/.test(piece.token);
    if (isNew) word += 1;
    words.push(word);
    last = piece;
  }
  return words;
}
