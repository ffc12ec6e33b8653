// Scores of a head, from its pattern: what it tends to do, as numbers between 0 and 1. Pure.
import { at, rowOf, type Matrix } from './pattern.ts';

export type Measure = 'entropy' | 'previous' | 'first' | 'same';
export const measures: readonly Measure[] = ['entropy', 'previous', 'first', 'same'];

const meanOverRows = (rows: number[]): number =>
  rows.length === 0 ? 0 : rows.reduce((sum, x) => sum + x, 0) / rows.length;

/** Entropy of a row over the log of its length: 0 looks at one token, 1 looks at all alike. */
function rowEntropy(row: Float32Array): number {
  let bits = 0;
  for (const p of row) if (p > 0) bits -= p * Math.log(p);
  return row.length > 1 ? bits / Math.log(row.length) : 0;
}

/** `ids` are the token ids that stand at the rows: the same word twice has the same id. */
export function measure(kind: Measure, pattern: Matrix, ids: readonly number[]): number {
  const rows = Array.from({ length: pattern.rows }, (_, row) => row);
  switch (kind) {
    case 'entropy':
      return meanOverRows(rows.map((row) => rowEntropy(rowOf(pattern, row))));
    case 'previous':
      return meanOverRows(rows.slice(1).map((row) => at(pattern, row, row - 1)));
    case 'first':
      return meanOverRows(rows.slice(1).map((row) => at(pattern, row, 0)));
    case 'same':
      return meanOverRows(
        rows.map((row) =>
          rowOf(pattern, row).reduce((sum, weight, column) => (ids[column] === ids[row] ? sum + weight : sum), 0),
        ),
      );
  }
}
