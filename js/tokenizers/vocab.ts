// A vocabulary as a file holds it: token → id.
import { checkIds } from './read-tokenizer.js';
import type { CheckpointFiles } from './files.js';

export type Vocab = Readonly<Record<string, number>>;

/** A vocab.json, which must be there since the file `beside` is. */
export async function readVocab(
  files: CheckpointFiles,
  name: string,
  beside: string,
): Promise<Vocab> {
  const vocab = (await files.json(name)) ?? files.missing(name, beside);
  checkIds(name, Object.entries(vocab));
  return vocab as Vocab;
}
