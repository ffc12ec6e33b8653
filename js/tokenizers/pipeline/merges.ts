// Merges the symbols of a word, the pair of the lowest rank first, the leftmost of several: a queue, so that long words take n log n.
import { largestId } from '../vocab.js';

export interface Merge {
  rank: number;
  /** What the pair becomes. */
  id: number;
}

/** Of two ids one number. */
export const pairKey = (left: number, right: number): number => left * (largestId + 1) + right;

interface Candidate extends Merge {
  at: number;
}

export function mergeAll(
  ids: number[],
  sizes: number[],
  merges: ReadonlyMap<number, Merge>,
): { id: number; size: number }[] {
  const next = Int32Array.from(ids, (_, at) => (at + 1 < ids.length ? at + 1 : -1));
  const previous = Int32Array.from(ids, (_, at) => at - 1);
  const queue: Candidate[] = [];
  const consider = (at: number): void => {
    const right = at < 0 ? -1 : next[at]!;
    const merge = right < 0 ? undefined : merges.get(pairKey(ids[at]!, ids[right]!));
    if (merge) push(queue, { ...merge, at });
  };
  for (let at = 0; at + 1 < ids.length; ++at) consider(at);
  for (let best = pop(queue); best; best = pop(queue)) {
    const { at, id } = best;
    const right = sizes[at] === 0 ? -1 : next[at]!;
    // A pair that has changed since it came into the queue.
    if (right < 0 || merges.get(pairKey(ids[at]!, ids[right]!))?.id !== id) continue;
    ids[at] = id;
    sizes[at]! += sizes[right]!;
    sizes[right] = 0;
    next[at] = next[right]!;
    if (next[at]! >= 0) previous[next[at]!] = at;
    consider(previous[at]!);
    consider(at);
  }
  return ids.flatMap((id, at) => (sizes[at] === 0 ? [] : [{ id, size: sizes[at]! }]));
}

const isBefore = (a: Candidate, b: Candidate): boolean =>
  a.rank !== b.rank ? a.rank < b.rank : a.at < b.at;

function push(heap: Candidate[], candidate: Candidate): void {
  let at = heap.push(candidate) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(candidate, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = candidate;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (heap.length === 0 || !last) return top;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
