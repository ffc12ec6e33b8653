// Learn's words in the reader's language, and a chapter's own, with what was computed put in their places.
import { en, type LearnStrings } from '../../strings/en/learn.ts';
import { zh } from '../../strings/zh/learn.ts';
import type { Text } from '../../lessons/lesson.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, LearnStrings> = { en, zh };

class LearnWords {
  readonly strings: LearnStrings = $derived(dictionaries[settings.language]);

  of(text: Text, facts: Readonly<Record<string, string>> = {}): string {
    return text[settings.language].replace(/\{(\w+)\}/g, (_, name: string) => facts[name] ?? '…');
  }
}

export const words = new LearnWords();
