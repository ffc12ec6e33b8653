// Makes a tokenizer of what a checkpoint's files say.
import { AttentionLabError, fail, messageOf } from '../core/errors.js';
import type { Tokenizer } from '../core/text-types.js';
import { Pipeline, type Steps } from './pipeline/pipeline.js';
import { LoadedTokenizer } from './tokenizer.js';

type Json = Readonly<Record<string, unknown>>;

/** The tokenizer of a tokenizer.json and, where there is one, its tokenizer_config.json. `name` is the file that errors name. */
export function readTokenizer(json: Json, config: Json, name = 'tokenizer.json'): Tokenizer {
  return composeTokenizer(name, json, config, {});
}

/** The same with steps in place of those of the file. */
export function composeTokenizer(
  name: string,
  json: Json,
  config: Json,
  steps: Steps,
  languageCodes: readonly string[] = [],
): Tokenizer {
  try {
    const pipeline = new Pipeline(json, name, steps);
    const model = (json['model'] ?? {}) as Json;
    const marks = [json['normalizer'], json['pre_tokenizer'], json['decoder']];
    const field = (key: string, otherwise: string): string => {
      const value = model[key] ?? otherwise;
      return typeof value === 'string' ? value : '';
    };
    return new LoadedTokenizer(pipeline, {
      config,
      isByteLevel: marks.some((step) =>
        JSON.stringify(step ?? null).includes('"type":"ByteLevel"'),
      ),
      isBpe: model['merges'] !== undefined,
      prefix: field('continuing_subword_prefix', model['type'] === 'WordPiece' ? '##' : ''),
      suffix: field('end_of_word_suffix', ''),
      languageCodes,
    });
  } catch (error) {
    if (error instanceof AttentionLabError) throw error;
    fail('bad_checkpoint', `${name}: ${messageOf(error)}`, error);
  }
}
