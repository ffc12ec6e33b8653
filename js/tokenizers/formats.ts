// The tokenizers of a checkpoint: by its tokenizer.json, or by the files that stand for one, a reader for each of Transformers' classes.
import { fail } from '../core/errors.js';
import { readTokenizer } from './read-tokenizer.js';
import type { Tokenizer } from '../core/text-types.js';
import { describe } from '../core/validation.js';
import { convertGpt2, convertRoberta } from './byte-level.js';
import type { Converted, ReadSettings } from './conversion.js';
import type { CheckpointFiles } from './files.js';
import { convertLlama } from './llama.js';
import { readMarian } from './marian.js';
import { readSettings } from './settings.js';
import { convertWordPiece } from './word-piece.js';

type Json = Readonly<Record<string, unknown>>;

export interface Tokenizers {
  tokenizer?: Tokenizer;
  /** Of what the decoder of an encoder–decoder reads and writes, where it has one of its own. */
  targetTokenizer?: Tokenizer;
}

/** undefined: the checkpoint has none of its files. */
type Read<T> = (files: CheckpointFiles, settings: ReadSettings) => Promise<T | undefined>;

const converted =
  (convert: Read<Converted>): Read<Tokenizers> =>
  async (files, settings) => {
    const found = await convert(files, settings);
    return found && { tokenizer: readTokenizer(found.json, found.config, found.name) };
  };

const wordPiece = converted(convertWordPiece);
const roberta = converted(convertRoberta);

const readers: Readonly<Record<string, Read<Tokenizers>>> = {
  BertTokenizer: wordPiece,
  DistilBertTokenizer: wordPiece,
  GPT2Tokenizer: converted(convertGpt2),
  RobertaTokenizer: roberta,
  LongformerTokenizer: roberta,
  LlamaTokenizer: converted(convertLlama),
  MarianTokenizer: readMarian,
};

/** None where no file says one. `usual` is the class of the family's tokenizers, if it has texts; `config` is config.json. */
export async function readTokenizers(
  files: CheckpointFiles,
  usual: string | undefined,
  config: Json,
): Promise<Tokenizers> {
  const readConfig = async (): Promise<Json> =>
    (await files.settings('tokenizer_config.json')) ?? {};
  // Of Marian Transformers reads no tokenizer.json, which could say one of the two.
  const marian =
    usual === 'MarianTokenizer' &&
    (await readMarian(files, async () => readSettings(files, await readConfig())));
  if (marian) return marian;
  const json = await files.json('tokenizer.json');
  if (!json && usual === undefined) return {};
  const settings = await readConfig();
  if (json) return { tokenizer: readTokenizer(json, settings) };
  const named = settings['tokenizer_class'] ?? config['tokenizer_class'] ?? usual;
  if (typeof named !== 'string')
    fail(
      'bad_checkpoint',
      `tokenizer_config.json: tokenizer_class: expected a name, got ${describe(named)}`,
    );
  const name = named.replace(/Fast$/, '');
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  return (await read?.(files, () => readSettings(files, settings))) ?? {};
}
