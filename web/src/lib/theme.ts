// Design tokens of app.css for drawing on a canvas. Read once per tone: asking the browser forces a layout.
import type { Tone } from './colours.ts';

export interface Inks {
  paper: string;
  hatchInk: string;
  faintInk: string;
}

const known = new Map<Tone, Inks>();

/** To be called once `tone` is on the page. */
export function inksOf(tone: Tone): Inks {
  const cached = known.get(tone);
  if (cached) return cached;
  const inks = {
    paper: inkOf(tone, '--paper'),
    hatchInk: inkOf(tone, '--rule-strong'),
    faintInk: inkOf(tone, '--ink-3'),
  };
  known.set(tone, inks);
  return inks;
}

const inks = new Map<string, string>();

/** One design token as a colour, once `tone` is on the page. */
export function inkOf(tone: Tone, token: string): string {
  const name = `${tone} ${token}`;
  if (!inks.has(name))
    inks.set(name, getComputedStyle(document.documentElement).getPropertyValue(token).trim());
  return inks.get(name)!;
}

/** One of the hexadecimal tokens as [red, green, blue]. */
export function rgbOf(tone: Tone, token: string): number[] {
  const digits = inkOf(tone, token).slice(1);
  const six = digits.length === 3 ? digits.replace(/./g, '$&$&') : digits; // the build writes #ffffff as #fff
  return [0, 2, 4].map((at) => parseInt(six.slice(at, at + 2), 16));
}

let family = '';

export function canvasFont(size: number): string {
  family ||= getComputedStyle(document.documentElement).fontFamily;
  return `${size}px ${family}`;
}
