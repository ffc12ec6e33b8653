// The model Unigram: the likeliest way to write a word in pieces. Kudo 2018, arXiv:1804.10959, section 3.2. As src/models/unigram/model.rs.
import { fail } from '../../core/errors.js';
import { describe } from '../../core/validation.js';
import { bytePieces } from '../bytes.js';
import { largestId } from '../vocab.js';
import { sizeAt } from './aligned-text.js';
import type { Fields } from './fields.js';
import { bytesOf, remembered, type TokenModel, type Token } from './model.js';
import { PrefixIndex } from './prefix-index.js';

/** Of a character without a piece, below the least likely piece. */
const unknownPenalty = 10;

export function readUnigram(model: Fields): TokenModel {
  const pieces = model.list('vocab').map((entry, at) => readPiece(model, entry, at));
  if (pieces.length > largestId) model.wrong('vocab', `at most ${largestId} pieces`, pieces.length);
  const unknownId = model.value('unk_id') === undefined ? undefined : model.integer('unk_id');
  if (unknownId !== undefined && unknownId >= pieces.length)
    model.wrong('unk_id', `an id below ${pieces.length}`, unknownId);
  const fallsBack = model.boolean('byte_fallback');
  const vocab = new Map(pieces.map(([text], id) => [text, id]));
  const scores = pieces.map(([, score]) => score);
  const unknown = scores.reduce((a, b) => Math.min(a, b), Infinity) - unknownPenalty;
  const best = bestPath(
    new PrefixIndex(vocab.keys(), model.name),
    (text) => scores[vocab.get(text)!]!,
    unknown,
  );

  const tokenize = (word: string): Token[] => {
    const tokens: Token[] = [];
    let start = 0;
    for (const text of fused(
      best(word),
      (piece, isKnown) => !isKnown || vocab.get(piece) === unknownId,
    )) {
      const end = start + bytesOf(text);
      const id = vocab.get(text);
      const bytes = id === undefined && fallsBack ? bytePieces(text) : [];
      if (bytes.length > 0 && bytes.every((piece) => vocab.has(piece)))
        for (const piece of bytes) tokens.push({ id: vocab.get(piece)!, text: piece, start, end });
      else tokens.push({ id: id ?? unknownId ?? missing(model, word), text, start, end });
      start = end;
    }
    return tokens;
  };
  return {
    vocab,
    size: pieces.length,
    idToToken: (id) => pieces[id]?.[0],
    tokenize: remembered(tokenize),
  };
}

function readPiece(model: Fields, entry: unknown, at: number): readonly [string, number] {
  const [text, score] = Array.isArray(entry) ? (entry as unknown[]) : [];
  if (typeof text !== 'string' || typeof score !== 'number' || Number.isNaN(score))
    model.wrong(`vocab[${at}]`, 'a piece and its score', describe(entry));
  return [text, score];
}

function missing(model: Fields, word: string): never {
  fail(
    'bad_checkpoint',
    `${model.name}.unk_id: expected an id for ${JSON.stringify(word.slice(0, 40))}, got none`,
  );
}

/** A piece's text, and whether it is in the vocabulary. */
type Part = readonly [text: string, isKnown: boolean];

/** The path of the largest sum of scores; of equal ones that whose last piece was found first. `rounded` is how sums are kept. */
export function bestPath(
  index: PrefixIndex,
  scoreOf: (piece: string) => number,
  unknown: number,
  rounded: 'f64' | 'f32' = 'f64',
): (word: string) => Part[] {
  return (word) => {
    const best = new (rounded === 'f32' ? Float32Array : Float64Array)(word.length + 1);
    const begin = new Int32Array(word.length + 1).fill(-1); // of the last piece of the best way to an end
    const isKnown = new Uint8Array(word.length + 1);
    const reach = (start: number, end: number, score: number, known: 0 | 1): void => {
      if (begin[end]! >= 0 && !(score > best[end]!)) return;
      best[end] = score;
      begin[end] = start;
      isKnown[end] = known;
    };
    for (let start = 0; start < word.length;) {
      const next = start + sizeAt(word, start);
      let hasOne = false;
      for (const end of index.ends(word, start)) {
        hasOne ||= end === next;
        reach(start, end, best[start]! + scoreOf(word.slice(start, end)), 1);
      }
      if (!hasOne) {
        const score = best[start]! + unknown;
        reach(start, next, rounded === 'f32' ? Math.fround(score) : score, 0);
      }
      start = next;
    }
    const parts: Part[] = [];
    for (let end = word.length; end > 0; end = begin[end]!)
      parts.push([word.slice(begin[end], end), isKnown[end] === 1]);
    return parts.reverse();
  };
}

/** Unknown parts after each other as one. */
function fused(
  parts: readonly Part[],
  isUnknown: (text: string, isKnown: boolean) => boolean,
): string[] {
  const texts: string[] = [];
  let wasUnknown = false;
  for (const [text, isKnown] of parts) {
    const unknown = isUnknown(text, isKnown);
    if (unknown && wasUnknown) texts[texts.length - 1] += text;
    else texts.push(text);
    wasUnknown = unknown;
  }
  return texts;
}
