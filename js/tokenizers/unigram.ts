// The likeliest way to write a text in a SentencePiece model's pieces. Kudo 2018, arXiv:1804.10959, section 3.2.
import { Unigram } from '@huggingface/tokenizers';
import { fail } from '../core/errors.js';
import { bytePieces } from './bytes.js';
import type { SentencePieceModel } from './sentencepiece.js';

const encoder = new TextEncoder();

/** No text is this one: it stands for whatever has no piece. */
const unknown = '';

/** Float32's, with which SentencePiece begins to look for the largest score: so it is, where all are logarithms of probabilities. */
const smallestPositive = 2 ** -126;

/** A normalised text → its pieces; a stretch without a piece stands for itself. */
export function unigramOf({
  name,
  pieces,
  algorithm,
  byteFallback,
}: SentencePieceModel): (text: string) => string[] {
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
  const vocab: [string, number][] = [[unknown, least]];
  for (const { text, score, kind } of pieces) {
    if (kind === 'normal') vocab.push([text, score]);
    if (kind === 'user_defined')
      vocab.push([text, Math.fround(encoder.encode(text).length * most) - 0.1]); // likelier than any other way
  }
  const known = new Set(vocab.map(([text]) => text));
  const unigram = new InFloats({ type: 'Unigram', vocab, unk_id: 0 }, unknown);
  return (text) => {
    const found: string[] = unigram([text]);
    return byteFallback
      ? found.flatMap((piece) => (known.has(piece) ? [piece] : bytePieces(piece)))
      : found;
  };
}

/** The library's model with the best path found in float32 as SentencePiece's EncodeOptimized does: of paths as likely, it is that one. */
class InFloats extends Unigram {
  override tokenize(text: string): string[] {
    const characters = Array.from(text);
    const unknownScore = Math.fround(this.unk_score);
    const best = new Float32Array(characters.length + 1); // log probability of the text up to here
    const begin = new Int32Array(characters.length + 1).fill(-1); // where the last piece of it begins
    const reach = (start: number, end: number, score: number): void => {
      if (begin[end]! >= 0 && score <= best[end]!) return;
      best[end] = score;
      begin[end] = start;
    };
    for (let start = 0; start < characters.length; ++start) {
      let isKnown = false;
      for (const piece of this.trie.common_prefix_search(characters, start)) {
        const length = Array.from(piece).length;
        isKnown ||= length === 1;
        reach(start, start + length, best[start]! + this.scores[this.tokens_to_ids.get(piece)!]!); // in double precision until it is kept
      }
      if (!isKnown) reach(start, start + 1, Math.fround(best[start]! + unknownScore));
    }
    const pieces: string[] = [];
    for (let end = characters.length; end > 0; end = begin[end]!)
      pieces.push(characters.slice(begin[end], end).join(''));
    return pieces.reverse();
  }
}
