// The words of models of other kinds in the reader's language, loaded with their views.
import { en, type ViewedStrings } from '../strings/viewed.en.ts';
import { zh } from '../strings/viewed.zh.ts';
import { settings, type Language } from './settings.svelte.ts';

const dictionaries: Record<Language, ViewedStrings> = { en, zh };

class ViewedWords {
  readonly strings: ViewedStrings = $derived(dictionaries[settings.language]);
}

export const viewedWords = new ViewedWords();
