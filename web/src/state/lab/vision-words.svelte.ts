// The words of models of pictures in the reader's language, loaded with their views.
import { en, type VisionStrings } from '../../strings/en/vision.ts';
import { zh } from '../../strings/zh/vision.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, VisionStrings> = { en, zh };

class VisionWords {
  readonly strings: VisionStrings = $derived(dictionaries[settings.language]);
}

export const visionWords = new VisionWords();
