// Which activations a caller asks for, and the record that comes back.
import { fail } from './errors.js';
import type { NativeTensor } from './native.js';
import type { Tensor } from './types.js';
import { checkString, describe } from './validation.js';

/** null: nothing; ['*']: everything; else the names, each of them known. */
export function traceNames(
  trace: boolean | readonly string[] | undefined,
  known: ReadonlySet<string>,
): string[] | null {
  if (trace === undefined || trace === false) return null;
  if (trace === true) return ['*'];
  if (!Array.isArray(trace)) {
    fail(
      'invalid_argument',
      `trace: expected true, false or an array of names, got ${describe(trace)}`,
    );
  }
  if (trace.length === 0) return null;
  for (const [index, name] of trace.entries()) {
    if (!known.has(checkString(`trace[${index}]`, name))) {
      fail(
        'unknown_name',
        `trace[${index}]: expected a name of activationNames(), got ${describe(name)}`,
      );
    }
  }
  return [...trace];
}

export function traceMap(record: Record<string, NativeTensor>): Map<string, Tensor> {
  return new Map(Object.entries(record));
}
