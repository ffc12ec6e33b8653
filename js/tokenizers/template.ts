// Which tokens come before and after a text: add_bos_token and add_eos_token of tokenizer_config.json.
// As TokenizersBackend.update_post_processor of Transformers.
import type { Settings } from './settings.js';
import type { Vocab } from './vocab.js';

/** The tokenizer.json's post_processor. */
export function beforeAndAfter(tokens: Settings, vocab: Vocab, vocabFile: string): object {
  const token = (field: 'bos_token' | 'eos_token', type: number): object[] =>
    tokens.boolean(`add_${field}`, false)
      ? [{ SpecialToken: { id: tokens.token(field, vocab, vocabFile), type_id: type } }]
      : [];
  const text = (id: string, type: number): object[] => [
    ...token('bos_token', type),
    { Sequence: { id, type_id: type } },
    ...token('eos_token', type),
  ];
  return {
    type: 'TemplateProcessing',
    single: text('A', 0),
    pair: [...text('A', 0), ...text('B', 1)],
  };
}
