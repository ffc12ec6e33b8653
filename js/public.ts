// What every entry of the package exports, beside its own createRuntime.
export { AttentionLabError, errorCodes, type ErrorCode } from './errors.js';
export { listingNames } from './listing-names.js';
export type { Listing } from './listings.js';
export { createRandom } from './random.js';
export { preprocess } from './pictures/preprocess.js';
export type { AttentionLayer } from './layer.js';
export type { Model } from './model.js';
export type { Runtime } from './runtime.js';
export type { Trainer } from './trainer.js';
export {
  headMeasures,
  measureHeads,
  type HeadMeasure,
  type HeadScores,
  type MeasureOptions,
} from './measures.js';
export { rollout, type RolloutOptions } from './rollout.js';
export { weightNorms, type WeightNormOptions } from './weight-norms.js';
export type { AttentionRun } from './attention-run.js';
export type { Metric, PerSequence } from './metrics.js';
export type {
  CompleteRecurrentConfig,
  Recurrent,
  RecurrentConfig,
  RecurrentInputs,
  RecurrentOptions,
  RecurrentOutput,
} from './recurrent.js';
export type { SweepCall, SweepProgress, SweepResult, SweepSpec } from './sweep-spec.js';
export type * from './types.js';
