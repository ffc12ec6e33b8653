// What a pass over a model in a worker gives to its run. Pure.
import type { Pass } from '../../lab/engine/host.ts';

export const resultsOf = ({ id, milliseconds, trace, lastHiddenState, logits }: Pass) => ({
  pass: id,
  milliseconds,
  trace,
  lastHiddenState,
  logits,
  truncated: false,
});
