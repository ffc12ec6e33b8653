// Keeps what was chosen on its words from one run to the next: places in a site, and closed cells of a mask. Pure.
import { followToken } from '../../lib/follow.ts';
import { maskOf, type MaskCell } from './edits.ts';
import type { Run } from './run.ts';

export type Moves = (side: 'rows' | 'columns', site: number, index: number | null) => number | null;

/** Where a row or column of a site stands now; null where it is no more. */
export const movesBetween =
  (old: Run, now: Run): Moves =>
  (side, site, index) => {
    const [was, is] = [old, now].map(({ sites }) =>
      (sites[site]?.[side] ?? []).map(({ text }) => text),
    ) as [string[], string[]];
    const place = index === null ? null : followToken(was, is, index);
    return place !== null && place < is.length ? place : null;
  };

/** The cells that are still there; the very same list where none has moved. */
export function movedCells(
  blocked: readonly MaskCell[],
  now: Run,
  moved: Moves,
): readonly MaskCell[] {
  const cells = blocked.flatMap((cell): MaskCell[] => {
    const site = now.sites.findIndex(({ kind }) => maskOf[kind] === cell.mask);
    const [query, key] = [moved('rows', site, cell.query), moved('columns', site, cell.key)];
    if (query === null || key === null) return [];
    return [query === cell.query && key === cell.key ? cell : { ...cell, query, key }];
  });
  return cells.length === blocked.length && cells.every((cell, i) => cell === blocked[i])
    ? blocked
    : cells;
}
