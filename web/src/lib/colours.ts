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
}

const steps = 256;

function quantised(ramp: (value: number) => string, from: number, to: number): Scale {
  const colours = Array.from({ length: steps }, (_, i) => ramp(from + ((to - from) * i) / (steps - 1)));
  const pixels = Uint32Array.from(colours, (colour) => {
    const [red, green, blue] = colour.match(/\d+/g)!.map(Number) as [number, number, number]; // rgb(r, g, b)
    return (255 << 24) | (blue << 16) | (green << 8) | red;
  });
  const step = (value: number) => {
    const i = Math.round(((value - from) / (to - from)) * (steps - 1));
    return i > 0 ? Math.min(i, steps - 1) : 0;
  };
  return { from, to, css: (value) => colours[step(value)]!, pixel: (value) => pixels[step(value)]! };
}

/** ColorBrewer's Blues on paper; on a dark page the same hue from the page's own dark up to pale. */
const weights: Record<Tone, Scale> = {
  light: quantised(scaleSequential(interpolateBlues).domain([0, 1]), 0, 1),
  dark: quantised(
    scaleLinear<string>().domain([0, 0.25, 0.5, 0.75, 1]).range(['#191e25', '#1b4b7f', '#3182c4', '#86bdec', '#eff6fd']),
    0,
    1,
  ),
};

/** Purple below zero, orange above. */
const signed: Record<Tone, Scale> = {
  light: quantised(scaleDiverging(interpolatePuOr).domain([-1, 0, 1]), -1, 1),
  dark: quantised(
    scaleLinear<string>().domain([-1, -0.5, 0, 0.5, 1]).range(['#cdb7f5', '#7f62bd', '#191e25', '#b9691a', '#ffc37d']),
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
  };
}

/** Ink that can be read on a cell: by its share of the domain, since both ramps are monotone in lightness. */
export const inkOn = (tone: Tone, share: number): string =>
  tone === 'light' ? (share > 0.52 ? '#ffffff' : '#14171c') : share > 0.6 ? '#0d1014' : '#e8eaee';

/** The scale as a CSS gradient, left to right: a legend. */
export const gradient = ({ css, from, to }: Scale): string =>
  `linear-gradient(to right, ${Array.from({ length: 11 }, (_, i) => css(from + ((to - from) * i) / 10)).join(',')})`;
