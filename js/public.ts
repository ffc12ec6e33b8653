// What every entry of the package exports, beside its own createRuntime.
export { AttentionLabError, errorCodes, type ErrorCode } from './errors.js';
export { listingNames, type Listing } from './listings.js';
export { createRandom } from './random.js';
export type { AttentionLayer } from './layer.js';
export type { Model } from './model.js';
export type { Runtime } from './runtime.js';
export type * from './types.js';
