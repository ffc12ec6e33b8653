// Scores of attention heads: what each tends to do, as numbers, from the attention weights of one run. Knows no model.
import { checkAttentions, type AttentionRun, type Dims } from './attention-run.js';
import { fail } from '../core/errors.js';
import { entriesOf, isArray } from '../core/plain.js';
import { readIds } from '../core/inputs.js';
import type { NamedTensors, Tensor, TensorInput, TokenIds } from '../core/tensor.js';
import { checkKeys, checkShape, describe, shapeText } from '../core/validation.js';
import { weightNorms } from './weight-norms.js';

/**
 * What `measureHeads` can tell. Each is a mean over the queries for which it is defined, A[t, s] being the weight of query t
 * on key s:
 *
 * - `entropy`: −Σ A log A over the logarithm of the number of keys that the query may attend to: 0 attends to one token, 1 to
 *   all alike. A key counts if any head of any layer gives it a weight; a query with one such key is left out.
 * - `entropyBits`: −Σ A log₂ A
 * - `previousToken`: A[t, t − 1]; of the queries after the first token
 * - `nextToken`: A[t, t + 1]; of the queries that may attend to it
 * - `firstToken`: A[t, first token], an attention sink where it is large; of the queries after the first token
 * - `sameToken`: Σ A[t, s] over the other tokens s ≠ t with the query's id; of the queries that have one they may attend to
 * - `induction`: Σ A[t, s + 1] over the earlier tokens s < t with the query's id: on what came next the last times (Olsson et
 *   al. 2022, "In-context Learning and Induction Heads"); of the queries whose id came before
 * - `distance`: Σ A[t, s] |t − s|, in tokens
 * - `weightNorm`: Σ ‖A[t, s] f(x_s)‖ of `weightNorms`: how much the head moves (Kobayashi et al. 2020, arXiv:2004.10102)
 */
export const headMeasures = [
  'entropy',
  'entropyBits',
  'previousToken',
  'nextToken',
  'firstToken',
  'sameToken',
  'induction',
  'distance',
  'weightNorm',
] as const;

export type HeadMeasure = (typeof headMeasures)[number];

/** Scores [N, H] by name; NaN where no query has one. Which there are depends on what `measureHeads` was given. */
export type HeadScores = { entropy: Tensor; entropyBits: Tensor; firstToken: Tensor } & Partial<
  Record<HeadMeasure, Tensor>
>;

export interface MeasureOptions {
  /** [B, T]: needed for `sameToken` and `induction`. */
  inputIds?: TokenIds;
  /** [B, T], 1 = a token, 0 = padding, which is no query. */
  attentionMask?: TokenIds;
  /** True for tokens ([CLS], [SEP], …) that are no queries; `encode` gives it. They remain keys: a sink is often one of them. */
  specialTokens?: readonly boolean[] | readonly (readonly boolean[])[];
  /** For `weightNorm`: the model's parameters, or its output projections alone. The run must have traced `blocks.{l}.attn.v`. */
  parameters?: NamedTensors;
}

const optionKeys = new Set(['inputIds', 'attentionMask', 'specialTokens', 'parameters']);

/** A query and what is known of it without its weights. */
interface Query {
  batch: number;
  at: number;
  keys: number; //                    how many keys it may attend to
  first: number | undefined; //       place of the first token, where that is not the query itself
  previous: number | undefined; //    place of the token before it
  following: number | undefined; //   place of the token after it, where it may attend to that
  same: number[]; //                  places of other tokens with its id that it may attend to
  next: number[]; //                  places after those of earlier tokens with its id
}

/** A mean that is NaN of nothing. */
class Mean {
  private sum = 0;
  private count = 0;

  add(value: number): void {
    this.sum += value;
    this.count += 1;
  }

  get value(): number {
    return this.count === 0 ? NaN : this.sum / this.count;
  }
}

/**
 * Scores of every head from the attention weights N × [B, H, T, S] of a run: what `forward` gave with `outputAttentions`, or
 * the tensors themselves. A query without any weight (all of its keys masked) is left out. Where T ≠ S, as in
 * cross-attention, keys are no earlier tokens, and there are `entropy`, `entropyBits` and `firstToken` alone.
 */
export function measureHeads(
  run: AttentionRun | readonly TensorInput[],
  given?: MeasureOptions,
): HeadScores {
  const options = checkKeys('options', given, optionKeys);
  const { attentions, dims } = checkAttentions(run);
  const [, heads, length, keys] = dims;
  const norms =
    options.parameters === undefined
      ? undefined
      : weightNorms(run as AttentionRun, { parameters: options.parameters });
  const queries = queriesOf(attentions, dims, options);
  const isSelf = length === keys;
  const hasIds = isSelf && options.inputIds !== undefined;
  const kinds = headMeasures.filter((kind) => {
    if (kind === 'weightNorm') return norms !== undefined;
    if (kind === 'sameToken' || kind === 'induction') return hasIds;
    return isSelf || !['previousToken', 'nextToken', 'distance'].includes(kind);
  });
  const scores = Object.fromEntries(
    kinds.map((kind) => [
      kind,
      { data: new Float32Array(attentions.length * heads), dims: [attentions.length, heads] },
    ]),
  ) as Record<HeadMeasure, Tensor>;

  attentions.forEach(({ data }, layer) => {
    for (let head = 0; head < heads; ++head) {
      const means = Object.fromEntries(headMeasures.map((kind) => [kind, new Mean()])) as Record<
        HeadMeasure,
        Mean
      >;
      for (const query of queries) {
        const start = ((query.batch * heads + head) * length + query.at) * keys;
        const weights = data.subarray(start, start + keys);
        if (weights.every((weight) => weight === 0)) continue;
        addScores(means, query, weights);
        if (norms) means.weightNorm.add(sum(norms[layer]!.data.subarray(start, start + keys)));
      }
      for (const kind of kinds) scores[kind].data[layer * heads + head] = means[kind].value;
    }
  });
  return scores;
}

function addScores(means: Record<HeadMeasure, Mean>, query: Query, weights: Float32Array): void {
  const { at, keys, first, previous, following, same, next } = query;
  let bits = 0;
  let distance = 0;
  weights.forEach((weight, key) => {
    if (weight > 0) bits -= weight * Math.log2(weight);
    distance += weight * Math.abs(at - key);
  });
  means.entropyBits.add(bits);
  if (keys > 1) means.entropy.add(bits / Math.log2(keys));
  means.distance.add(distance);
  if (first !== undefined) means.firstToken.add(weights[first]!);
  if (previous !== undefined) means.previousToken.add(weights[previous]!);
  if (following !== undefined) means.nextToken.add(weights[following]!);
  if (same.length > 0) means.sameToken.add(same.reduce((total, key) => total + weights[key]!, 0));
  if (next.length > 0) means.induction.add(next.reduce((total, key) => total + weights[key]!, 0));
}

function queriesOf(attentions: readonly Tensor[], dims: Dims, options: MeasureOptions): Query[] {
  const [batch, , length, keys] = dims;
  const read = (name: 'inputIds' | 'attentionMask', below: number): Int32Array | undefined => {
    const tokens = options[name];
    if (tokens === undefined) return undefined;
    const { ids, ...shape } = readIds(name, tokens, below);
    checkShape(name, [shape.batch, shape.length], [batch, length]);
    return ids;
  };
  const ids = read('inputIds', 0x7fffffff);
  const isToken = read('attentionMask', 2);
  const isSpecial = specialTokens(options.specialTokens, batch, length);
  const allowed = allowedKeys(attentions, dims);
  const queries: Query[] = [];
  for (let b = 0; b < batch; ++b) {
    const row = b * length;
    const isPadding = (at: number): boolean => isToken?.[row + at] === 0;
    let begin = 0;
    while (length === keys && begin < length && isPadding(begin)) ++begin;
    for (let at = 0; at < length; ++at) {
      if (isPadding(at) || isSpecial?.[row + at]) continue;
      const mayAttend = (key: number): boolean => allowed[(row + at) * keys + key] === 1;
      const query: Query = {
        batch: b,
        at,
        keys: 0,
        first: length !== keys || at > begin ? begin : undefined,
        previous: at > begin && !isPadding(at - 1) ? at - 1 : undefined,
        following:
          length === keys && at + 1 < length && !isPadding(at + 1) && mayAttend(at + 1)
            ? at + 1
            : undefined,
        same: [],
        next: [],
      };
      for (let key = 0; key < keys; ++key) {
        if (mayAttend(key)) query.keys += 1;
        if (length !== keys || !ids || isPadding(key) || ids[row + key] !== ids[row + at]) continue;
        if (key !== at && mayAttend(key)) query.same.push(key);
        if (key < at) query.next.push(key + 1);
      }
      queries.push(query);
    }
  }
  return queries;
}

/** [B, T, S]: 1 where any head of any layer gives a weight. */
function allowedKeys(
  attentions: readonly Tensor[],
  [batch, heads, length, keys]: Dims,
): Uint8Array {
  const cells = length * keys;
  const allowed = new Uint8Array(batch * cells);
  for (const { data } of attentions) {
    for (let i = 0; i < data.length; ++i) {
      if (data[i] !== 0) allowed[Math.floor(i / (heads * cells)) * cells + (i % cells)] = 1;
    }
  }
  return allowed;
}

function specialTokens(
  flags: MeasureOptions['specialTokens'],
  batch: number,
  length: number,
): readonly boolean[] | undefined {
  if (flags === undefined) return undefined;
  const given = isArray(flags)
    ? entriesOf<unknown>('specialTokens', flags).map((row) =>
        isArray(row) ? entriesOf('specialTokens', row) : row,
      )
    : null;
  const rows = isArray(given) && given.some((row) => isArray(row)) ? given : [given];
  if (rows.length !== batch || !rows.every((row) => isArray(row) && row.length === length)) {
    const got = isArray(given)
      ? shapeText([rows.length, ...rows.slice(0, 1).map((row) => (isArray(row) ? row.length : 0))])
      : describe(flags);
    fail(
      'shape_mismatch',
      `specialTokens: expected true or false for each of ${shapeText([batch, length])} tokens, got ${got}`,
    );
  }
  const flat = (rows as unknown as boolean[][]).flat();
  const wrong = flat.findIndex((flag) => typeof flag !== 'boolean');
  if (wrong >= 0)
    fail(
      'invalid_argument',
      `specialTokens[${wrong}]: expected true or false, got ${describe(flat[wrong])}`,
    );
  return flat;
}

function sum(values: Float32Array): number {
  return values.reduce((total, value) => total + value, 0);
}
