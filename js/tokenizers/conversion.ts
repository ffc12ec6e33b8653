// What a reader of one tokenizer class takes and gives. No code.
import type { Settings } from './settings.js';

type Json = Readonly<Record<string, unknown>>;

/** Files as the tokenizer.json and tokenizer_config.json that they stand for. `name` is the file that errors name. */
export interface Converted {
  name: string;
  json: Json;
  config: Json;
}

/** Asked for once the first of a reader's files is there. */
export type ReadSettings = () => Promise<Settings>;
