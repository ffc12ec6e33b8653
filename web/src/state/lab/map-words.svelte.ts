// The words of the map and its instruments in the reader's language.
import { en, type MapStrings } from '../../strings/en/map.ts';
import { zh } from '../../strings/zh/map.ts';
import { settings, type Language } from '../shared/settings.svelte.ts';

const dictionaries: Record<Language, MapStrings> = { en, zh };

class MapWords {
  readonly strings: MapStrings = $derived(dictionaries[settings.language]);
}

export const mapWords = new MapWords();
