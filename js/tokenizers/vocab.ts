// A vocabulary as a file holds it: token → id.
import { fail } from '../core/errors.js';
import { describe } from '../core/validation.js';
import type { CheckpointFiles } from './files.js';

export type Vocab = Readonly<Record<string, number>>;

/** No vocabulary comes near it. */
export const largestId = 1 << 22;

/** A vocab.json, which must be there because the file `companion` is. */
export async function readVocab(
  files: CheckpointFiles,
  name: string,
  companion: string,
): Promise<Vocab> {
  const vocab = (await files.json(name)) ?? files.missing(name, companion);
  checkIds(name, Object.entries(vocab));
  return vocab as Vocab;
}

/** Refuses ids that no vocabulary has. `name` is the file's. */
export function checkIds(
  name: string,
  ids: readonly (readonly [token: string, id: unknown])[],
): void {
  for (const [token, id] of ids) {
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > largestId) {
      fail(
        'bad_checkpoint',
        `${name}: ${token.slice(0, 60)}: expected an id from 0 to ${largestId}, got ${describe(id)}`,
      );
    }
  }
}
