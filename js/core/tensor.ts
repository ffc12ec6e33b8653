// Tensors: row-major numbers, their sizes, and what one reads of them. Knows no model.
import { fail } from './errors.js';

/** Numbers as JavaScript has them in one piece. */
export type NumberArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Arrays in arrays, equally long on every level; the innermost hold the numbers. */
export type NestedNumbers =
  NumberArray | readonly number[] | readonly bigint[] | readonly NestedNumbers[];

/** What is taken wherever a tensor is: a Tensor, plain data of its shape, or nested arrays. Read once, and copied. */
export type TensorInput =
  | { readonly data: NumberArray | readonly number[]; readonly dims: readonly number[] }
  | NestedNumbers;

/** What `topK` gives: a number and where it stands. */
export interface RankedNumber {
  index: number;
  value: number;
}

/** Of one axis: an index, which drops the axis; [begin, end), negative from the end; null for all of it. */
export type Range = number | readonly [begin: number, end: number] | null;

/** Row-major float32 numbers, the last index fastest. What a call gives back is yours to keep. */
export class Tensor {
  /** Also in a minified script, where a console shows it. */
  static readonly name: string = 'Tensor';

  /** All numbers, row by row. */
  data: Float32Array;
  /** How many there are along each axis. */
  dims: number[];

  /** The numbers stay where they are: the tensor is a view of them. `shape_mismatch` if they do not fill the dims. */
  constructor(data: Float32Array, dims: readonly number[]) {
    if (data.length !== countOf(dims))
      fail(
        'shape_mismatch',
        `tensor: dims [${dims.join(', ')}] need ${countOf(dims)} values, data holds ${data.length}`,
      );
    this.data = data;
    this.dims = [...dims];
  }

  /** The same as dims, by its name in NumPy and PyTorch. */
  get shape(): number[] {
    return this.dims;
  }

  /**
   * With an index for every axis its number, with fewer the tensor of the axes that are left, a view. Negative indices count from
   * the end. For TypeScript, which cannot count them: `at<number>(0, 1)` is a number.
   */
  at<Result extends number | Tensor = Tensor>(...indices: number[]): Result {
    const { dims } = this;
    if (indices.length > dims.length)
      fail(
        'invalid_argument',
        `at: expected at most ${dims.length} indices, got ${indices.length}`,
      );
    const rest = dims.slice(indices.length);
    const size = countOf(rest);
    const place = indices.reduce(
      (sum, index, axis) => sum * dims[axis]! + indexIn('at', index, dims[axis]!),
      0,
    );
    if (rest.length === 0 && indices.length > 0) return this.data[place] as Result;
    return new Tensor(this.data.subarray(place * size, (place + 1) * size), rest) as Result;
  }

  /** Row `index` [last axis] of all rows, those of leading axes one after the other. A view. */
  row(index: number): Tensor {
    const width = this.dims.at(-1) ?? fail('invalid_argument', 'row: expected at least one axis');
    const at = indexIn('row', index, countOf(this.dims.slice(0, -1)));
    return new Tensor(this.data.subarray(at * width, (at + 1) * width), [width]);
  }

  /** A part, axis by axis: `slice(0, null, [1, -1])`. A view where its numbers lie together, else a copy. */
  slice(...ranges: Range[]): Tensor {
    const { data, dims } = this;
    if (ranges.length > dims.length)
      fail(
        'invalid_argument',
        `slice: expected at most ${dims.length} ranges, got ${ranges.length}`,
      );
    const bounds = dims.map((size, axis) => boundsOf(ranges[axis] ?? null, size));
    const kept = bounds
      .filter((_, axis) => typeof ranges[axis] !== 'number')
      .map(([begin, end]) => end - begin);
    let whole = dims.length; // the axes from here on are taken whole, so their numbers lie together
    while (whole > 0 && bounds[whole - 1]![1] - bounds[whole - 1]![0] === dims[whole - 1]) --whole;
    const size = countOf(dims.slice(whole));
    const starts = bounds
      .slice(0, Math.max(whole - 1, 0))
      .reduce(
        (all, [begin, end], axis) =>
          all.flatMap((start) =>
            Array.from({ length: end - begin }, (_, i) => start * dims[axis]! + begin + i),
          ),
        [0],
      );
    const [begin, end] = whole === 0 ? [0, 1] : bounds[whole - 1]!;
    const before = whole === 0 ? 1 : dims[whole - 1]!;
    const pieces = starts.map((start) =>
      data.subarray((start * before + begin) * size, (start * before + end) * size),
    );
    if (pieces.length === 1) return new Tensor(pieces[0]!, kept);
    const copy = new Float32Array(countOf(kept));
    let at = 0;
    for (const piece of pieces) {
      copy.set(piece, at);
      at += piece.length;
    }
    return new Tensor(copy, kept);
  }

  /** Where the largest number stands in `data`, the first of equal ones; −1 where there is none. */
  argmax(): number {
    return largest(this.data, 1)[0] ?? -1;
  }

  /** The k largest numbers and where they stand in `data`, the largest first; of equal ones the earlier. */
  topK(k: number): RankedNumber[] {
    if (!Number.isInteger(k) || k < 0)
      fail('invalid_argument', `topK: expected an integer of at least 0, got ${k}`);
    return largest(this.data, Math.min(k, this.data.length)).map((index) => ({
      index,
      value: this.data[index]!,
    }));
  }

  /** Of every row along the last axis, as probabilities that sum to 1; in double precision. A new tensor. */
  softmax(): Tensor {
    const result = new Float32Array(this.data.length);
    const width = Math.max(this.dims.at(-1) ?? 1, 1);
    for (let at = 0; at < result.length; at += width)
      result.set(softmaxOf(this.data.subarray(at, at + width)), at);
    return new Tensor(result, this.dims);
  }

  /** Nested arrays of numbers, one level an axis. */
  // oxlint-disable-next-line no-explicit-any -- the depth is only known at run time
  toArray(): any[] {
    let rows: unknown[] = Array.from(this.data);
    for (const size of this.dims.slice(1).reverse())
      rows = Array.from({ length: size === 0 ? 0 : rows.length / size }, (_, at) =>
        rows.slice(at * size, (at + 1) * size),
      );
    return rows;
  }
}

const countOf = (dims: readonly number[]): number =>
  dims.reduce((product, size) => product * size, 1);

function indexIn(name: string, index: number, size: number): number {
  const place = index < 0 ? index + size : index;
  if (!Number.isInteger(index) || place < 0 || place >= size)
    fail(
      'invalid_argument',
      `${name}: expected an integer from ${-size} to ${size - 1}, got ${index}`,
    );
  return place;
}

function boundsOf(range: Range, size: number): [number, number] {
  if (typeof range === 'number') {
    const at = indexIn('slice', range, size);
    return [at, at + 1];
  }
  const [begin, end] = (range ?? [0, size]).map((edge) =>
    Number.isInteger(edge)
      ? Math.min(Math.max(edge < 0 ? edge + size : edge, 0), size)
      : fail('invalid_argument', `slice: expected integers, got ${edge}`),
  ) as [number, number];
  return [begin, Math.max(begin, end)];
}

/** @internal Where the `count` largest are, the largest first; of equal ones the earlier. NaN is none of them. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const found: number[] = [];
  if (count < 1) return found;
  for (let i = 0; i < values.length; ++i) {
    if (
      Number.isNaN(values[i]) ||
      (found.length === count && !(values[i]! > values[found[count - 1]!]!))
    )
      continue;
    let at = Math.min(found.length, count - 1);
    while (at > 0 && values[i]! > values[found[at - 1]!]!) {
      found[at] = found[at - 1]!;
      --at;
    }
    found[at] = i;
  }
  return found;
}

/** @internal The softmax of a row, in double precision; a row of −∞ alone is NaN, as in PyTorch. */
export function softmaxOf(row: ArrayLike<number>): Float64Array {
  let most = -Infinity;
  for (let i = 0; i < row.length; ++i) most = Math.max(most, row[i]!);
  const result = new Float64Array(row.length);
  let sum = 0;
  for (let i = 0; i < row.length; ++i) sum += result[i] = Math.exp(row[i]! - most);
  for (let i = 0; i < row.length; ++i) result[i]! /= sum;
  return result;
}

/** What C++ gives and what crosses from a worker: tensors without their methods. */
export interface TensorData {
  data: Float32Array;
  dims: number[];
}

/** A result, its plain tensors being Tensors. */
export type WithTensors<T> = T extends TensorData
  ? Tensor
  : T extends readonly (infer Item)[]
    ? WithTensors<Item>[]
    : T extends ReadonlyMap<infer Key, infer Item>
      ? Map<Key, WithTensors<Item>>
      : T extends object
        ? { [K in keyof T]: WithTensors<T[K]> }
        : T;

/** @internal Gives the plain tensors in a result, also those in its arrays, Maps and objects, their methods; in place. */
export function withTensors<T>(result: T): WithTensors<T> {
  if (typeof result !== 'object' || result === null || ArrayBuffer.isView(result))
    return result as WithTensors<T>;
  const { data, dims } = result as Partial<TensorData>;
  if (data instanceof Float32Array && Array.isArray(dims) && !(result instanceof Tensor))
    return new Tensor(data, dims) as WithTensors<T>;
  if (result instanceof Map) for (const [key, item] of result) result.set(key, withTensors(item));
  else if (Array.isArray(result) || Object.getPrototypeOf(result) === Object.prototype)
    for (const [key, item] of Object.entries(result))
      (result as Record<string, unknown>)[key] = withTensors(item);
  return result as WithTensors<T>;
}

/** 1 = may attend. `dims` are [T, S], or with leading axes [B, T, S] or [B, H, T, S]; B or H may be 1 for all. */
export interface MaskTensor {
  data: Uint8Array;
  dims: number[];
}

/** A mask in any form: numbers 0 and 1, or true and false. */
export type MaskInput = TensorInput | MaskTensor | NestedBooleans;
type NestedBooleans = readonly boolean[] | readonly NestedBooleans[];

export interface IntegerTensor {
  data: Int32Array;
  dims: number[];
}

/** One sequence, a batch of sequences of equal length, or a tensor of integers [T] or [B, T]. */
export type TokenIds = TensorInput;

/** Name → tensor, as `parameters()` gives them or as a plain object. */
export type NamedTensors = ReadonlyMap<string, TensorInput> | Readonly<Record<string, TensorInput>>;
