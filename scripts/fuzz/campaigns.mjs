// The fuzzers by name. Each module exports `title`; `casesInMinute`; `run({ seconds, seed, cases? })`, which ends with the seconds or
// the cases, and `replay(file)`. Both resolve to { cases, failures: [{ file, message }] }: how many cases ran, and for each that failed
// the file that replays it.
export const campaigns = {
  native: () => import('./native.mjs'),
  api: () => import('./api.mjs'),
  checkpoint: () => import('./checkpoint.mjs'),
  worker: () => import('./worker.mjs'),
  page: () => import('./page.mjs'),
};
