// Makes a tokenizer of a checkpoint's files: the one place that loads @huggingface/tokenizers.
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { fail, messageOf } from './errors.js';
import { LoadedTokenizer } from './tokenizer.js';
import type { Tokenizer } from './types.js';

type Json = Readonly<Record<string, unknown>>;

/** The tokenizer of a tokenizer.json and, where there is one, its tokenizer_config.json. */
export function readTokenizer(json: Json, config: Json): Tokenizer {
  // Fields that a hand-written file may leave out, as the Rust library lets it.
  const complete = {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    ...json,
  };
  try {
    return new LoadedTokenizer(new HuggingFaceTokenizer(complete, config), config);
  } catch (error) {
    fail('bad_checkpoint', `tokenizer.json: ${messageOf(error)}`, error);
  }
}
