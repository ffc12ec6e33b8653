// The fuzzers by name. Each module exports `title`; `run({ seconds, seed })` and `replay(file)`, which resolve to
// { cases, failures: [{ file, message }] }: how many cases ran, and for each that failed the file that replays it.
export const campaigns = {
  native: () => import('./native.mjs'),
  api: () => import('./api.mjs'),
  checkpoint: () => import('./checkpoint.mjs'),
  worker: () => import('./worker.mjs'),
};
