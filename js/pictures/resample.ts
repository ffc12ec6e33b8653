// Resizes bytes as PIL does: separable filters widened where the picture shrinks, weights of 22 bits, rounded to bytes
// after each direction. Pillow, src/libImaging/Resample.c and Geometry.c.

/** Bytes of `channels` interleaved channels, row by row. */
export interface Bytes {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

interface Filter {
  /** Beyond it the weight is 0. */
  support: number;
  weight(distance: number): number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** By PIL's numbers of `resample`; 0 is nearest, which has no weights. */
const filters: Readonly<Record<number, Filter>> = {
  1: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) }, // Lanczos
  2: { support: 1, weight: (x) => Math.max(1 - Math.abs(x), 0) }, // bilinear
  3: { support: 2, weight: (x) => cubic(Math.abs(x)) },
  4: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) }, // box
  5: {
    support: 1,
    weight: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(x * Math.PI)) : 0),
  }, // Hamming
};

export const mostResample = 5;

/** Keys 1981 with a = −1/2. */
function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

const precision = 22;

/** The bytes at `width` × `height`. */
export function resize(
  from: Bytes,
  width: number,
  height: number,
  channels: number,
  resample: number,
): Bytes {
  if (from.width === width && from.height === height) return from;
  const filter = filters[resample];
  if (!filter) return nearest(from, width, height, channels);
  // A row is as many columns as it has pixels; a column of the whole picture is one of its rows of bytes.
  const wide =
    width === from.width
      ? from.data
      : convolve(from.data, from.height, from.width, width, channels, filter);
  const data =
    height === from.height
      ? wide
      : convolve(wide, 1, from.height, height, width * channels, filter);
  return { data, width, height };
}

/** Of `outer` lines, each of `before` items of `size` bytes, lines of `after` items. */
function convolve(
  from: Bytes['data'],
  outer: number,
  before: number,
  after: number,
  size: number,
  filter: Filter,
): Uint8ClampedArray {
  const to = new Uint8ClampedArray(outer * after * size);
  for (let item = 0; item < after; ++item) {
    const { first, weights } = weightsOf(item, before, after, filter);
    for (let line = 0; line < outer; ++line) {
      const source = (line * before + first) * size;
      const target = (line * after + item) * size;
      for (let byte = 0; byte < size; ++byte) {
        let sum = 1 << (precision - 1);
        for (let tap = 0; tap < weights.length; ++tap)
          sum += weights[tap]! * from[source + tap * size + byte]!;
        to[target + byte] = sum >> precision; // clamped to a byte
      }
    }
  }
  return to;
}

/** A number of `precision` binary places, as an integer once what is behind the point is dropped. */
function fixed(share: number): number {
  return share * (1 << precision) + (share < 0 ? -0.5 : 0.5);
}

/** Which items make item `at`, and with which weights. */
function weightsOf(
  at: number,
  before: number,
  after: number,
  filter: Filter,
): { first: number; weights: Int32Array } {
  const scale = before / after;
  const widened = Math.max(scale, 1);
  const support = filter.support * widened;
  const center = (at + 0.5) * scale;
  const first = Math.max(Math.trunc(center - support + 0.5), 0);
  const last = Math.min(Math.trunc(center + support + 0.5), before);
  const raw = Float64Array.from({ length: last - first }, (_, i) =>
    filter.weight((i + first - center + 0.5) * (1 / widened)),
  );
  const total = raw.reduce((sum, weight) => sum + weight, 0) || 1;
  return { first, weights: Int32Array.from(raw, (weight) => fixed(weight / total)) };
}

function nearest(from: Bytes, width: number, height: number, channels: number): Bytes {
  const columns = nearestItems(from.width, width);
  const rows = nearestItems(from.height, height);
  const data = new Uint8Array(width * height * channels);
  rows.forEach((row, y) => {
    columns.forEach((column, x) => {
      const source = (row * from.width + column) * channels;
      for (let c = 0; c < channels; ++c)
        data[(y * width + x) * channels + c] = from.data[source + c]!;
    });
  });
  return { data, width, height };
}

/** The places are added up, as PIL does: where a sum falls on an edge, rounding decides. */
function nearestItems(before: number, after: number): number[] {
  const step = before / after;
  let place = step * 0.5;
  return Array.from({ length: after }, () => {
    const item = Math.min(Math.trunc(place), before - 1);
    place += step;
    return item;
  });
}
