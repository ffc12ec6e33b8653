// BERT's vocab.txt, a token a line, as the tokenizer.json that it stands for. As transformers/models/bert/tokenization_bert.py.
import type { CheckpointFiles } from './files.js';
import type { Converted, ReadSettings } from './conversion.js';
import { checkIds, type Vocab } from './vocab.js';

const name = 'vocab.txt';
const defaults = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};

export async function convertWordPiece(
  files: CheckpointFiles,
  readSettings: ReadSettings,
): Promise<Converted | undefined> {
  const text = await files.text(name);
  if (text === undefined) return undefined;
  const vocab = vocabOfLines(text);
  const tokens = (await readSettings()).withDefaults(defaults);
  const [unk, cls, sep] = (['unk_token', 'cls_token', 'sep_token'] as const).map((field) =>
    tokens.token(field, vocab, name),
  );
  const special = (id: string, type: number) => ({ SpecialToken: { id, type_id: type } });
  const single = [special(cls!, 0), { Sequence: { id: 'A', type_id: 0 } }, special(sep!, 0)];
  return {
    name,
    config: tokens.fields,
    json: {
      added_tokens: tokens.added(vocab),
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: tokens.boolean('tokenize_chinese_chars', true),
        lowercase: tokens.boolean('do_lower_case', true),
        strip_accents: tokens.boolean('strip_accents', tokens.boolean('do_lower_case', true)),
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: {
        type: 'TemplateProcessing',
        single,
        pair: [...single, { Sequence: { id: 'B', type_id: 1 } }, special(sep!, 1)],
      },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        vocab,
        unk_token: unk,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
      },
    },
  };
}

/** The line of a token is its id; a token that stands twice has the last line's. */
function vocabOfLines(text: string): Vocab {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const entries = lines.map((line, id) => [line.replace(/\p{White_Space}+$/u, ''), id] as const);
  checkIds(name, entries.slice(-1));
  return Object.fromEntries(entries);
}
