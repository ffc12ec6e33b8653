// Which rows and which numbers a place of the map has in a run: the matrix that an instrument draws, with the tokens of its rows. Pure.
import type { Tensor } from 'attention-lab';
import type { Matrix } from '../lib/pattern.ts';
import type { Run } from '../state/lab/run.ts';
import type { InputToken } from '../state/shared/attention.ts';
import type { Place } from './map/places.ts';

/** Heads may share keys and values: the one of `heads` that head `head` of `all` uses. */
export const sharedHead = (head: number, all: number, heads: number): number =>
  Math.min(heads - 1, Math.floor((head * heads) / Math.max(1, all)));

/** The vectors of a place, of one head where it has heads: [T, D] or [T, K]. */
export function vectorsOf(tensor: Tensor, head: number, all: number): Matrix {
  const [rows, columns] = tensor.dims.slice(-2) as [number, number];
  const start =
    tensor.dims.length > 3 ? sharedHead(head, all, tensor.dims.at(-3)!) * rows * columns : 0;
  return { rows, columns, data: tensor.data.subarray(start, start + rows * columns) };
}

export const isOfKeys = ({ part }: Pick<Place, 'part'>): boolean => /\.[kv](_global)?$/.test(part);

/** The tokens that the rows of a place are. */
export function rowsOf({ name, part }: Place, run: Run): readonly InputToken[] {
  const site = run.sites.find((each) => name.startsWith(`${each.site}.`));
  if (site && isOfKeys({ part })) return site.columns;
  const isEncoder = name.startsWith('encoder.');
  return (isEncoder && run.sites.find(({ kind }) => kind === 'encoder')?.rows) || run.tokens;
}

/** A round number that most of the values lie within: three times their root mean square. */
export function limitOf(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  const limit = 3 * Math.sqrt(sum / Math.max(1, data.length));
  if (!(limit > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(limit));
  return ([1, 2, 3, 5, 10].find((step) => step * power >= limit) ?? 10) * power;
}
