// The page's colour scales: one sequential for weights on the fixed domain 0–1, one diverging with zero in its middle.
import { scaleDiverging, scaleLinear, scaleSequential } from 'd3-scale';
import { interpolateBlues, interpolatePuOr } from 'd3-scale-chromatic';

export type Tone = 'light' | 'dark';

/** A scale in 256 steps, as CSS and as the pixels of an ImageData. */
export interface Scale {
  from: number;
  to: number;
  css(value: number): string;
  pixel(value: number): number;
  /** What can be written on the colour of that value. */
  ink(value: number): string;
}

const steps = 256;
type Rgb = readonly [number, number, number];

const hex = (ink: string): Rgb =>
  [1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16)) as unknown as Rgb;

/** WCAG 2.2's relative luminance. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) =>
    part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
  ) as unknown as Rgb;
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(a: Rgb, b: Rgb): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** The page's own inks, dark and light, and where neither has a contrast of 4.5 (WCAG 1.4.3), white or black: one of them always has. */
const inks: Record<Tone, readonly string[]> = {
  light: ['#14171c', '#ffffff', '#000000'],
  dark: ['#e8eaee', '#0d1014', '#ffffff', '#000000'],
};

function quantised(tone: Tone, ramp: (value: number) => string, from: number, to: number): Scale {
  const colours = Array.from({ length: steps }, (_, i) =>
    ramp(from + ((to - from) * i) / (steps - 1)),
  );
  const parts = colours.map((colour) => colour.match(/\d+/g)!.map(Number) as unknown as Rgb); // rgb(r, g, b)
  const pixels = Uint32Array.from(
    parts,
    ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red,
  );
  const written = parts.map((colour) =>
    inks[tone].find((ink) => contrast(hex(ink), colour) >= 4.5)!,
  );
  const step = (value: number) => {
    const i = Math.round(((value - from) / (to - from)) * (steps - 1));
    return i > 0 ? Math.min(i, steps - 1) : 0;
  };
  return {
    from,
    to,
    css: (value) => colours[step(value)]!,
    pixel: (value) => pixels[step(value)]!,
    ink: (value) => written[step(value)]!,
  };
}

/** ColorBrewer's Blues on paper; on a dark page the same hue from the page's own dark up to pale. */
const weights: Record<Tone, Scale> = {
  light: quantised('light', scaleSequential(interpolateBlues).domain([0, 1]), 0, 1),
  dark: quantised(
    'dark',
    scaleLinear<string>()
      .domain([0, 0.25, 0.5, 0.75, 1])
      .range(['#191e25', '#1b4b7f', '#3182c4', '#86bdec', '#eff6fd']),
    0,
    1,
  ),
};

/** Purple below zero, orange above. */
const signed: Record<Tone, Scale> = {
  light: quantised('light', scaleDiverging(interpolatePuOr).domain([-1, 0, 1]), -1, 1),
  dark: quantised(
    'dark',
    scaleLinear<string>()
      .domain([-1, -0.5, 0, 0.5, 1])
      .range(['#cdb7f5', '#7f62bd', '#191e25', '#b9691a', '#ffc37d']),
    -1,
    1,
  ),
};

export const weightScale = (tone: Tone): Scale => weights[tone];

/** Zero in the middle; ±limit at the ends. */
export function signedScale(tone: Tone, limit: number): Scale {
  const unit = signed[tone];
  return {
    from: -limit,
    to: limit,
    css: (value) => unit.css(value / limit),
    pixel: (value) => unit.pixel(value / limit),
    ink: (value) => unit.ink(value / limit),
  };
}

/** How weights become colours: as they are from 0 to 1, up to the largest on screen, or by their square roots. */
export type Stretch = 'fixed' | 'head' | 'root';
export const stretches: readonly Stretch[] = ['fixed', 'head', 'root'];

/** `most`: the largest weight on screen. Small weights are told apart, and the legend says how. */
export function stretched(scale: Scale, stretch: Stretch, most: number): Scale {
  if (stretch === 'fixed') return scale;
  const to = stretch === 'head' ? Math.max(most, 1e-6) : 1;
  const place =
    stretch === 'root'
      ? (value: number) => Math.sqrt(Math.max(0, value))
      : (value: number) => value / to;
  return {
    from: 0,
    to,
    css: (value) => scale.css(place(value)),
    pixel: (value) => scale.pixel(place(value)),
    ink: (value) => scale.ink(place(value)),
  };
}

/** The scale as a CSS gradient, left to right: a legend. */
export const gradient = ({ css, from, to }: Scale): string =>
  `linear-gradient(to right, ${Array.from({ length: 11 }, (_, i) => css(from + ((to - from) * i) / 10)).join(',')})`;
