// Checks of what a caller passes, before it reaches C++. Every message names the value, the expected and the actual.
import { fail, type ErrorCode } from './errors.js';
import type { IntegerTensor, MaskTensor, Tensor } from './types.js';

/** A value as an error message shows it: short, and never the whole of a large one. */
export function describe(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 60 ? `"${value.slice(0, 57)}…"` : `"${value}"`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return typeName(value);
  if (typeof value === 'object' && value !== null) return `an object of type ${typeName(value)}`;
  return String(value);
}

/** Works across realms (iframes, workers), where `instanceof` does not. */
function typeName(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** A Map, of this realm or another. */
export function isMap<T>(value: T): value is Extract<T, ReadonlyMap<string, unknown>> {
  return typeof value === 'object' && value !== null && typeName(value) === 'Map';
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

/** An object with no key but the known ones: a misspelt option is an error, not a no-op. */
export function checkObject<T extends object>(
  name: string,
  value: T,
  known: ReadonlySet<string>,
): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail('invalid_argument', `${name}: expected an object, got ${describe(value)}`);
  }
  for (const key in value) {
    if (!known.has(key)) {
      fail('invalid_argument', `${name}.${key}: unknown; expected one of ${[...known].join(', ')}`);
    }
  }
  return value;
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

export function checkFinite(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    fail('invalid_argument', `${name}: expected a finite number, got ${describe(value)}`);
  }
  return value;
}

export function checkPositive(name: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    fail('invalid_argument', `${name}: expected a finite number above 0, got ${describe(value)}`);
  }
  return value;
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

/** An AbortSignal, of this realm or another, or none. */
export function checkSignal(name: string, value: unknown): AbortSignal | undefined {
  if (value !== undefined && typeof (value as AbortSignal | null)?.aborted !== 'boolean') {
    fail('invalid_argument', `${name}: expected an AbortSignal, got ${describe(value)}`);
  }
  return value as AbortSignal | undefined;
}

type TensorLike = Tensor | MaskTensor | IntegerTensor;

function checkTensorOf<T extends TensorLike>(name: string, value: unknown, arrayType: string): T {
  const tensor = value as T | null | undefined;
  if (typeof tensor !== 'object' || tensor === null) {
    fail(
      'invalid_argument',
      `${name}: expected { data: ${arrayType}, dims }, got ${describe(value)}`,
    );
  }
  if (!ArrayBuffer.isView(tensor.data) || typeName(tensor.data) !== arrayType) {
    fail(
      'invalid_argument',
      `${name}.data: expected ${arrayType === 'Int32Array' ? 'an' : 'a'} ${arrayType}, got ${describe(tensor.data)}`,
    );
  }
  if (!Array.isArray(tensor.dims)) {
    fail(
      'invalid_argument',
      `${name}.dims: expected an array of sizes, got ${describe(tensor.dims)}`,
    );
  }
  let count = 1;
  for (let axis = 0; axis < tensor.dims.length; ++axis) {
    count *= checkInteger(`${name}.dims[${axis}]`, tensor.dims[axis], 0);
  }
  if (count !== tensor.data.length) {
    fail(
      'shape_mismatch',
      `${name}: dims ${shapeText(tensor.dims)} need ${count} values, data holds ${tensor.data.length}`,
    );
  }
  return tensor;
}

/** A float tensor whose data fills its dims. */
export function checkTensor(name: string, value: unknown): Tensor {
  return checkTensorOf<Tensor>(name, value, 'Float32Array');
}

/** Weights: one that is NaN would silently make everything NaN that it reaches. */
export function checkNoNaN(name: string, data: Float32Array, code: ErrorCode): void {
  if (data.includes(NaN))
    fail(code, `${name}[${data.findIndex(Number.isNaN)}]: expected a number, got NaN`);
}

/** A mask of zeros and ones whose data fills its dims. */
export function checkMask(name: string, value: unknown): MaskTensor {
  const mask = checkTensorOf<MaskTensor>(name, value, 'Uint8Array');
  const wrong = mask.data.findIndex((cell) => cell > 1);
  if (wrong >= 0)
    fail('invalid_argument', `${name}.data[${wrong}]: expected 0 or 1, got ${mask.data[wrong]}`);
  return mask;
}

export function checkIntegerTensor(name: string, value: unknown): IntegerTensor {
  return checkTensorOf<IntegerTensor>(name, value, 'Int32Array');
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
