// How digits are drawn: strokes of each, bent, slanted, thickened and put on paper as a person's hand would.
import type { SeededRandom } from 'attention-lab';
import type { Drawing } from './lesson.ts';

/** In a unit square, y downwards. */
type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

/** Part of an ellipse; angles in turns, clockwise from three o'clock. */
function arc(x: number, y: number, rx: number, ry: number, from: number, to: number): Stroke {
  const steps = Math.max(2, Math.ceil(Math.abs(to - from) * 16));
  return Array.from({ length: steps + 1 }, (_, i): Point => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / steps);
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

/** The ways to draw each digit. */
const templates: readonly (readonly (readonly Stroke[])[])[] = [
  [[arc(0.5, 0.5, 0.34, 0.46, 0.75, 1.75)]],
  [
    [
      [
        [0.5, 0.04],
        [0.5, 0.96],
      ],
    ],
    [
      [
        [0.3, 0.26],
        [0.54, 0.04],
        [0.54, 0.96],
      ],
    ],
    [
      [
        [0.3, 0.26],
        [0.52, 0.04],
        [0.52, 0.96],
      ],
      [
        [0.28, 0.96],
        [0.76, 0.96],
      ],
    ],
  ],
  [[[...arc(0.5, 0.3, 0.32, 0.26, 0.55, 1.08), [0.16, 0.95], [0.85, 0.95]]]],
  [
    [[...arc(0.48, 0.27, 0.3, 0.23, 0.58, 1.2), ...arc(0.48, 0.72, 0.34, 0.24, 0.8, 1.42)]],
    [[[0.2, 0.06], [0.78, 0.06], [0.46, 0.42], ...arc(0.48, 0.69, 0.33, 0.27, 0.76, 1.42)]],
  ],
  [
    [
      [
        [0.6, 0.04],
        [0.12, 0.66],
        [0.9, 0.66],
      ],
      [
        [0.66, 0.34],
        [0.66, 0.96],
      ],
    ],
    [
      [
        [0.2, 0.04],
        [0.18, 0.52],
        [0.84, 0.52],
      ],
      [
        [0.7, 0.04],
        [0.7, 0.96],
      ],
    ],
  ],
  [[[[0.8, 0.05], [0.26, 0.05], [0.22, 0.44], ...arc(0.47, 0.66, 0.34, 0.29, 0.68, 1.42)]]],
  [[[[0.7, 0.06], [0.4, 0.26], [0.2, 0.58], ...arc(0.5, 0.69, 0.31, 0.26, 0.5, 1.5)]]],
  [
    [
      [
        [0.14, 0.06],
        [0.84, 0.06],
        [0.4, 0.96],
      ],
    ],
    [
      [
        [0.14, 0.06],
        [0.84, 0.06],
        [0.4, 0.96],
      ],
      [
        [0.36, 0.48],
        [0.8, 0.48],
      ],
    ],
  ],
  [[arc(0.5, 0.27, 0.27, 0.22, 0.25, 1.25), arc(0.5, 0.73, 0.33, 0.24, 0.75, 1.75)]],
  [
    [[...arc(0.5, 0.31, 0.3, 0.26, 0, 1), [0.78, 0.6], [0.68, 0.96]]],
    [[...arc(0.5, 0.3, 0.3, 0.25, 0, 1), ...arc(0.46, 0.62, 0.34, 0.34, 0, 0.36)]],
  ],
];

/** A digit to be drawn, with all that chance decides but the noise. */
export interface Hand {
  digit: number;
  strokes: readonly Stroke[];
  /** Of the pen, in pixels. */
  thickness: number;
}

const between = (random: SeededRandom, low: number, high: number): number =>
  low + (high - low) * random.next();

/** Turned, slanted, stretched, shifted, and bent a little, in pixels of a picture of that size. */
export function drawHand(random: SeededRandom, size: number): Hand {
  const digit = random.integer(10);
  const turn = between(random, -0.25, 0.25);
  const slant = between(random, -0.3, 0.3);
  const [width, height] = [between(random, 0.42, 0.72) * size, between(random, 0.6, 0.84) * size];
  const [left, top] = [between(random, -0.07, 0.07) * size, between(random, -0.07, 0.07) * size];
  const [bend, phase] = [between(random, 0, 0.05), between(random, 0, 2 * Math.PI)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const move = ([x, y]: Point): Point => {
    const u = (x - 0.5 + bend * Math.sin(5 * y + phase) - slant * (y - 0.5)) * width;
    const v = (y - 0.5 + bend * Math.cos(5 * x + phase)) * height;
    return [size / 2 + left + cos * u - sin * v, size / 2 + top + sin * u + cos * v];
  };
  return {
    digit,
    strokes: random.pick(templates[digit]!).map((stroke) => stroke.map(move)),
    thickness: between(random, 0.06, 0.12) * size,
  };
}

/** Puts the strokes on paper, edges smooth, with a little noise. */
export function ink(random: SeededRandom, { strokes, thickness }: Hand, size: number): Drawing {
  const values = new Float32Array(size * size);
  const segments = strokes.flatMap((stroke) =>
    stroke.slice(1).map(([x, y], i) => segment(stroke[i]!, x, y)),
  );
  const noise = between(random, 0, 0.12);
  for (let row = 0; row < size; ++row) {
    for (let column = 0; column < size; ++column) {
      let least = Infinity;
      for (const each of segments)
        least = Math.min(least, distanceSquared(column + 0.5, row + 0.5, each));
      const distance = Math.sqrt(least);
      const value = thickness / 2 + 0.5 - distance + noise * (random.next() - 0.5);
      values[row * size + column] = Math.min(1, Math.max(0, value));
    }
  }
  return { width: size, height: size, ink: values };
}

interface Segment {
  x: number;
  y: number;
  dx: number;
  dy: number;
  lengthSquared: number;
}

function segment([x, y]: Point, toX: number, toY: number): Segment {
  const [dx, dy] = [toX - x, toY - y];
  return { x, y, dx, dy, lengthSquared: dx * dx + dy * dy };
}

/** Of a point from the nearest of a segment. */
function distanceSquared(
  pointX: number,
  pointY: number,
  { x, y, dx, dy, lengthSquared }: Segment,
): number {
  const [fromX, fromY] = [pointX - x, pointY - y];
  const along =
    lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, (fromX * dx + fromY * dy) / lengthSquared));
  return (fromX - along * dx) ** 2 + (fromY - along * dy) ** 2;
}
