// The model of tokenizer.json: a word into tokens of its vocabulary. As src/models.
import { fail } from '../../core/errors.js';
import { describe } from '../../core/validation.js';
import { largestId } from '../vocab.js';
import { readBpe } from './bpe.js';
import type { Fields } from './fields.js';
import type { TokenModel } from './model.js';
import { readUnigram } from './unigram.js';
import { readWordLevel, readWordPiece } from './word-piece.js';

export function readModel(model: Fields): TokenModel {
  const has = (field: string): boolean => model.value(field) !== undefined;
  // Old files leave the type out.
  const guess = has('merges')
    ? 'BPE'
    : has('continuing_subword_prefix')
      ? 'WordPiece'
      : has('unk_token')
        ? 'WordLevel'
        : 'Unigram';
  switch (model.oneOf('type', ['BPE', 'WordPiece', 'WordLevel', 'Unigram'], guess)) {
    case 'BPE':
      return readBpe(model, readVocab(model));
    case 'WordPiece':
      return readWordPiece(model, readVocab(model));
    case 'WordLevel':
      return readWordLevel(model, readVocab(model));
    case 'Unigram':
      return readUnigram(model);
  }
}

function readVocab(model: Fields): Map<string, number> {
  const vocab = model.value('vocab');
  if (typeof vocab !== 'object' || vocab === null || Array.isArray(vocab))
    model.wrong('vocab', 'an object', vocab);
  const ids = new Map(Object.entries(vocab as object));
  for (const [token, id] of ids)
    if (!Number.isInteger(id) || id < 0 || id > largestId)
      fail(
        'bad_checkpoint',
        `${model.name}.vocab: ${describe(token)}: expected an id from 0 to ${largestId}, got ${describe(id)}`,
      );
  return ids as Map<string, number>;
}
