// What every entry of the package exports in addition to its own createRuntime.
export { AttentionLabError, errorCodes, type ErrorCode } from '../core/errors.js';
export { listingNames } from '../core/listing-names.js';
export type { Listing } from '../listings.js';
export { cosineSimilarity, softmax, tensor, topK } from '../core/numbers.js';
export { Tensor } from '../core/tensor.js';
export { createRandom } from '../core/random.js';
export { preprocess } from '../pictures/preprocess.js';
export type { AttentionLayer } from '../core/layer.js';
export type { FilledMask, Model } from '../model.js';
export type { ModelInput } from '../core/encoded.js';
export type { Runtime } from '../runtime.js';
export type { Trainer } from '../training/trainer.js';
export {
  headMeasures,
  measureHeads,
  type HeadMeasure,
  type HeadScores,
  type MeasureOptions,
} from '../analysis/measures.js';
export { rollout, type RolloutOptions } from '../analysis/rollout.js';
export { weightNorms, type WeightNormOptions } from '../analysis/weight-norms.js';
export type { AttentionRun } from '../analysis/attention-run.js';
export type { Metric, PerSequence } from '../analysis/metrics.js';
export type {
  CompleteRecurrentConfig,
  Recurrent,
  RecurrentConfig,
  RecurrentInputs,
  RecurrentOptions,
  RecurrentOutput,
} from '../core/recurrent.js';
export type { SweepCall, SweepProgress, SweepResult, SweepSpec } from '../analysis/sweep-spec.js';
export type * from '../checkpoints/types.js';
export type * from '../core/attention-types.js';
export type * from '../core/config-types.js';
export type { WeightDtype } from '../core/dtype.js';
export type * from '../core/forward-types.js';
export type * from '../core/runtime-types.js';
export type * from '../core/tensor.js';
export type * from '../core/text-types.js';
export type * from '../generation/types.js';
export type * from '../pictures/types.js';
export type * from '../training/types.js';
export type { ListingName } from '../core/listing-names.js';
export type { SeededRandom } from '../core/random.js';
