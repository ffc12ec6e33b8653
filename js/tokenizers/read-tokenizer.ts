// Makes a tokenizer of what a checkpoint's files say, with @huggingface/tokenizers.
import {
  Tokenizer as HuggingFaceTokenizer,
  type Decoder,
  type PreTokenizer,
} from '@huggingface/tokenizers';
import { AttentionLabError, fail, messageOf } from '../core/errors.js';
import { LoadedTokenizer } from './tokenizer.js';
import { correctSteps } from './corrections.js';
import type { Tokenizer } from '../core/types.js';
import { describe } from '../core/validation.js';

type Json = Readonly<Record<string, unknown>>;

/** No vocabulary comes near it; the library makes a list as long as the largest id. */
export const largestId = 1 << 22;

/** Steps that no tokenizer.json can say. */
export interface Steps {
  preTokenizer: PreTokenizer;
  /** Words of the pre-tokenizer → tokens. */
  encode(words: string[]): string[];
  decoder: Decoder;
  languageCodes: readonly string[];
}

/** The tokenizer of a tokenizer.json and, where there is one, its tokenizer_config.json. `name` is the file that errors name. */
export function readTokenizer(json: Json, config: Json, name = 'tokenizer.json'): Tokenizer {
  return new LoadedTokenizer(build(name, json, config), config, name);
}

/** The same with steps in place of those of the file. */
export function composeTokenizer(
  name: string,
  json: Json,
  config: Json,
  { preTokenizer, encode, decoder, languageCodes }: Steps,
): Tokenizer {
  const inner = build(name, json, config);
  inner.pre_tokenizer = preTokenizer;
  inner.model!.encode = encode;
  inner.decoder = decoder;
  return new LoadedTokenizer(inner, config, name, languageCodes);
}

function build(name: string, json: Json, config: Json): HuggingFaceTokenizer {
  // Fields that a hand-written file may leave out, as the Rust library lets it.
  const complete = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...json,
  };
  const { vocab } = (complete as { model?: { vocab?: unknown } }).model ?? {};
  if (isObject(vocab) && !Array.isArray(vocab)) checkIds(name, Object.entries(vocab));
  if (Array.isArray(complete.added_tokens)) {
    checkIds(
      name,
      complete.added_tokens.map((token: { id?: unknown } | null, index) => [
        `added_tokens[${index}]`,
        token?.id,
      ]),
    );
  }
  try {
    const tokenizer = new HuggingFaceTokenizer(complete, config);
    correctSteps(tokenizer);
    return tokenizer;
  } catch (error) {
    if (error instanceof AttentionLabError) throw error;
    fail('bad_checkpoint', `${name}: ${messageOf(error)}`, error);
  }
}

/** Refuses ids that no list of tokens could hold. `name` is the file's. */
export function checkIds(
  name: string,
  ids: readonly (readonly [token: string, id: unknown])[],
): void {
  for (const [token, id] of ids) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > largestId) {
      fail(
        'bad_checkpoint',
        `${name}: ${token.slice(0, 60)}: expected an id from 0 to ${largestId}, got ${describe(id)}`,
      );
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
