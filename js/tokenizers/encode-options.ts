// How a call wants its texts cut and padded, with what the tokenizer's files say where it does not.
import { fail } from '../core/errors.js';
import type { EncodeOptions } from '../core/text-types.js';
import { checkKeys, describe } from '../core/validation.js';
import type { Padding, Side } from './pipeline/pieces.js';
import type { PaddingSettings } from './pipeline/pipeline.js';
import { truncationStrategies, type Truncation } from './pipeline/truncation.js';

const keys = new Set([
  'addSpecialTokens',
  'maxLength',
  'overflow',
  'padToMultipleOf',
  'padding',
  'paddingSide',
  'stride',
  'truncation',
  'truncationSide',
]);
const mostTokens = 1 << 22;
const sides = ['left', 'right'] as const;

/** What the files say. */
export interface EncodeDefaults {
  truncation: Truncation | undefined;
  padding: PaddingSettings | undefined;
  /** Most tokens that the model reads; undefined where no file says. */
  maxLength: number | undefined;
  truncationSide: Side;
  paddingSide: Side;
  /** undefined where the tokenizer has no token for it. */
  pad: { id: number; token: string } | undefined;
  padTypeId: number;
}

export interface EncodeHow {
  addsSpecial: boolean;
  overflow: boolean;
  truncation: Truncation | undefined;
  padding: (Padding & { lengthOf(longest: number): number }) | undefined;
}

export function encodeHow(given: EncodeOptions | undefined, defaults: EncodeDefaults): EncodeHow {
  const options = checkKeys('options', given, keys);
  return {
    addsSpecial: boolean('addSpecialTokens', options.addSpecialTokens ?? true),
    overflow: boolean('overflow', options.overflow ?? false),
    truncation: truncationOf(options, defaults),
    padding: paddingOf(options, defaults),
  };
}

function truncationOf(options: EncodeOptions, defaults: EncodeDefaults): Truncation | undefined {
  const asked = options.truncation ?? false;
  if (asked === false) return undefined;
  const { truncation } = defaults;
  const strategy =
    asked === true
      ? (truncation?.strategy ?? 'longest_first')
      : oneOf('truncation', [...truncationStrategies, true, false], asked);
  return {
    strategy: strategy as Truncation['strategy'],
    maxLength: maxLengthOf(options, truncation?.maxLength ?? defaults.maxLength, 'truncation'),
    stride: integer('stride', options.stride ?? truncation?.stride ?? 0),
    side: oneOf(
      'truncationSide',
      sides,
      options.truncationSide ?? truncation?.side ?? defaults.truncationSide,
    ),
  };
}

function paddingOf(options: EncodeOptions, defaults: EncodeDefaults): EncodeHow['padding'] {
  const asked = oneOf('padding', [true, false, 'longest', 'max_length'], options.padding ?? false);
  if (asked === false) return undefined;
  const { padding, pad } = defaults;
  const token = padding ?? pad;
  if (!token)
    fail('invalid_argument', 'options.padding: expected a tokenizer with a token for it, got none');
  const fixed = asked === true ? padding?.length : undefined;
  const length =
    asked === 'max_length'
      ? maxLengthOf(options, defaults.truncation?.maxLength ?? defaults.maxLength, 'padding')
      : fixed;
  const multiple = integer('padToMultipleOf', options.padToMultipleOf ?? padding?.multipleOf ?? 0);
  return {
    side: oneOf('paddingSide', sides, options.paddingSide ?? padding?.side ?? defaults.paddingSide),
    id: token.id,
    token: token.token,
    typeId: padding?.typeId ?? defaults.padTypeId,
    lengthOf: (longest) => {
      const least = length ?? longest;
      return multiple > 0 ? Math.ceil(least / multiple) * multiple : least;
    },
  };
}

function maxLengthOf(options: EncodeOptions, otherwise: number | undefined, what: string): number {
  const length = options.maxLength ?? otherwise;
  if (length === undefined)
    fail(
      'invalid_argument',
      `options.maxLength: expected with ${what}, since no file says it, got none`,
    );
  return integer('maxLength', length);
}

function integer(name: string, value: unknown): number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= mostTokens
    ? (value as number)
    : fail(
        'invalid_argument',
        `options.${name}: expected an integer from 0 to ${mostTokens}, got ${describe(value)}`,
      );
}

function boolean(name: string, value: unknown): boolean {
  return typeof value === 'boolean'
    ? value
    : fail('invalid_argument', `options.${name}: expected true or false, got ${describe(value)}`);
}

function oneOf<T>(name: string, choices: readonly T[], value: unknown): T {
  return choices.includes(value as T)
    ? (value as T)
    : fail(
        'invalid_argument',
        `options.${name}: expected one of ${choices.join(', ')}, got ${describe(value)}`,
      );
}
