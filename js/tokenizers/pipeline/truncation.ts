// Cuts one text or two to so many tokens. As src/utils/truncation.rs.
import { fail } from '../../core/errors.js';
import { truncatePieces, type Pieces, type Side } from './pieces.js';

export const truncationStrategies = ['longest_first', 'only_first', 'only_second'] as const;

export interface Truncation {
  strategy: (typeof truncationStrategies)[number];
  maxLength: number;
  stride: number;
  side: Side;
}

/** `added`: tokens that are still to be put around the texts. */
export function truncateTexts(
  texts: readonly Pieces[],
  added: number,
  { strategy, maxLength, stride, side }: Truncation,
): readonly Pieces[] {
  const most = maxLength - added;
  if (most < 0)
    fail(
      'invalid_argument',
      `options.maxLength: expected at least ${added}, the tokens around a text, got ${maxLength}`,
    );
  const cut = (text: Pieces, length: number): Pieces => {
    if (length > 0 && length < text.pieces.length && stride >= length)
      fail(
        'invalid_argument',
        `options.stride: expected less than the ${length} tokens that a text is cut to, got ${stride}`,
      );
    return truncatePieces(text, length, stride, side);
  };
  if (most === 0) return texts.map((text) => cut(text, 0));
  const lengths = texts.map(({ pieces }) => pieces.length);
  const [first, second] = lengths as [number, number | undefined];
  const excess = first + (second ?? 0) - most;
  if (excess <= 0) return texts;
  if (strategy === 'longest_first') {
    if (second === undefined) return [cut(texts[0]!, most)];
    const shares = sharesOf(Math.min(first, second), most);
    if (first > second) shares.reverse();
    return texts.map((text, at) => cut(text, shares[at]!));
  }
  const index = strategy === 'only_first' ? 0 : 1;
  const length = lengths[index];
  if (length === undefined)
    fail(
      'invalid_argument',
      'options.truncation: expected a second text for only_second, got none',
    );
  if (length <= excess)
    fail(
      'invalid_argument',
      `options.maxLength: expected at least ${maxLength - length + excess + 1} where only one text may be cut, got ${maxLength}`,
    );
  return texts.map((text, at) => (at === index ? cut(text, length - excess) : text));
}

/** The shorter text's length and the longer one's. */
function sharesOf(shorter: number, most: number): [number, number] {
  const longer = shorter > most ? shorter : Math.max(shorter, most - shorter);
  const half = Math.floor(most / 2);
  return shorter + longer > most ? [half, half + (most % 2)] : [shorter, longer];
}
