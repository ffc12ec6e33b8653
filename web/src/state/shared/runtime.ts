// The runtime that the rooms on the page's own thread share: one wasm, started by whoever needs it first.
import { createRuntime, type Runtime } from 'attention-lab';

let runtime: Promise<Runtime> | null = null;

/** The baseline: small models gain nothing from the other variant, which a first visit would fetch, too. Workers choose for themselves. */
export const getRuntime = (): Promise<Runtime> =>
  (runtime ??= createRuntime({ variant: 'simd128' }));
