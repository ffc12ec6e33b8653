// Attention rollout: which input tokens a position draws on, through all layers. Pure; knows no model.
// Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", arXiv:2005.00928, section 3.
import { checkAttentions, type AttentionRun } from './attention-run.js';
import { fail } from '../core/errors.js';
import { Tensor, type TensorInput } from '../core/tensor.js';
import { checkFinite, checkInteger, checkKeys, checkOneOf, shapeText } from '../core/validation.js';

export interface RolloutOptions {
  /** How the heads of a layer become one: their mean (the paper's, and the default), or the largest or smallest of each weight. */
  heads?: 'mean' | 'max' | 'min';
  /** Share r of the residual connection: (1 − r) A + r I. Default 0.5, the paper's; 0 leaves the residual out. */
  residual?: number;
  /** How many layers, from the first on. Default: all. */
  layers?: number;
}

/**
 * [B, T, T]: row t says how much position t, after the last layer, draws on each input token. With A_l the heads of layer l
 * made one: Ã_l = ½ A_l + ½ I, each row divided by its sum, and the rollout is Ã_N ⋯ Ã_1. A row without any weight (all of
 * its keys masked) is the residual alone. Self-attention only.
 */
export function rollout(
  run: AttentionRun | readonly TensorInput[],
  given?: RolloutOptions,
): Tensor {
  const options = checkKeys('options', given, new Set(['heads', 'residual', 'layers']));
  const { attentions, dims } = checkAttentions(run);
  const [batch, heads, length, keys] = dims;
  if (length !== keys)
    fail(
      'shape_mismatch',
      `attentions[0]: expected [B, H, T, T] of self-attention, got ${shapeText(dims)}`,
    );
  const fusion = fusions[checkOneOf('heads', options.heads ?? 'mean', ['mean', 'max', 'min'])];
  const residual = checkFinite('residual', options.residual ?? 0.5);
  if (residual < 0 || residual > 1)
    fail('invalid_argument', `residual: expected a share from 0 to 1, got ${residual}`);
  const layers = checkInteger('layers', options.layers ?? attentions.length, 1, attentions.length);

  const cells = length * length;
  const data = new Float32Array(batch * cells);
  for (let b = 0; b < batch; ++b) {
    let total: Float64Array | undefined;
    for (const { data: patterns } of attentions.slice(0, layers)) {
      const ofHead = Array.from({ length: heads }, (_, h) =>
        patterns.subarray((b * heads + h) * cells, (b * heads + h + 1) * cells),
      );
      const step = withResidual(ofHead, fusion, residual, length);
      total = total ? product(step, total, length) : step;
    }
    data.set(total!, b * cells);
  }
  return new Tensor(data, [batch, length, length]);
}

const fusions = {
  mean: (weights: readonly number[]) =>
    weights.reduce((sum, weight) => sum + weight, 0) / weights.length,
  max: (weights: readonly number[]) => Math.max(...weights),
  min: (weights: readonly number[]) => Math.min(...weights),
};

/** Ã [T, T]: the heads made one, the residual added, each row divided by its sum. */
function withResidual(
  heads: readonly Float32Array[],
  fusion: (weights: readonly number[]) => number,
  residual: number,
  length: number,
): Float64Array {
  const step = new Float64Array(length * length);
  for (let row = 0; row < length; ++row) {
    let sum = 0;
    for (let i = row * length; i < (row + 1) * length; ++i) {
      const weight = fusion(heads.map((pattern) => pattern[i]!));
      step[i] = (1 - residual) * weight + (i === row * length + row ? residual : 0);
      sum += step[i]!;
    }
    if (sum !== 0) for (let i = row * length; i < (row + 1) * length; ++i) step[i]! /= sum;
  }
  return step;
}

function product(a: Float64Array, b: Float64Array, length: number): Float64Array {
  const c = new Float64Array(a.length);
  for (let i = 0; i < length; ++i) {
    for (let j = 0; j < length; ++j) {
      const weight = a[i * length + j]!;
      if (weight === 0) continue;
      for (let k = 0; k < length; ++k) c[i * length + k]! += weight * b[j * length + k]!;
    }
  }
  return c;
}
