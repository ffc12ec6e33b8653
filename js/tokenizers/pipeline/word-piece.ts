// The models WordPiece (the longest piece first; Schuster and Nakajima 2012) and WordLevel (whole words). As src/models/wordpiece, wordlevel.
import { fail } from '../../core/errors.js';
import type { Fields } from './fields.js';
import { bytesOf, remembered, tokensById, type TokenModel, type Token } from './model.js';
import { PrefixIndex } from './prefix-index.js';

export function readWordPiece(model: Fields, vocab: ReadonlyMap<string, number>): TokenModel {
  const prefix = model.string('continuing_subword_prefix', '##');
  const most = model.integer('max_input_chars_per_word', 100);
  const unknown = unknownOf(model, vocab);
  const pieces = new PrefixIndex(vocab.keys(), model.name);
  const tokenize = (word: string): readonly Token[] => {
    if (word.length > most && Array.from(word).length > most) return [unknown(word)];
    const tokens: Token[] = [];
    let byte = 0;
    for (let start = 0; start < word.length;) {
      const before = start > 0 ? prefix : '';
      const end = pieces.longest(word, start, before);
      if (end === undefined) return [unknown(word)];
      const part = word.slice(start, end);
      const bytes = bytesOf(part);
      tokens.push({
        id: vocab.get(before + part)!,
        text: before + part,
        start: byte,
        end: byte + bytes,
      });
      byte += bytes;
      start = end;
    }
    return tokens;
  };
  return modelOf(vocab, remembered(tokenize));
}

export function readWordLevel(model: Fields, vocab: ReadonlyMap<string, number>): TokenModel {
  const unknown = unknownOf(model, vocab, '<unk>');
  return modelOf(vocab, (word) => {
    const id = vocab.get(word);
    return [id === undefined ? unknown(word) : { id, text: word, start: 0, end: bytesOf(word) }];
  });
}

const modelOf = (
  vocab: ReadonlyMap<string, number>,
  tokenize: TokenModel['tokenize'],
): TokenModel => {
  const tokens = tokensById(vocab);
  return { vocab, size: vocab.size, idToToken: (id) => tokens.get(id), tokenize };
};

function unknownOf(
  model: Fields,
  vocab: ReadonlyMap<string, number>,
  otherwise = '[UNK]',
): (word: string) => Token {
  const text = model.string('unk_token', otherwise);
  const id = vocab.get(text);
  return (word) => {
    if (id === undefined)
      fail(
        'bad_checkpoint',
        `${model.name}.unk_token: expected a token of the vocabulary for ${JSON.stringify(word.slice(0, 40))}, got ${JSON.stringify(text)}`,
      );
    return { id, text, start: 0, end: bytesOf(word) };
  };
}
