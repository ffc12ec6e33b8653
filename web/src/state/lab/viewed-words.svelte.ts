// The words of models of other kinds in the reader's language, loaded with their views.
import { en, type ViewedStrings } from '../../strings/en/viewed.ts';
import { zh } from '../../strings/zh/viewed.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, ViewedStrings> = { en, zh };

class ViewedWords {
  readonly strings: ViewedStrings = $derived(dictionaries[settings.language]);
}

export const viewedWords = new ViewedWords();
