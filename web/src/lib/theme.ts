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
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(name).trim();
  const inks = { paper: token('--paper'), hatchInk: token('--rule-strong'), faintInk: token('--ink-3') };
  known.set(tone, inks);
  return inks;
}

let family = '';

export function canvasFont(size: number): string {
  family ||= getComputedStyle(document.documentElement).fontFamily;
  return `${size}px ${family}`;
}
