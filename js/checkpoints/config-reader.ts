// Reads fields of a checkpoint's config.json, with the family's defaults, and names a field that cannot be honoured.
import { fail } from '../errors.js';

const largest = 1 << 24;

export class ConfigReader {
  constructor(private readonly json: Readonly<Record<string, unknown>>) {}

  private field(name: string): unknown {
    const value = Object.hasOwn(this.json, name) ? this.json[name] : undefined;
    return value === null ? undefined : value;
  }

  size(name: string, otherwise: number, most = largest): number {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > most) {
      this.wrong(name, `an integer from 1 to ${most}`, value);
    }
    return value;
  }

  positive(name: string, otherwise: number): number {
    const value = this.field(name) ?? otherwise;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) this.wrong(name, 'a number above 0', value);
    return value;
  }

  /** One of the values this package computes, translated. */
  choice<T extends string>(name: string, table: Readonly<Record<string, T>>, otherwise: string): T {
    const value = this.field(name) ?? otherwise;
    const found = typeof value === 'string' && Object.hasOwn(table, value) ? table[value] : undefined;
    return found ?? this.refuse(name, Object.keys(table).join(' or '), value);
  }

  /** A field with one value that this package computes, which is also its default. */
  refuseUnless(name: string, only: string | boolean): void {
    const value = this.field(name) ?? only;
    if (value !== only) this.refuse(name, JSON.stringify(only), value);
  }

  /** The field is sound, but this package does not compute it. */
  refuse(name: string, expected: string, value: unknown): never {
    fail('unsupported_checkpoint', `config.json: ${name}: expected ${expected}, got ${show(value)}`);
  }

  private wrong(name: string, expected: string, value: unknown): never {
    fail('bad_checkpoint', `config.json: ${name}: expected ${expected}, got ${show(value)}`);
  }
}

function show(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 60);
}
