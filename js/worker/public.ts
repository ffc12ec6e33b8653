// What both entries of attention-lab/worker export, beside their own createWorkerRuntime.
export { AttentionLabError, errorCodes, type ErrorCode } from '../errors.js';
export { listingNames } from '../listings.js';
export { createRandom } from '../random.js';
export type { CallOptions } from './connection.js';
export type {
  WorkerAttentionLayer,
  WorkerListing,
  WorkerModel,
  WorkerRuntime,
  WorkerTokenizer,
} from './client.js';
export type * from '../types.js';
