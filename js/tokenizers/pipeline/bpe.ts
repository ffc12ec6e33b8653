// The model BPE: characters, of which pairs become one in the order of the merges. Sennrich et al. 2016, arXiv:1508.07909. As src/models/bpe.
import { fail } from '../../core/errors.js';
import { describe } from '../../core/validation.js';
import type { Fields } from './fields.js';
import { mergeAll, pairKey, type Merge } from './merges.js';
import { bytesOf, remembered, tokensById, type TokenModel, type Token } from './model.js';

const encoder = new TextEncoder();

export function readBpe(model: Fields, vocab: ReadonlyMap<string, number>): TokenModel {
  const dropout = model.value('dropout') ?? 0;
  if (dropout !== 0)
    fail(
      'unsupported_checkpoint',
      `${model.name}.dropout: expected null or 0, for the tokens of a text to be always the same, got ${describe(dropout)}`,
    );
  const unknown = model.stringIfThere('unk_token');
  const prefix = model.string('continuing_subword_prefix', '');
  const suffix = model.string('end_of_word_suffix', '');
  const fuses = model.boolean('fuse_unk');
  const fallsBack = model.boolean('byte_fallback');
  const ignoresMerges = model.boolean('ignore_merges');
  const merges = readMerges(model, vocab, prefix);
  const tokens = tokensById(vocab);

  const unknownId = (): number =>
    vocab.get(unknown!) ??
    fail(
      'bad_checkpoint',
      `${model.name}.unk_token: expected a token of the vocabulary, got ${describe(unknown)}`,
    );

  /** The symbols that a word begins as: ids and their bytes. */
  const symbolsOf = (word: string): { ids: number[]; bytes: number[] } => {
    const ids: number[] = [];
    const bytes: number[] = [];
    let waiting = 0; // bytes of an unknown symbol that is not yet put down
    const add = (id: number, size: number): void => {
      ids.push(id);
      bytes.push(size);
    };
    const flush = (): void => {
      if (waiting > 0) add(unknownId(), waiting);
      waiting = 0;
    };
    let unit = 0;
    for (const character of word) {
      const isFirst = unit === 0;
      unit += character.length;
      const symbol = (isFirst ? '' : prefix) + character + (unit === word.length ? suffix : '');
      const id = vocab.get(symbol);
      if (id !== undefined) {
        flush();
        add(id, bytesOf(character));
        continue;
      }
      const fallback = fallsBack ? bytesIn(symbol, vocab) : undefined;
      if (fallback) for (const byte of fallback) add(byte, 1);
      else if (unknown !== undefined) {
        if (!fuses) flush();
        waiting += bytesOf(character);
      }
    }
    flush();
    return { ids, bytes };
  };

  const tokenize = (word: string): Token[] => {
    const whole = ignoresMerges ? vocab.get(word) : undefined;
    if (whole !== undefined) return [{ id: whole, text: word, start: 0, end: bytesOf(word) }];
    const { ids, bytes } = symbolsOf(word);
    let byte = 0;
    return mergeAll(ids, bytes, merges).map(({ id, size }) => ({
      id,
      text: tokens.get(id)!,
      start: byte,
      end: (byte += size),
    }));
  };
  return {
    vocab,
    size: vocab.size,
    idToToken: (id) => tokens.get(id),
    tokenize: remembered(tokenize),
  };
}

/** The ids of the pieces of a symbol's bytes, if there are all. */
function bytesIn(symbol: string, vocab: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(symbol)) {
    const id = vocab.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

/** Pair → what it becomes and its rank; pairs as two pieces or, in old files, with a space between them. */
function readMerges(
  model: Fields,
  vocab: ReadonlyMap<string, number>,
  prefix: string,
): Map<number, Merge> {
  const merges = new Map<number, Merge>();
  let rank = 0;
  for (const [at, entry] of model.list('merges').entries()) {
    if (typeof entry === 'string' && entry.startsWith('#version')) continue;
    const pair: unknown[] = Array.isArray(entry) ? entry : String(entry).split(' ');
    const [left, right] = pair;
    if (typeof left !== 'string' || typeof right !== 'string' || pair.length !== 2)
      model.wrong(`merges[${at}]`, 'two pieces', entry);
    const whole = left + right.slice(prefix.length);
    const [a, b, id] = [left, right, whole].map(
      (piece) =>
        vocab.get(piece) ?? model.wrong(`merges[${at}]`, 'pieces of the vocabulary', piece),
    );
    merges.set(pairKey(a!, b!), { rank, id: id! });
    rank += 1;
  }
  return merges;
}
