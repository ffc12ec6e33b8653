// What both entries of attention-lab/worker export in addition to their own createWorkerRuntime.
export * from './public.js';
export type {
  CallOptions,
  Remote,
  WorkerAttentionLayer,
  WorkerListing,
  WorkerModel,
  WorkerRecurrent,
  WorkerRuntime,
  WorkerTokenizer,
  WorkerTrainer,
} from '../worker/remote.js';
