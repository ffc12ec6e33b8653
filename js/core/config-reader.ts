// Reads fields of a checkpoint's config.json, with the family's defaults, and names a field that cannot be honoured.
import { fail } from './errors.js';
import { reading } from './plain.js';
import { describe, fitsFloat32 } from './validation.js';

const largest = 1 << 24;

/** Most layers of a model. */
export const mostLayers = 1024;

/** Transformers' names of the activations that this package computes. */
export const activations = {
  gelu: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_python_tanh: 'gelu_tanh',
  gelu_accurate: 'gelu_tanh',
  gelu_python: 'gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
} as const;

/** Transformers' name of an activation of ours. */
export function activationName(activation: (typeof activations)[keyof typeof activations]): string {
  return Object.entries(activations).find(([, ours]) => ours === activation)![0];
}

export class ConfigReader {
  /** `path` and `file` stand before the names of the fields in errors. */
  constructor(
    private readonly json: Readonly<Record<string, unknown>>,
    private readonly path = '',
    private readonly file = 'config.json',
  ) {}

  names(): string[] {
    return reading(this.file, () => Object.keys(this.json));
  }

  has(name: string): boolean {
    return this.field(name) !== undefined;
  }

  /** An object within this one; undefined where it is left out. */
  section(name: string): ConfigReader | undefined {
    const value = this.field(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) this.wrong(name, 'an object', value);
    return new ConfigReader(value as Record<string, unknown>, `${this.path}${name}.`, this.file);
  }

  /** One size or two, [height, width]; undefined where the field is an object, which may hold them by name. */
  sizes(name: string, otherwise?: number, most = largest): [number, number?] | undefined {
    const value = this.field(name) ?? otherwise;
    if (typeof value === 'object' && !Array.isArray(value)) return undefined;
    const sizes: unknown[] = Array.isArray(value) ? value : [value];
    const sound = (size: unknown): boolean =>
      Number.isInteger(size) && (size as number) >= 1 && (size as number) <= most;
    if (sizes.length > 2 || sizes.length === 0 || !sizes.every(sound)) {
      this.wrong(name, `an integer from 1 to ${most}, or [height, width]`, value);
    }
    return sizes as [number, number?];
  }

  /** `count` numbers that float32 can hold, or one that stands for all, each larger than `above`. */
  numbers(name: string, otherwise: number, count: number, above = -Infinity): number[] {
    const value = this.field(name) ?? otherwise;
    const numbers: unknown[] = Array.isArray(value) ? value : new Array(count).fill(value);
    const sound = (number: unknown): boolean =>
      typeof number === 'number' && Math.fround(number) > above && Math.fround(number) < Infinity;
    if (numbers.length !== count || !numbers.every(sound)) {
      this.wrong(name, `a number${above === 0 ? ' above 0' : ''}, or ${count} of them`, value);
    }
    return numbers as number[];
  }

  boolean(name: string, otherwise: boolean): boolean {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'boolean') this.wrong(name, 'true or false', value);
    return value;
  }

  /** One token id or several; none where the field is left out. */
  ids(name: string): number[] {
    const value = this.field(name) ?? [];
    const ids: unknown[] = Array.isArray(value) ? value : [value];
    if (!ids.every((id): id is number => Number.isSafeInteger(id)))
      this.wrong(name, 'a token id or an array of them', value);
    return ids;
  }

  /** Sequences of token ids; none where the field is left out. */
  idSequences(name: string): number[][] {
    const value = this.field(name) ?? [];
    const isSequence = (word: unknown): boolean =>
      Array.isArray(word) && word.length > 0 && word.every(Number.isSafeInteger);
    if (!Array.isArray(value) || !value.every(isSequence))
      this.wrong(name, 'an array of arrays of token ids', value);
    return value as number[][];
  }

  text(name: string, otherwise: string): string {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'string') this.wrong(name, 'a string', value);
    return value;
  }

  /** A size that divides another. */
  divisor(name: string, otherwise: number, of: string, whole: number): number {
    const value = this.size(name, otherwise);
    if (whole % value !== 0) this.refuse(name, `a divisor of ${of} ${whole}`, value);
    return value;
  }

  positiveIfGiven(name: string): number | undefined {
    return this.has(name) ? this.positive(name) : undefined;
  }

  /** The field asks for something that this package does not compute. */
  refuseIfGiven(name: string): void {
    if (this.has(name)) this.refuse(name, 'no value', this.field(name));
  }

  private field(name: string): unknown {
    const value = reading(this.file, () =>
      Object.hasOwn(this.json, name) ? this.json[name] : undefined,
    );
    return value === null ? undefined : value;
  }

  size(name: string, otherwise: number, most = largest, least = 1): number {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      this.wrong(name, `an integer from ${least} to ${most}`, value);
    }
    return value;
  }

  /** An even size, or one for each of `count` layers. */
  evenSizes(name: string, otherwise: number, count: number): number | number[] {
    const value = this.field(name) ?? otherwise;
    const isEven = (size: unknown): boolean =>
      Number.isInteger(size) && (size as number) > 0 && (size as number) % 2 === 0;
    if (Array.isArray(value) ? value.length !== count || !value.every(isEven) : !isEven(value)) {
      this.wrong(name, `an even size above 0, or one for each of the ${count} layers`, value);
    }
    return value as number | number[];
  }

  positive(name: string, otherwise?: number): number {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'number' || !(value > 0) || !fitsFloat32(value))
      this.wrong(name, 'a number above 0', value);
    return value;
  }

  /** One of the values this package computes, translated. */
  choice<T extends string>(name: string, table: Readonly<Record<string, T>>, otherwise: string): T {
    const value = this.field(name) ?? otherwise;
    const found =
      typeof value === 'string' && Object.hasOwn(table, value) ? table[value] : undefined;
    return found ?? this.refuse(name, Object.keys(table).join(' or '), value);
  }

  /** A field with one value that this package computes, which is also its default. */
  refuseUnless(name: string, only: string | boolean | number): void {
    const value = this.field(name) ?? only;
    if (value !== only) this.refuse(name, JSON.stringify(only), value);
  }

  /** The field is sound, but this package does not compute it. */
  refuse(name: string, expected: string, value: unknown): never {
    fail(
      'unsupported_checkpoint',
      `${this.file}: ${this.path}${name}: expected ${expected}, got ${show(value)}`,
    );
  }

  private wrong(name: string, expected: string, value: unknown): never {
    fail(
      'bad_checkpoint',
      `${this.file}: ${this.path}${name}: expected ${expected}, got ${show(value)}`,
    );
  }
}

/** What stands in a JSON file, or in an object that a caller passes for one. */
export function show(value: unknown): string {
  try {
    return String(JSON.stringify(value)).slice(0, 60);
  } catch {
    return describe(value);
  }
}
