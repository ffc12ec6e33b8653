// How much each token really adds to another: the norm of the weighted, transformed vector. Pure; knows no model.
// Kobayashi et al. 2020, "Attention is Not Only a Weight", arXiv:2004.10102, section 3.
import { checkAttentions, type AttentionRun } from './attention-run.js';
import { fail } from '../core/errors.js';
import { reading } from '../core/plain.js';
import { type NamedTensors, Tensor } from '../core/tensor.js';
import {
  checkKeys,
  checkString,
  checkTensorView,
  describe,
  isMap,
  shapeText,
} from '../core/validation.js';

export interface WeightNormOptions {
  /** The model's parameters, or its output projections alone. Left out for attention without an output projection. */
  parameters?: NamedTensors;
  /** Which attention; {l} stands for the layer. Default 'blocks.{l}.attn'. */
  at?: string;
}

/**
 * ‖A[t, s] f(x_s)‖ for every layer, N × [B, H, T, S], where f(x) = (x W_V + b_V) W_O is the vector that head h adds to the
 * output for one unit of weight: W_O [K, D] are the head's columns of out_proj.weight, and v = x W_V + b_V is what the run
 * recorded as `blocks.{l}.attn.v`. The bias of the output projection belongs to no token and is left out, as in the paper.
 */
export function weightNorms(run: AttentionRun, given?: WeightNormOptions): Tensor[] {
  const { parameters, at = 'blocks.{l}.attn' } = checkKeys(
    'options',
    given,
    new Set(['parameters', 'at']),
  );
  const { attentions, dims } = checkAttentions(run);
  return attentions.map(({ data }, layer) => {
    const place = checkString('at', at).replace('{l}', String(layer));
    const v = tracedValues(run, `${place}.v`, dims);
    const projection =
      parameters === undefined ? undefined : parameterOf(parameters, `${place}.out_proj.weight`);
    return new Tensor(weighted(data, vectorNorms(v, projection, dims, place), dims), dims);
  });
}

/** v [B, G, S, K] of the run; heads share groups of it evenly. */
function tracedValues(
  run: AttentionRun,
  name: string,
  [batch, heads, , keys]: readonly number[],
): Tensor {
  const tensor = reading('trace', () => run.trace?.get(name));
  if (tensor === undefined)
    fail('unknown_name', `trace: expected "${name}", which weight norms need; trace it in forward`);
  const checked = checkTensorView(name, tensor);
  const { dims } = checked;
  if (dims.length !== 4 || dims[0] !== batch || heads! % dims[1]! !== 0 || dims[2] !== keys) {
    fail(
      'shape_mismatch',
      `${name}: expected [${batch}, G, ${keys}, K] with G a divisor of ${heads} heads, got ${shapeText(dims)}`,
    );
  }
  return checked;
}

function parameterOf(parameters: NamedTensors, name: string): Tensor {
  if (typeof parameters !== 'object' || parameters === null) {
    fail(
      'invalid_argument',
      `parameters: expected a Map or an object of tensors, got ${describe(parameters)}`,
    );
  }
  const tensor = reading('parameters', () =>
    isMap(parameters) ? parameters.get(name) : parameters[name],
  );
  return checkTensorView(
    name,
    tensor ?? fail('unknown_name', `parameters: expected "${name}", got none`),
  );
}

/** ‖f(x_s)‖ [B, H, S]: f(x) = v W_Oᵀ, out_proj.weight being [D, H·K], or v itself. */
function vectorNorms(
  v: Tensor,
  projection: Tensor | undefined,
  [batch, heads, , keys]: readonly number[],
  place: string,
): Float64Array {
  const [, groups, , width] = v.dims as [number, number, number, number];
  const columns = heads! * width;
  if (projection && (projection.dims.length !== 2 || projection.dims[1] !== columns)) {
    fail(
      'shape_mismatch',
      `${place}.out_proj.weight: expected [D, ${columns}], got ${shapeText(projection.dims)}`,
    );
  }
  const norms = new Float64Array(batch! * heads! * keys!);
  for (let i = 0; i < norms.length; ++i) {
    const [key, head, b] = [
      i % keys!,
      Math.floor(i / keys!) % heads!,
      Math.floor(i / (keys! * heads!)),
    ];
    const group = Math.floor((head * groups) / heads!);
    const start = ((b * groups + group) * keys! + key) * width;
    const vector = v.data.subarray(start, start + width);
    norms[i] = projection
      ? projectedNorm(vector, projection.data, head * width, columns)
      : Math.hypot(...vector);
  }
  return norms;
}

/** ‖W vector‖, where W [D, K] are the columns of `weight` from `first` on. */
function projectedNorm(
  vector: Float32Array,
  weight: Float32Array,
  first: number,
  columns: number,
): number {
  let square = 0;
  for (let row = first; row < weight.length; row += columns) {
    let product = 0;
    for (let i = 0; i < vector.length; ++i) product += vector[i]! * weight[row + i]!;
    square += product * product;
  }
  return Math.sqrt(square);
}

function weighted(
  pattern: Float32Array,
  norms: Float64Array,
  [, , queries, keys]: readonly number[],
): Float32Array {
  return pattern.map(
    (weight, i) =>
      Math.abs(weight) * norms[Math.floor(i / (queries! * keys!)) * keys! + (i % keys!)]!,
  );
}
