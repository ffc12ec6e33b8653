// BERT's tokenizer over whole words, as Hugging Face's files say it: lower-cased, punctuation split off, [CLS] … [SEP] around.
import { mask } from './sentence.ts';
import { idOf, vocabulary } from './batch.ts';
import { unknown } from './blur.ts';
import { mostTokens, specialTokens } from './vocabulary.ts';

const special = (name: string) => ({ SpecialToken: { id: name, type_id: 0 } });
const sequence = (id: string, type: number) => ({ Sequence: { id, type_id: type } });

const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: specialTokens.map((content) => ({
    id: idOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: {
    type: 'BertNormalizer',
    clean_text: true,
    handle_chinese_chars: true,
    strip_accents: null,
    lowercase: true,
  },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [special('[CLS]'), sequence('A', 0), special('[SEP]')],
    pair: [
      special('[CLS]'),
      sequence('A', 0),
      special('[SEP]'),
      sequence('B', 1),
      { SpecialToken: { id: '[SEP]', type_id: 1 } },
    ],
    special_tokens: Object.fromEntries(
      ['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [idOf(id)], tokens: [id] }]),
    ),
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: unknown,
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(vocabulary.map((word, id) => [word, id])),
  },
};

const config = {
  tokenizer_class: 'BertTokenizer',
  do_lower_case: true,
  model_max_length: mostTokens,
  unk_token: unknown,
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: mask,
  tokenize_chinese_chars: true,
  strip_accents: null,
};

/** Name → contents. */
export const tokenizerFiles: ReadonlyMap<string, string> = new Map([
  ['tokenizer.json', `${JSON.stringify(tokenizer)}\n`],
  ['tokenizer_config.json', `${JSON.stringify(config, null, 2)}\n`],
]);
