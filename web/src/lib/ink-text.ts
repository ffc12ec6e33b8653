// A drawing as a short text for a link, and back: sixteen levels of ink, runs of paper counted. Pure.
import { blank, type Ink } from './pen.ts';

const levels = 15;
/** Largest side that a link may ask for. */
const largest = 64;

/** The drawing in the levels that a link holds: what is shown is what is sent. */
export const inLevels = (drawing: Ink): Ink => ({
  ...drawing,
  ink: drawing.ink.map((value) => Math.round(value * levels) / levels),
});

/** Of a square drawing: its side, then its pixels as hexadecimal digits; `.n.` stands for n zeros, n to base 36. */
export function inkToText({ width, ink }: Ink): string {
  const digits = Array.from(ink, (value) => Math.round(value * levels).toString(16)).join('');
  return `${width}-${digits.replace(/0{4,}/g, (run) => `.${run.length.toString(36)}.`)}`;
}

/** null: no drawing. */
export function textToInk(text: string): Ink | null {
  const [, side, pixels = ''] = /^(\d{1,2})-([0-9a-z.]+)$/.exec(text) ?? [];
  const size = Number(side);
  if (!(size >= 1 && size <= largest)) return null;
  const digits = pixels.replace(/\.([0-9a-z]{1,3})\./g, (_, count: string) =>
    '0'.repeat(Math.min(parseInt(count, 36), largest ** 2)),
  );
  if (digits.length !== size * size || /[^0-9a-f]/.test(digits)) return null;
  return {
    ...blank(size),
    ink: Float32Array.from(digits, (digit) => parseInt(digit, 16) / levels),
  };
}
