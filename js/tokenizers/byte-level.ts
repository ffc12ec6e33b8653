// GPT-2's and RoBERTa's vocab.json and merges.txt as the tokenizer.json that they stand for.
// As transformers/models/gpt2/tokenization_gpt2.py and models/roberta/tokenization_roberta.py.
import { fail } from '../core/errors.js';
import { describe } from '../core/validation.js';
import type { CheckpointFiles } from './files.js';
import type { Converted, ReadSettings } from './conversion.js';
import type { Settings } from './settings.js';
import { beforeAndAfter } from './template.js';
import { readVocab, type Vocab } from './vocab.js';

const name = 'merges.txt';
const vocabFile = 'vocab.json';

const gpt2 = { unk_token: '<|endoftext|>', bos_token: '<|endoftext|>', eos_token: '<|endoftext|>' };
const roberta = {
  bos_token: '<s>',
  eos_token: '</s>',
  sep_token: '</s>',
  cls_token: '<s>',
  unk_token: '<unk>',
  pad_token: '<pad>',
  mask_token: '<mask>',
};

export const convertGpt2 = (
  files: CheckpointFiles,
  readSettings: ReadSettings,
): Promise<Converted | undefined> =>
  convert(files, readSettings, gpt2, (tokens, vocab) => beforeAndAfter(tokens, vocab, vocabFile));

export const convertRoberta = (
  files: CheckpointFiles,
  readSettings: ReadSettings,
): Promise<Converted | undefined> =>
  convert(files, readSettings, roberta, (tokens, vocab) => {
    const [sep, cls] = (['sep_token', 'cls_token'] as const).map((field) =>
      tokens.token(field, vocab, vocabFile),
    );
    return { type: 'RobertaProcessing', sep: [sep, vocab[sep!]], cls: [cls, vocab[cls!]] };
  });

async function convert(
  files: CheckpointFiles,
  readSettings: ReadSettings,
  defaults: Parameters<Settings['withDefaults']>[0],
  around: (tokens: Settings, vocab: Vocab) => object,
): Promise<Converted | undefined> {
  const text = await files.text(name);
  if (text === undefined) return undefined;
  const vocab = await readVocab(files, vocabFile, name);
  const tokens = (await readSettings()).withDefaults(defaults);
  const json = {
    added_tokens: tokens.added(vocab),
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: tokens.boolean('add_prefix_space', false),
    },
    post_processor: around(tokens, vocab),
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: mergesOf(text, vocab), continuing_subword_prefix: '' },
  };
  return { name: vocabFile, json, config: tokens.fields };
}

/** Two pieces a line, in the order in which they become one. */
function mergesOf(text: string, vocab: Vocab): [string, string][] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line === '' || line.startsWith('#version')) return [];
    const [left, right, ...more] = line.split(' ');
    if (!left || !right || more.length > 0)
      fail(
        'bad_checkpoint',
        `${name}: line ${index + 1}: expected two pieces with a space between them, got ${describe(line)}`,
      );
    const unknown = [left, right, left + right].find((piece) => !Object.hasOwn(vocab, piece));
    if (unknown !== undefined)
      fail(
        'bad_checkpoint',
        `${name}: line ${index + 1}: expected pieces of vocab.json, got ${describe(unknown)}`,
      );
    return [[left, right]];
  });
}
