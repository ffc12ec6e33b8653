// Work in pieces between frames, so that the page's thread is never held for long. The newest task of a name wins.

/** Milliseconds of work at a time: half of a frame. */
const budget = 8;

const waiting = new Map<object, () => void>();
let isScheduled = false;

/** Does `task` soon, unless another of the same owner comes first. Returns what takes it back. */
export function soon(owner: object, task: () => void): () => void {
  waiting.delete(owner);
  waiting.set(owner, task);
  schedule();
  return () => {
    if (waiting.get(owner) === task) waiting.delete(owner);
  };
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    const end = performance.now() + budget;
    for (const [owner, task] of waiting) {
      waiting.delete(owner);
      task();
      if (performance.now() > end) break;
    }
    if (waiting.size > 0) schedule();
  });
}
