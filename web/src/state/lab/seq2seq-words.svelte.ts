// The words of sequence-to-sequence models in the reader's language, loaded with their views.
import { en, type Seq2SeqStrings } from '../../strings/en/seq2seq.ts';
import { zh } from '../../strings/zh/seq2seq.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, Seq2SeqStrings> = { en, zh };

class Seq2SeqWords {
  readonly strings: Seq2SeqStrings = $derived(dictionaries[settings.language]);
}

export const seq2seqWords = new Seq2SeqWords();
