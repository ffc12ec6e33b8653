// What both entries of attention-lab/worker export, beside their own createWorkerRuntime.
export { AttentionLabError, errorCodes, type ErrorCode } from '../errors.js';
export { listingNames } from '../listing-names.js';
export { createRandom } from '../random.js';
export { preprocess } from '../pictures/preprocess.js';
export type { CallOptions } from './connection.js';
export type {
  WorkerAttentionLayer,
  WorkerListing,
  WorkerModel,
  WorkerRecurrent,
  WorkerRuntime,
  WorkerTokenizer,
  WorkerTrainer,
} from './client.js';
export {
  headMeasures,
  measureHeads,
  type HeadMeasure,
  type HeadScores,
  type MeasureOptions,
} from '../measures.js';
export { rollout, type RolloutOptions } from '../rollout.js';
export { weightNorms, type WeightNormOptions } from '../weight-norms.js';
export type { AttentionRun } from '../attention-run.js';
export type { Metric, PerSequence } from '../metrics.js';
export type {
  CompleteRecurrentConfig,
  RecurrentConfig,
  RecurrentInputs,
  RecurrentOptions,
  RecurrentOutput,
} from '../recurrent.js';
export type { SweepCall, SweepProgress, SweepResult, SweepSpec } from '../sweep-spec.js';
export type * from '../types.js';
