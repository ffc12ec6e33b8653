// Patterns made small enough for a thumbnail, without losing a large weight among small ones. Pure.
import type { Tensor } from 'attention-lab';

/** The patterns of one attention, made small: [H, rows, columns], each cell the largest weight that it stands for. */
export interface Thumbnails {
  heads: number;
  rows: number;
  columns: number;
  data: Float32Array;
}

/** [1, H, T, S] → [H, rows, columns]: each cell the largest weight that it stands for. `size` 0: the first row of each head, whole. */
export function pooled({ data, dims }: Tensor, size: number): Thumbnails {
  const [heads, queries, keys] = dims.slice(-3) as [number, number, number];
  const rows = size === 0 ? 1 : Math.min(queries, size);
  const columns = size === 0 ? keys : Math.min(keys, size);
  const small = new Float32Array(heads * rows * columns);
  if (size === 0) {
    for (let head = 0; head < heads; head++) {
      const start = head * queries * keys;
      small.set(data.subarray(start, start + keys), head * keys);
    }
    return { heads, rows, columns, data: small };
  }
  const columnOf = Uint32Array.from({ length: keys }, (_, key) =>
    Math.floor((key * columns) / keys),
  );
  for (let head = 0; head < heads; head++) {
    for (let query = 0; query < queries; query++) {
      const from = (head * queries + query) * keys;
      const to = (head * rows + Math.floor((query * rows) / queries)) * columns;
      for (let key = 0; key < keys; key++) {
        const value = data[from + key]!;
        const cell = to + columnOf[key]!;
        if (value > small[cell]!) small[cell] = value;
      }
    }
  }
  return { heads, rows, columns, data: small };
}
