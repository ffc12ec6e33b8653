// The page's colour scales: one sequential for weights on the fixed domain 0–1, one diverging with zero in its middle.
import { scaleDiverging, scaleLinear, scaleSequential } from 'd3-scale';
import { interpolateBlues, interpolatePuOr } from 'd3-scale-chromatic';

export type Tone = 'light' | 'dark';
export type Scale = (value: number) => string;

/** ColorBrewer's Blues on paper; on a dark page the same hue from the page's own dark up to pale. */
const weightRamp: Record<Tone, Scale> = {
  light: scaleSequential(interpolateBlues).domain([0, 1]).clamp(true),
  dark: scaleLinear<string>()
    .domain([0, 0.25, 0.5, 0.75, 1])
    .range(['#191e25', '#1b4b7f', '#3182c4', '#86bdec', '#eff6fd'])
    .clamp(true),
};

const signedRamp: Record<Tone, Scale> = {
  light: scaleDiverging(interpolatePuOr).domain([1, 0, -1]).clamp(true),
  dark: scaleLinear<string>()
    .domain([-1, -0.5, 0, 0.5, 1])
    .range(['#cdb7f5', '#7f62bd', '#191e25', '#b9691a', '#ffc37d'])
    .clamp(true),
};

export const weightScale = (tone: Tone): Scale => weightRamp[tone];

/** Zero in the middle; ±limit at the ends. */
export const signedScale = (tone: Tone, limit: number): Scale => {
  const ramp = signedRamp[tone];
  return (value) => ramp(limit > 0 ? value / limit : 0);
};

/** Ink that can be read on a cell: by its share of the domain, since both ramps are monotone in lightness. */
export const inkOn = (tone: Tone, share: number): string =>
  tone === 'light' ? (share > 0.52 ? '#ffffff' : '#14171c') : share > 0.6 ? '#0d1014' : '#e8eaee';

/** Colour stops of a scale for a legend, left to right. */
export const stops = (scale: Scale, from: number, to: number): string =>
  Array.from({ length: 11 }, (_, i) => scale(from + ((to - from) * i) / 10)).join(',');
