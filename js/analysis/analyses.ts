// All analyses of a model's pass or weights, as `Model` hands them on: they are loaded together.
export { attributeLogit } from './logit-attribution.js';
export { circuit } from './circuit.js';
export { explainScore } from './score-explanation.js';
export { logitLens } from './logit-lens.js';
export { scanHeads } from './head-scan.js';
