// Which activations a caller asks for, and the record that comes back.
import { fail } from './errors.js';
import type { Tensor } from './tensor.js';
import { checkArray, checkString, describe } from './validation.js';

/** null: nothing; ['*']: everything; else the names, each of them known. */
export function traceNames(
  trace: boolean | readonly string[] | undefined,
  known: ReadonlySet<string>,
): string[] | null {
  if (trace === undefined || trace === false) return null;
  if (trace === true) return ['*'];
  const names = checkArray('trace', trace, 'true, false or an array of names');
  if (names.length === 0) return null;
  for (const [index, name] of names.entries()) {
    if (!known.has(checkString(`trace[${index}]`, name))) {
      fail(
        'unknown_name',
        `trace[${index}]: expected a name of activationNames(), got ${describe(name)}`,
      );
    }
  }
  return names;
}

export function traceMap(record: Record<string, Tensor>): Map<string, Tensor> {
  return new Map(Object.entries(record));
}
