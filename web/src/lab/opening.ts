// Which head a model opens on: one that shows something, not a sink and not a smear. Pure.
import type { Survey } from './engine/host.ts';

/** The head of the survey whose weights are the most telling: far from uniform, and not all on one place. null: nobody can say. */
export function informative(
  sites: readonly string[],
  { thumbnails, scores }: Survey,
): { layer: number; head: number } | null {
  let best: { layer: number; head: number } | null = null;
  let most = -Infinity;
  sites.forEach((site, layer) => {
    const heads = thumbnails.get(site)?.heads ?? 0;
    for (let head = 0; head < heads; head++) {
      const score = scores
        ? ofScores(scores, layer * heads + head)
        : ofThumbnail(thumbnails.get(site)!, head);
      if (score > most) [most, best] = [score, { layer, head }];
    }
  });
  return best;
}

/** Sharp rows, little of them on the first token, and not merely the token before. */
function ofScores(scores: NonNullable<Survey['scores']>, place: number): number {
  const at = (name: 'entropy' | 'firstToken' | 'previousToken') => scores[name]?.data[place] ?? 0;
  const value = (1 - at('entropy')) * (1 - at('firstToken')) * (1 - 0.8 * at('previousToken'));
  return Number.isNaN(value) ? -Infinity : value;
}

/** Without scores: how far the weights are from even, leaving out the first column. */
function ofThumbnail(
  { rows, columns, data }: { rows: number; columns: number; data: Float32Array },
  head: number,
): number {
  let score = 0;
  for (let row = 0; row < rows; row++) {
    const start = (head * rows + row) * columns;
    const weights = data.subarray(start + 1, start + columns);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const squares = weights.reduce((sum, weight) => sum + weight * weight, 0);
    if (total > 0) score += squares / Math.max(total, 1e-6) / rows;
  }
  return score;
}
