// What a case may end in: a result, or an AttentionLabError that is no defect of the package.
const defects = new Set(['internal', 'runtime_dead']);

/** undefined, or what was wrong with the error. */
export function wrongError(error, { AttentionLabError, errorCodes }) {
  if (!(error instanceof AttentionLabError))
    return `raw ${error?.constructor?.name}: ${String(error?.stack ?? error).slice(0, 1200)}`;
  if (!errorCodes.includes(error.code)) return `unknown code ${error.code}`;
  if (defects.has(error.code)) return `${error.code}: ${error.stack}`;
  return undefined;
}

export function sameBits(a, b) {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}

export const small = {
  vocabSize: 20,
  dModel: 8,
  numLayers: 2,
  lmHead: true,
  attention: { numHeads: 2, causal: true },
};
