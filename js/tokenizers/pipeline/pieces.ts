// The tokens of a text with all that is known of each, and what was cut off. As Encoding of src/tokenizer/encoding.rs.
export interface Piece {
  id: number;
  token: string;
  /** As it stands in the text, with the spaces that an added token took. */
  text: string;
  typeId: number;
  /** Index of the word it is of; null for what was put around the text. */
  word: number | null;
  /** [start, end) in characters of its text. */
  start: number;
  end: number;
  /** Put around the text, or padding. */
  isSpecial: boolean;
  isPadding: boolean;
  /** Of a pair: 0 or 1; null for what is of neither. */
  sequence: number | null;
}

export interface Pieces {
  pieces: readonly Piece[];
  /** What was cut off, in parts as long as the first. */
  overflow: readonly (readonly Piece[])[];
}

export type Side = 'left' | 'right';

/** At most so many; those beyond in further parts, each with `stride` of those before it. */
export function truncatePieces(
  { pieces }: Pieces,
  most: number,
  stride: number,
  side: Side,
): Pieces {
  if (pieces.length <= most) return { pieces, overflow: [] };
  if (most === 0) return { pieces: [], overflow: [pieces] };
  const parts: (readonly Piece[])[] = [];
  const step = most - stride;
  if (side === 'right')
    for (let start = 0; ; start += step) {
      parts.push(pieces.slice(start, start + most));
      if (start + most >= pieces.length) break;
    }
  else
    for (let end = pieces.length; ; end -= step) {
      parts.push(pieces.slice(Math.max(end - most, 0), end));
      if (end <= most) break;
    }
  return { pieces: parts[0]!, overflow: parts.slice(1) };
}

/** One after the other; what was cut off of either with all that is possible of the other. */
export function mergePieces(all: readonly Pieces[]): Pieces {
  return all.reduce(
    (a, b) => ({
      pieces: [...a.pieces, ...b.pieces],
      overflow: [
        ...a.overflow.flatMap((cut) => [b.pieces, ...b.overflow].map((rest) => [...cut, ...rest])),
        ...b.overflow.map((rest) => [...a.pieces, ...rest]),
      ],
    }),
    { pieces: [], overflow: [] },
  );
}

export interface Padding {
  side: Side;
  id: number;
  typeId: number;
  token: string;
}

export function padPieces(pieces: readonly Piece[], length: number, padding: Padding): Piece[] {
  const { side, id, typeId, token } = padding;
  const pad: Piece = {
    id,
    token,
    text: token,
    typeId,
    word: null,
    start: 0,
    end: 0,
    isSpecial: true,
    isPadding: true,
    sequence: null,
  };
  const pads = Array.from({ length: Math.max(length - pieces.length, 0) }, () => pad);
  return side === 'left' ? [...pads, ...pieces] : [...pieces, ...pads];
}
