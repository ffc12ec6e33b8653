// The words of the training part in the reader's language, loaded with that part.
import { en, type TrainingStrings } from '../../strings/en/train.ts';
import { zh } from '../../strings/zh/train.ts';
import type { Text } from '../../lessons/lesson.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, TrainingStrings> = { en, zh };

class TrainingWords {
  readonly strings: TrainingStrings = $derived(dictionaries[settings.language]);

  /** A lesson's own words. */
  of(text: Text): string {
    return text[settings.language];
  }
}

export const words = new TrainingWords();
