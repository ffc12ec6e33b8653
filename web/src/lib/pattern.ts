// One head's attention as a small matrix, and the transformations a reader may ask for before it is drawn. Pure.
import type { Tensor } from 'attention-lab';

/** data[row · columns + column]; rows are queries, columns are keys. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float32Array;
}

/** Head `head` of a tensor [1, H, rows, columns]: a view, not a copy. */
export function headOf(tensor: Tensor, head: number): Matrix {
  const [rows, columns] = tensor.dims.slice(-2) as [number, number];
  return {
    rows,
    columns,
    data: tensor.data.subarray(head * rows * columns, (head + 1) * rows * columns),
  };
}

export const at = (matrix: Matrix, row: number, column: number): number =>
  matrix.data[row * matrix.columns + column] ?? 0;

export const rowOf = (matrix: Matrix, row: number): Float32Array =>
  matrix.data.subarray(row * matrix.columns, (row + 1) * matrix.columns);

export function difference(after: Matrix, before: Matrix): Matrix | null {
  if (after.rows !== before.rows || after.columns !== before.columns) return null;
  return { ...after, data: after.data.map((value, i) => value - before.data[i]!) };
}

/** Half-open ranges of tokens that make one word: `suit ##case` → one range. */
export type Group = readonly [start: number, end: number];

export function wordGroups(tokens: readonly { continues?: boolean }[]): Group[] {
  const starts = tokens.flatMap((token, i) => (token.continues && i > 0 ? [] : [i]));
  return starts.map((start, i) => [start, starts[i + 1] ?? tokens.length]);
}

/** Merged words: the weight *of* a word is the mean over its tokens' rows, the weight *on* a word the sum over its columns. */
export function mergeWords(
  matrix: Matrix,
  rows: readonly Group[],
  columns: readonly Group[] = rows,
): Matrix {
  const data = new Float32Array(rows.length * columns.length);
  rows.forEach(([rowStart, rowEnd], row) =>
    columns.forEach(([start, end], column) => {
      let sum = 0;
      for (let r = rowStart; r < rowEnd; r++)
        for (let c = start; c < end; c++) sum += at(matrix, r, c);
      data[row * columns.length + column] = sum / (rowEnd - rowStart);
    }),
  );
  return { rows: rows.length, columns: columns.length, data };
}

/** Without the first column, each row scaled to its old total: what is left once the sink is set aside. */
export function withoutSink(matrix: Matrix): Matrix {
  const data = matrix.data.slice();
  for (let row = 0; row < matrix.rows; row++) {
    const weights = data.subarray(row * matrix.columns, (row + 1) * matrix.columns);
    const total = weights.reduce((sum, w) => sum + w, 0);
    const rest = total - (weights[0] ?? 0);
    weights[0] = 0;
    if (rest > 1e-6) for (let i = 1; i < weights.length; i++) weights[i]! *= total / rest;
    else weights.fill(0);
  }
  return { ...matrix, data };
}

export interface Ranked {
  index: number;
  value: number;
}

/** The `count` largest values, largest first, the first of equals first: one look at each, however many there are. */
export function top(values: ArrayLike<number>, count: number): Ranked[] {
  const ranked: Ranked[] = [];
  if (count < 1) return ranked;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const last = ranked.length === count ? ranked[count - 1]! : null;
    if (last && !(value > last.value)) continue;
    let place = last ? count - 1 : ranked.length;
    while (place > 0 && value > ranked[place - 1]!.value) {
      ranked[place] = ranked[place - 1]!;
      place--;
    }
    ranked[place] = { index, value };
  }
  return ranked;
}

/** Probabilities of one row of logits. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > largest) largest = logits[i]!;
  const shares = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += shares[i] = Math.exp(logits[i]! - largest);
  for (let i = 0; i < shares.length; i++) shares[i]! /= total;
  return shares;
}
