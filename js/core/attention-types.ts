// What attention, with learned projections or without, takes and gives. No code.
import type { WeightDtype } from './dtype.js';
import type { MaskInput, Tensor, TensorInput } from './tensor.js';

/** How a score is made of a query and a key. Luong et al. 2015 (general), Bahdanau et al. 2015 (additive). */
export type ScoreFunction =
  | 'scaled-dot' //                                             q · k / √K
  | 'dot' //                                                    q · k
  | { kind: 'general'; w: TensorInput } //                           q W k                      W [K, Kk]
  | { kind: 'additive'; wq: TensorInput; wk: TensorInput; v: TensorInput }; // v · tanh(Wq q + Wk k)      [A, K], [A, Kk], [A]

/** q [..., T, K], k [..., S, K], v [..., S, Kv] with the same leading axes. */
export interface AttentionInputs {
  q: TensorInput;
  k: TensorInput;
  v: TensorInput;
}

export interface AttentionOptions {
  /** Query t attends to keys s ≤ t only. */
  causal?: boolean;
  /** Query t attends to keys with |t − s| ≤ window only. */
  window?: number;
  mask?: MaskInput;
  /** Added to the scores before the mask; dims as a mask's. */
  bias?: TensorInput;
  /** Replaces 1/√K. */
  scale?: number;
  /** Divides the scores. Default 1. */
  temperature?: number;
  score?: ScoreFunction;
  normalisation?: 'softmax' | 'none';
  /** true returns all four. */
  trace?: boolean | readonly ('pattern' | 'scores' | 'maskedScores')[];
}

export interface AttentionResult {
  output: Tensor; //          [..., T, Kv]
  scores?: Tensor; //         [..., T, S]  scaled, before bias and mask
  maskedScores?: Tensor; //   [..., T, S]
  pattern?: Tensor; //        [..., T, S]  after softmax
}

export interface SeedOptions {
  /** Of the initial weights: an integer below 2³². Default 0. The same seed gives the same weights on every machine. */
  seed?: number;
}

export interface LayerInputs {
  query: TensorInput; //      [B, T, D] or [T, D]
  key?: TensorInput; //       [B, S, D] or [S, D]; default: query
  value?: TensorInput; //     as key; default: key
  keyMask?: MaskInput; // [B, S] or [S], 1 = may be attended to
  mask?: MaskInput; //  [T, S], [B, T, S] or [B, H, T, S]
}

export interface LayerOptions {
  /** Default: as the config says. */
  causal?: boolean;
  temperature?: number;
  /** true for all, or some of q, k, v, scores, masked_scores, pattern, z, out. */
  trace?: boolean | readonly string[];
}

export interface LayerOutput {
  output: Tensor; // [B, T, D], or [T, D] where query has two axes
  trace: Map<string, Tensor>;
}

export interface ModelOptions extends SeedOptions {
  /** How the model keeps its matrices. Default f32, the only one that can be trained. */
  dtype?: WeightDtype;
}

export interface ListingOptions extends SeedOptions {
  /** Required but for `no_weights`. */
  dModel?: number;
  /** Default 1. */
  numHeads?: number;
}
