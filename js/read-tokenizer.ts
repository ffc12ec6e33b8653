// Makes a tokenizer of a checkpoint's files: the one place that loads @huggingface/tokenizers.
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { fail, messageOf } from './errors.js';
import { LoadedTokenizer } from './tokenizer.js';
import type { Tokenizer } from './types.js';
import { describe } from './validation.js';

type Json = Readonly<Record<string, unknown>>;

/** No vocabulary comes near it; the library makes a list as long as the largest id. */
const largestId = 1 << 22;

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
  checkIds(complete);
  try {
    return new LoadedTokenizer(new HuggingFaceTokenizer(complete, config), config);
  } catch (error) {
    fail('bad_checkpoint', `tokenizer.json: ${messageOf(error)}`, error);
  }
}

/** Refuses ids that no list of tokens could hold. */
function checkIds({ model, added_tokens: added }: Json): void {
  const { vocab } = (model ?? {}) as { vocab?: unknown };
  const ids = [
    ...(isObject(vocab) && !Array.isArray(vocab) ? Object.entries(vocab) : []),
    ...(Array.isArray(added) ? added.map((token, index) => [`added_tokens[${index}]`, (token as { id?: unknown } | null)?.id] as const) : []),
  ];
  for (const [token, id] of ids) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > largestId) {
      fail('bad_checkpoint', `tokenizer.json: ${token.slice(0, 60)}: expected an id from 0 to ${largestId}, got ${describe(id)}`);
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
