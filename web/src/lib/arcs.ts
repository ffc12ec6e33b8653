// Geometry of the arc diagram: where words stand and how an arc runs. Pure; a horizontal and a vertical layout share it.
import { at, type Matrix } from './pattern.ts';

export interface Arc {
  query: number;
  key: number;
  value: number;
}

/** Weights below these are not drawn as arcs, the heatmap has them all: by what else is drawn. */
const faintest = { alone: 0.02, all: 0.05, context: 0.2 };
const mostArcs = 600;

/** The arcs worth drawing, faintest first so that the strongest lie on top. A word's look at itself is none of them. */
export function arcsOf(matrix: Matrix, isolated: number | null): Arc[] {
  const arcs: Arc[] = [];
  for (let query = 0; query < matrix.rows; query++) {
    const least =
      isolated === null ? faintest.all : isolated === query ? faintest.alone : faintest.context;
    for (let key = 0; key < matrix.columns; key++) {
      const value = at(matrix, query, key);
      if (query !== key && Math.abs(value) >= least) arcs.push({ query, key, value });
    }
  }
  return arcs.sort((a, b) => Math.abs(a.value) - Math.abs(b.value)).slice(-mostArcs);
}

/** Height of an arc over its words: grows with the distance, more slowly than the distance does. */
export const rise = (distance: number, farthest: number, most: number): number =>
  farthest > 0 ? most * (0.16 + 0.84 * Math.pow(distance / farthest, 0.7)) : 0;

/** Half-way depth of a cubic whose control points stand at depth d is ¾ d. */
const control = (depth: number) => depth / 0.75;

/** From `from` to `to` along x, leaving y by `depth` (negative: upward). */
export const horizontalArc = (from: number, to: number, y: number, depth: number): string =>
  `M${from},${y}C${from},${y + control(depth)} ${to},${y + control(depth)} ${to},${y}`;

export const verticalArc = (from: number, to: number, x: number, depth: number): string =>
  `M${x},${from}C${x + control(depth)},${from} ${x + control(depth)},${to} ${x},${to}`;

export interface Placed {
  centre: number;
  width: number;
}

/** Words side by side, spread over `available` where they fit, else packed and wider than it. */
export function placeWords(
  widths: readonly number[],
  available: number,
): { words: Placed[]; width: number } {
  const total = widths.reduce((sum, w) => sum + w, 0);
  const gaps = Math.max(1, widths.length - 1);
  const gap = Math.min(26, Math.max(3, (available - total) / gaps));
  const width = total + gap * gaps;
  let x = Math.max(0, (available - width) / 2);
  const words = widths.map((w) => {
    const placed = { centre: x + w / 2, width: w };
    x += w + gap;
    return placed;
  });
  return { words, width: Math.max(width, available) };
}
