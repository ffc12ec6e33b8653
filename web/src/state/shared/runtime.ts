// The runtime that the rooms on the page's own thread share: one wasm, started by whoever needs it first.
import { createRuntime, type Runtime } from 'attention-lab';

let runtime: Promise<Runtime> | null = null;

export const getRuntime = (): Promise<Runtime> => (runtime ??= createRuntime());
