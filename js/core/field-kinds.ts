// The kinds of fields that config-schema.ts is made of, and how a config is completed by them.
import {
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkPositive,
  describe,
  fitsFloat32,
} from './validation.js';
import { fail } from './errors.js';

/** `initial` is undefined where the field is required, or its default is derived from others. */
export interface Field<T> {
  check: (name: string, value: unknown) => T;
  initial: T | undefined;
}

export type FieldsOf<Config> = {
  readonly [Key in keyof Required<Config>]: Field<Required<Config>[Key]>;
};

export const boolean = (initial?: boolean): Field<boolean> => ({ check: checkBoolean, initial });

export const integer = (least: number, most: number, initial?: number): Field<number> => ({
  check: (name, value) => checkInteger(name, value, least, most),
  initial,
});

export const positive = (initial?: number): Field<number> => ({ check: checkPositive, initial });

export const choice = <T extends string>(values: readonly T[], initial?: T): Field<T> => ({
  check: (name, value) => checkOneOf(name, value, values),
  initial,
});

/** A number, or −Infinity. */
export const notNan = (initial?: number): Field<number> => ({
  check(name, value) {
    if (typeof value !== 'number' || (value !== -Infinity && !fitsFloat32(value)))
      fail(
        'invalid_argument',
        `${name}: expected a number that float32 can hold or −Infinity, got ${describe(value)}`,
      );
    return value;
  },
  initial,
});

/** The fields of `given`, checked, and defaults for those left out: `derived` for what depends on others. */
export function complete<Config extends object>(
  fields: FieldsOf<Config>,
  name: string,
  given: Partial<Config>,
  derived: Partial<Required<Config>> = {},
): Required<Config> {
  const result: Partial<Required<Config>> = {};
  for (const key of Object.keys(fields) as (keyof Config & string)[]) {
    const field = fields[key];
    result[key] =
      given[key] === undefined || given[key] === null
        ? (derived[key] ?? field.initial ?? field.check(`${name}.${key}`, undefined))
        : field.check(`${name}.${key}`, given[key]);
  }
  return result as Required<Config>;
}
