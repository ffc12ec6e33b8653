// The likeliest way to write a text in a SentencePiece model's pieces. Kudo 2018, arXiv:1804.10959, section 3.2.
import { fail } from '../core/errors.js';
import { bytePieces } from './bytes.js';
import { PrefixIndex } from './pipeline/prefix-index.js';
import { bestPath } from './pipeline/unigram.js';
import type { SentencePieceModel } from './sentencepiece.js';

const encoder = new TextEncoder();

/** Float32's, with which SentencePiece begins to look for the largest score: so it is, where all are logarithms of probabilities. */
const smallestPositive = 2 ** -126;

/** Of a character without a piece, below the least likely piece. */
const unknownPenalty = 10;

/** A stretch of a text and its piece, or the pieces of its bytes. */
export type Stretch = readonly [text: string, pieces: readonly string[]];

/** A normalised text → its pieces; a stretch without a piece stands for itself. */
export function unigramOf({
  name,
  pieces,
  algorithm,
  byteFallback,
}: SentencePieceModel): (text: string) => Stretch[] {
  if (algorithm !== 'unigram')
    fail(
      'unsupported_checkpoint',
      `${name}: trainer_spec.model_type: expected unigram, got ${algorithm}`,
    );
  const scores = pieces.filter(({ kind }) => kind === 'normal').map(({ score }) => score);
  if (scores.length === 0)
    fail('bad_checkpoint', `${name}: expected pieces of type normal, got none`);
  const least = scores.reduce((a, b) => Math.min(a, b));
  const most = scores.reduce((a, b) => Math.max(a, b), smallestPositive);
  const known = new Map<string, number>();
  for (const { text, score, kind } of pieces) {
    if (kind === 'normal') known.set(text, score);
    if (kind === 'user_defined')
      known.set(text, Math.fround(encoder.encode(text).length * most) - 0.1); // likelier than any other way
  }
  // In float32, as SentencePiece's EncodeOptimized: of paths as likely, it is that one.
  const best = bestPath(
    new PrefixIndex(known.keys(), name),
    (text) => known.get(text)!,
    Math.fround(least - unknownPenalty),
    'f32',
  );
  return (text) => {
    const stretches: Stretch[] = [];
    let unknown = ''; // characters without a piece that follow each other are one
    const flush = (): void => {
      if (unknown !== '') stretches.push([unknown, byteFallback ? bytePieces(unknown) : [unknown]]);
      unknown = '';
    };
    for (const [part, isKnown] of best(text)) {
      if (!isKnown) {
        unknown += part;
        continue;
      }
      flush();
      stretches.push([part, [part]]);
    }
    flush();
    return stretches;
  };
}
