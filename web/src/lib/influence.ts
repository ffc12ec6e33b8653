// What of a token's influence is left further on in the sentence. Pure.
import type { Matrix } from './pattern.ts';

/** Each row over its largest value, so that rows of any size can share one scale. */
export function relativeToRow({ rows, columns, data }: Matrix): Matrix {
  const scaled = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += columns) {
    const row = data.subarray(start, start + columns);
    const largest = row.reduce((most, value) => (value > most ? value : most), 0);
    if (largest > 0) row.forEach((value, column) => (scaled[start + column] = value / largest));
  }
  return { rows, columns, data: scaled };
}

/** For each distance that the sentence has: the mean of influence[t, t − distance] over influence[t, t]. */
export function remaining(
  { rows, columns, data }: Matrix,
  distances: readonly number[],
): { distance: number; share: number }[] {
  return distances
    .filter((distance) => distance < rows)
    .map((distance) => {
      let sum = 0;
      for (let t = distance; t < rows; t++)
        sum += data[t * columns + t - distance]! / data[t * columns + t]!;
      return { distance, share: sum / (rows - distance) };
    });
}
