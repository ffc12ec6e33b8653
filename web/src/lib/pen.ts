// Ink on a small picture: a round pen with a soft edge, drawn along a line. Pure.

export interface Point {
  x: number;
  y: number;
}

export interface Ink {
  width: number;
  height: number;
  /** Row by row, 0 paper to 1 ink. */
  ink: Float32Array;
}

/** Of the pen, as a share of the picture's width; its edge fades over one pixel. */
const radius = 0.045;

export const blank = (size: number): Ink => ({
  width: size,
  height: size,
  ink: new Float32Array(size * size),
});

/** A copy with a line from `from` to `to` drawn on it; pixel (0, 0) has its centre at (½, ½). */
export function drawLine(picture: Ink, from: Point, to: Point): Ink {
  const ink = picture.ink.slice();
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const share = radius * picture.width + 0.5 - distance({ x: x + 0.5, y: y + 0.5 }, from, to);
      const i = y * picture.width + x;
      ink[i] = Math.max(ink[i]!, Math.min(1, Math.max(0, share)));
    }
  }
  return { ...picture, ink };
}

/** What a model is shown: black on white, or, where it sees one channel of light, white on black. */
export const pictureOf = (
  { width, height, ink }: Ink,
  channels: number,
): { data: Uint8Array; width: number; height: number } => ({
  data: Uint8Array.from(ink, (value) => Math.round(255 * (channels === 1 ? value : 1 - value))),
  width,
  height,
});

/** A four: something to look at before anybody draws. */
export const fourOf = (size: number): Ink =>
  [
    [
      [0.32, 0.18],
      [0.25, 0.54],
    ],
    [
      [0.25, 0.54],
      [0.71, 0.54],
    ],
    [
      [0.61, 0.18],
      [0.57, 0.86],
    ],
  ].reduce(
    (drawing, [from, to]) =>
      drawLine(
        drawing,
        { x: from![0]! * size, y: from![1]! * size },
        { x: to![0]! * size, y: to![1]! * size },
      ),
    blank(size),
  );

/** Of a point from a stretch of a line. */
function distance(point: Point, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along =
    length === 0
      ? 0
      : Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length));
  return Math.hypot(point.x - from.x - along * dx, point.y - from.y - along * dy);
}
