// Reads the fields of a tokenizer.json, every type checked. A field that is left out or null takes Rust's default.
import { fail } from '../../core/errors.js';
import { describe } from '../../core/validation.js';

export class Fields {
  constructor(
    private readonly json: Readonly<Record<string, unknown>>,
    /** What errors call it, as "tokenizer.json: model". */
    readonly name: string,
  ) {}

  static of(value: unknown, name: string): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      wrong(name, 'an object', value);
    return new Fields(value as Record<string, unknown>, name);
  }

  value(field: string): unknown {
    return Object.hasOwn(this.json, field) ? (this.json[field] ?? undefined) : undefined;
  }

  string(field: string, otherwise?: string): string {
    const value = this.value(field) ?? otherwise;
    return typeof value === 'string' ? value : this.wrong(field, 'a string', value);
  }

  /** undefined where it is left out or null. */
  stringIfThere(field: string): string | undefined {
    return this.value(field) === undefined ? undefined : this.string(field);
  }

  character(field: string, otherwise?: string): string {
    const value = this.string(field, otherwise);
    const [first] = value;
    return first === value ? value : this.wrong(field, 'one character', value);
  }

  boolean(field: string, otherwise = false): boolean {
    const value = this.value(field) ?? otherwise;
    return typeof value === 'boolean' ? value : this.wrong(field, 'true or false', value);
  }

  integer(field: string, otherwise?: number, most = 2 ** 53 - 1): number {
    const value = this.value(field) ?? otherwise;
    return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
      ? (value as number)
      : this.wrong(field, `an integer from 0 to ${most}`, value);
  }

  oneOf<T extends string>(field: string, choices: readonly T[], otherwise?: T): T {
    const value = this.value(field) ?? otherwise;
    return choices.includes(value as T)
      ? (value as T)
      : this.wrong(field, `one of ${choices.join(', ')}`, value);
  }

  object(field: string): Fields {
    return Fields.of(this.value(field), `${this.name}.${field}`);
  }

  list(field: string): unknown[] {
    const value = this.value(field);
    return Array.isArray(value) ? value : this.wrong(field, 'a list', value);
  }

  /** The members of a Sequence. */
  steps<T>(field: string, read: (step: Fields) => T): T[] {
    return this.list(field).map((step, at) =>
      read(Fields.of(step, `${this.name}.${field}[${at}]`)),
    );
  }

  wrong(field: string, expected: string, value: unknown): never {
    wrong(`${this.name}.${field}`, expected, value);
  }

  /** A type of this kind of step that the library has not, either. */
  unknownType(): never {
    this.wrong('type', 'a type that tokenizers 0.23.1 has', this.value('type'));
  }
}

function wrong(name: string, expected: string, value: unknown): never {
  fail('bad_checkpoint', `${name}: expected ${expected}, got ${describe(value)}`);
}
