// The Lab's words in the reader's language, with those that every room shares.
import { en, type LabStrings } from '../../strings/en/lab.ts';
import type { SharedStrings } from '../../strings/en/shared.ts';
import { zh } from '../../strings/zh/lab.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, LabStrings> = { en, zh };

class LabWords {
  readonly strings: SharedStrings & LabStrings = $derived({
    ...settings.strings,
    ...dictionaries[settings.language],
  });
}

export const words = new LabWords();
