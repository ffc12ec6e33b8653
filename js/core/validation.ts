// Checks of what a caller passes, before it reaches C++. Every message names the value, the expected and the actual.
import { fail, type ErrorCode } from './errors.js';
import {
  entriesOf,
  isArray,
  kinds,
  lengthOf,
  mostEntries,
  plainArray,
  plainNumbers,
  plainView,
  reading,
  typedArrayKind,
  type Kinds,
} from './plain.js';
import { Tensor, type IntegerTensor, type MaskTensor } from './tensor.js';

/** A value as an error message shows it: short, and never the whole of a large one. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 60 ? `"${value.slice(0, 57)}…"` : `"${value}"`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint')
    return value > -(2n ** 64n) && value < 2n ** 64n ? `${value}n` : 'a large bigint';
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    if (Array.isArray(value)) return `an array of ${value.length}`;
    return typedArrayKind(value) ?? `an object of type ${typeName(value)}`;
  } catch {
    return 'an object that cannot be read'; // a revoked proxy, or a getter that throws
  }
}

/** Works across realms (iframes, workers), where `instanceof` does not. */
function typeName(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1).slice(0, 60);
}

/** A Map, of this realm or another, or a framework's proxy of one: what it answers is read under `reading`. */
export function isMap<T>(value: T): value is Extract<T, ReadonlyMap<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  try {
    return typeName(value) === 'Map';
  } catch {
    return false;
  }
}

/** The entries of a Map, or of an object, each read once. */
export function namedEntries<T>(
  name: string,
  given: ReadonlyMap<string, T> | Readonly<Record<string, T>>,
): [string, T][] {
  if (typeof given !== 'object' || given === null || isArray(given))
    fail('invalid_argument', `${name}: expected a Map or an object, got ${describe(given)}`);
  return reading(name, () => (isMap(given) ? [...given] : Object.entries(given)) as [string, T][]);
}

export function shapeText(dims: readonly number[]): string {
  return `[${dims.join(', ')}]`;
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Optional settings: undefined is {}. */
export function checkKeys<T extends object>(
  name: string,
  value: T | undefined,
  known: ReadonlySet<string>,
): T {
  return value === undefined ? ({} as T) : checkObject(name, value, known);
}

/**
 * A copy of an object that has no key but the known ones, each read once: a misspelt option is an error, not a no-op. What is
 * undefined is left out.
 */
export function checkObject<T extends object>(
  name: string,
  value: T,
  known: ReadonlySet<string>,
): T {
  if (typeof value !== 'object' || value === null || isArray(value)) {
    fail('invalid_argument', `${name}: expected an object, got ${describe(value)}`);
  }
  return reading(name, () => {
    for (const key in value) {
      if (!known.has(key)) {
        fail(
          'invalid_argument',
          `${name}.${key.slice(0, 60)}: unknown; expected one of ${[...known].join(', ')}`,
        );
      }
    }
    const copy: Record<string, unknown> = {};
    for (const key of known) {
      const field = (value as Record<string, unknown>)[key];
      if (field !== undefined) copy[key] = field;
    }
    return copy as T;
  });
}

/** A dense copy of an array; `expected` says what of. A hole is undefined. */
export function checkArray<T>(name: string, value: readonly T[], expected: string): T[] {
  if (!isArray(value))
    fail('invalid_argument', `${name}: expected ${expected}, got ${describe(value)}`);
  return entriesOf(name, value);
}

export function checkInteger(
  name: string,
  value: unknown,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    const range =
      most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    fail('invalid_argument', `${name}: expected an integer ${range}, got ${describe(value)}`);
  }
  return value;
}

/** Whether float32, in which C++ computes, neither takes the number for ∞ nor one that is not 0 for 0. */
export function fitsFloat32(value: number): boolean {
  const rounded = Math.fround(value);
  return Number.isFinite(rounded) && (rounded !== 0 || value === 0);
}

function checkFloat32(name: string, value: number): number {
  if (!fitsFloat32(value))
    fail('invalid_argument', `${name}: expected a number that float32 can hold, got ${value}`);
  return value;
}

export function checkFinite(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    fail('invalid_argument', `${name}: expected a finite number, got ${describe(value)}`);
  }
  return checkFloat32(name, value);
}

export function checkPositive(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    fail('invalid_argument', `${name}: expected a finite number above 0, got ${describe(value)}`);
  }
  return checkFloat32(name, value);
}

/** Scores are divided by it: from here on down, those of ordinary size would become infinite. */
const leastTemperature = 1e-30;

export function checkTemperature(value: unknown): number {
  const temperature = checkPositive('temperature', value);
  if (temperature < leastTemperature)
    fail(
      'invalid_argument',
      `temperature: expected at least ${leastTemperature}, below which scores overflow, got ${temperature}`,
    );
  return temperature;
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    fail('invalid_argument', `${name}: expected true or false, got ${describe(value)}`);
  return value;
}

export function checkString(name: string, value: unknown): string {
  if (typeof value !== 'string')
    fail('invalid_argument', `${name}: expected a string, got ${describe(value)}`);
  return value;
}

export function checkOneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T {
  if (!(allowed as readonly unknown[]).includes(value)) {
    const choices = allowed.map((choice) => `"${choice}"`).join(' or ');
    fail('invalid_argument', `${name}: expected ${choices}, got ${describe(value)}`);
  }
  return value as T;
}

/** A seed: 32 bits, the same numbers on every machine. */
export function checkSeed(name: string, value: unknown): number {
  return checkInteger(name, value, 0, 0xffffffff);
}

/** A function, or none. */
export function checkCallback<T>(name: string, value: T): T {
  if (value !== undefined && typeof value !== 'function')
    fail('invalid_argument', `${name}: expected a function, got ${describe(value)}`);
  return value;
}

/** An AbortSignal, of this realm or another, or none. */
export function checkSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const signal = value as AbortSignal | null;
  const isSignal = reading(
    name,
    () =>
      typeof signal === 'object' &&
      signal !== null &&
      typeof signal.aborted === 'boolean' &&
      typeof signal.addEventListener === 'function' &&
      typeof signal.removeEventListener === 'function',
  );
  if (!isSignal)
    fail('invalid_argument', `${name}: expected an AbortSignal, got ${describe(value)}`);
  return signal!;
}

/** More axes than any tensor here has. */
const mostAxes = 64;

/** What the numbers of a tensor become, and what each must be. */
const elements = {
  Float32Array: {
    of: 'a number that float32 can hold',
    accepts: (value: number) =>
      Number.isFinite(value) ? Math.abs(value) <= 3.4028235677973366e38 : true,
  },
  Int32Array: {
    of: 'an integer of 32 bits',
    accepts: (value: number) => (value | 0) === value,
  },
  Uint8Array: { of: '0 or 1', accepts: (value: number) => value === 0 || value === 1 },
} as const;
type ElementArray = keyof typeof elements;

/** Row-major numbers of a caller's, read once: nothing of the caller's own. */
interface Numbers<K extends ElementArray> {
  data: Kinds[K];
  dims: number[];
}

/** From { data, dims }, from a typed array or from nested arrays. `views`: large numbers of the right kind stay the caller's. */
function checkNumbers<K extends ElementArray>(
  name: string,
  value: unknown,
  kind: K,
  views = false,
): Numbers<K> {
  if (typeof value !== 'object' || value === null)
    fail(
      'invalid_argument',
      `${name}: expected { data: ${kind}, dims } or arrays of numbers, got ${describe(value)}`,
    );
  if (isArray(value) || typedArrayKind(value) !== undefined)
    return nestedNumbers(name, value, kind);
  const given = reading(name, () => {
    const { data, dims } = value as { data: unknown; dims: number[] };
    return { data, dims };
  });
  if (!isArray(given.data) && typedArrayKind(given.data) === undefined)
    fail(
      'invalid_argument',
      `${name}.data: expected ${kind === 'Int32Array' ? 'an' : 'a'} ${kind}, got ${describe(given.data)}`,
    );
  const isKind = typedArrayKind(given.data) === kind;
  const data = isKind
    ? reading(name, () => (views ? plainView : plainArray)(kind, given.data))!
    : nestedNumbers(`${name}.data`, given.data, kind, 1).data;
  if (!isArray(given.dims) || lengthOf(`${name}.dims`, given.dims) > mostAxes) {
    fail(
      'invalid_argument',
      `${name}.dims: expected an array of sizes, got ${describe(given.dims)}`,
    );
  }
  const dims = entriesOf(`${name}.dims`, given.dims);
  let count = 1;
  for (let axis = 0; axis < dims.length; ++axis) {
    count *= checkInteger(`${name}.dims[${axis}]`, dims[axis], 0);
  }
  if (count !== data.length) {
    fail(
      'shape_mismatch',
      `${name}: dims ${shapeText(dims)} need ${count} values, data holds ${data.length}`,
    );
  }
  return { data, dims };
}

/** Arrays in arrays down to the numbers, equally long on every level; the innermost may be typed arrays. */
function nestedNumbers<K extends ElementArray>(
  name: string,
  value: unknown,
  kind: K,
  axes = mostAxes,
): Numbers<K> {
  const dims: number[] = [];
  const rows: { name: string; values: ArrayLike<unknown> }[] = [];
  let count = 0; // of arrays and numbers: one that holds itself must come to an end
  const tooMany = (): never =>
    fail('invalid_argument', `${name}: expected at most ${mostEntries} numbers`);
  const read = (path: string, level: unknown, depth: number): void => {
    if (++count > mostEntries) tooMany();
    const typed = reading(path, () => plainNumbers(level));
    const values: ArrayLike<unknown> =
      typed ??
      (isArray(level)
        ? entriesOf<unknown>(path, level)
        : fail(
            'invalid_argument',
            `${path}: expected an array of numbers, got ${describe(level)}`,
          ));
    dims[depth] ??= values.length;
    if (dims[depth] !== values.length)
      fail(
        'shape_mismatch',
        `${path}: expected ${dims[depth]} entries as in the first of its kind, got ${values.length}`,
      );
    const isRow = typed !== undefined || !(isArray(values[0]) || plainNumbers(values[0]));
    if (isRow ? dims.length > depth + 1 : depth + 1 >= axes)
      fail(
        'invalid_argument',
        `${path}[0]: expected ${isRow ? 'an array' : 'a number'}, got ${describe(values[0])}`,
      );
    if (isRow) rows.push({ name: path, values });
    else for (let at = 0; at < values.length; ++at) read(`${path}[${at}]`, values[at], depth + 1);
    if (isRow && (count += values.length) > mostEntries) tooMany();
  };
  read(name, value, 0);
  const data = new kinds[kind](rows.reduce((sum, row) => sum + row.values.length, 0)) as Kinds[K];
  let to = 0;
  for (const row of rows)
    for (let at = 0; at < row.values.length; ++at)
      data[to++] = checkElement(row.name, at, row.values[at], kind);
  return { data, dims };
}

function checkElement(name: string, at: number, value: unknown, kind: ElementArray): number {
  const isFlag = typeof value === 'boolean' && kind === 'Uint8Array';
  const number = typeof value === 'bigint' || isFlag ? Number(value) : value;
  if (typeof number !== 'number' || !elements[kind].accepts(number))
    fail(
      'invalid_argument',
      `${name}[${at}]: expected ${elements[kind].of}, got ${describe(value)}`,
    );
  return number;
}

const tensorOf = ({ data, dims }: Numbers<'Float32Array'>): Tensor => new Tensor(data, dims);

/** A copy of a float tensor whose data fills its dims. */
export function checkTensor(name: string, value: unknown): Tensor {
  return tensorOf(checkNumbers(name, value, 'Float32Array'));
}

/** The same with the caller's own numbers, as of weights, which are large: `checkAttached` before they are used. */
export function checkTensorView(name: string, value: unknown): Tensor {
  return tensorOf(checkNumbers(name, value, 'Float32Array', true));
}

/** What was read after a tensor may have detached its data. */
export function checkAttached(name: string, { data, dims }: Tensor): void {
  if (data.length !== dims.reduce((product, size) => product * size, 1))
    fail('invalid_argument', `${name}: its data was detached while it was read`);
}

/** Weights: one that is NaN would silently make everything NaN that it reaches. */
export function checkNoNaN(name: string, data: Float32Array, code: ErrorCode): void {
  if (data.includes(NaN))
    fail(code, `${name}[${data.findIndex(Number.isNaN)}]: expected a number, got NaN`);
}

/** A mask of zeros and ones whose data fills its dims. */
export function checkMask(name: string, value: unknown): MaskTensor {
  const mask = checkNumbers(name, value, 'Uint8Array');
  const wrong = mask.data.findIndex((cell) => cell > 1);
  if (wrong >= 0)
    fail('invalid_argument', `${name}.data[${wrong}]: expected 0 or 1, got ${mask.data[wrong]}`);
  return mask;
}

export function checkIntegerTensor(name: string, value: unknown): IntegerTensor {
  return checkNumbers(name, value, 'Int32Array');
}

/** Exactly these dims. */
export function checkShape(
  name: string,
  actual: readonly number[],
  expected: readonly number[],
): void {
  if (!sameShape(actual, expected)) {
    fail('shape_mismatch', `${name}: expected ${shapeText(expected)}, got ${shapeText(actual)}`);
  }
}

/**
 * The dims [..., T, S] of a mask or bias for scores [...leading, T, S], as many axes as those. Given are [T, S], or leading
 * axes before it with or without the last of them, the heads. The heads' axis, and all others together, may be 1.
 */
export function checkCells(
  name: string,
  given: readonly number[],
  leading: readonly number[],
  queries: number,
  keys: number,
): number[] {
  const own = given.slice(0, -2);
  if (own.length === leading.length - 1 && own.length > 0) own.push(1);
  const batch = leading.slice(0, -1);
  const fits =
    given.length >= 2 &&
    given.at(-2) === queries &&
    given.at(-1) === keys &&
    (own.length === 0 ||
      (own.length === leading.length &&
        (own.at(-1) === leading.at(-1) || own.at(-1) === 1) &&
        (sameShape(own.slice(0, -1), batch) || own.slice(0, -1).every((size) => size === 1))));
  if (!fits) {
    const shapes = [[], batch, leading].filter((shape, index) => index === 0 || shape.length > 0);
    const expected = shapes.map((shape) => shapeText([...shape, queries, keys])).join(' or ');
    fail('shape_mismatch', `${name}: expected ${expected}, got ${shapeText(given)}`);
  }
  return [...own, queries, keys];
}
