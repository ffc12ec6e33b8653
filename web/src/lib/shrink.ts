// Numbers made fewer without losing a large one: each bin shows the number farthest from zero. Pure.
import type { Matrix } from './pattern.ts';

/** No more rows and columns than asked for. */
export function shrink({ rows, columns, data }: Matrix, most: number): Matrix {
  if (rows <= most && columns <= most) return { rows, columns, data };
  const [down, across] = [Math.min(rows, most), Math.min(columns, most)];
  const small = new Float32Array(down * across);
  const binOf = Uint32Array.from({ length: columns }, (_, column) =>
    Math.floor((column * across) / columns),
  );
  for (let row = 0; row < rows; row++) {
    const to = Math.floor((row * down) / rows) * across;
    for (let column = 0; column < columns; column++) {
      const value = data[row * columns + column]!;
      const cell = to + binOf[column]!;
      if (Math.abs(value) > Math.abs(small[cell]!)) small[cell] = value;
    }
  }
  return { rows: down, columns: across, data: small };
}

/** Of a vector, `count` bins: where in it each bin's number farthest from zero stands. */
export function extremes(values: Float32Array, count: number): Uint32Array {
  const bins = Math.min(count, values.length);
  return Uint32Array.from({ length: bins }, (_, bin) => {
    const end = Math.floor(((bin + 1) * values.length) / bins);
    let place = Math.floor((bin * values.length) / bins);
    for (let i = place + 1; i < end; i++)
      if (Math.abs(values[i]!) > Math.abs(values[place]!)) place = i;
    return place;
  });
}
