// Why one attention score is what it is: q · k as a sum over writers at the query × writers at the key.
// With the norms' statistics of the pass frozen, q and k are linear in what was written into the stream before them, so their
// product is bilinear: score = Σᵢⱼ scale · R_t(W_Q xᵢ) · R_s(W_K yⱼ), R the rotation of rotary positions.
import { fail } from '../core/errors.js';
import type { CompleteStackConfig, RotaryConfig } from '../core/config-types.js';
import type { ForwardInputs } from '../core/forward-types.js';
import { Tensor } from '../core/tensor.js';
import { checkInteger, checkKeys, checkOneOf } from '../core/validation.js';
import {
  lastStack,
  sublayersOf,
  type AnalysedModel,
  type StackPrefix,
  type Sublayer,
} from './analysed-model.js';
import { runOne } from './one-sequence.js';
import { normalised, streamAt, streamSites, type Writer } from './residual-stream.js';
import { dot, product } from './vectors.js';

export interface ScoreQuestion {
  layer: number;
  head: number;
  query: number;
  key: number;
  /** Of an encoder–decoder, which attention of the decoder. Default 'self'. */
  attention?: 'self' | 'cross';
}

export interface ScoreExplanation {
  /** The pass's own score: scaled, before bias and mask. */
  score: number;
  /** Who wrote what the query is made of, and the key. */
  queryWriters: string[]; // [Wq]
  keyWriters: string[]; // [Wk]
  /** What each pair contributes: [Wq, Wk]; they sum to the score but for rounding. */
  terms: Tensor;
}

const optionKeys = new Set(['layer', 'head', 'query', 'key', 'attention']);

export function explainScore(
  model: AnalysedModel,
  inputs: ForwardInputs,
  question: ScoreQuestion,
): ScoreExplanation {
  const options = checkKeys('options', question, optionKeys);
  const { config } = model;
  const which = checkOneOf('attention', options.attention ?? 'self', ['self', 'cross']);
  if (which === 'cross' && !config.encoder)
    fail('invalid_argument', 'attention: expected self, as this model has no encoder');
  const stack: CompleteStackConfig = config;
  refuseOtherScores(stack);
  const { numHeads, numKvHeads, dHead } = stack.attention;
  const layer = checkInteger('layer', options.layer, 0, stack.numLayers - 1);
  const head = checkInteger('head', options.head, 0, numHeads - 1);
  const prefix = lastStack(config);
  const kind = which === 'cross' ? 'cross_attn' : prefix ? 'self_attn' : 'attn';
  const sublayer = sublayersOf(config, prefix).find(
    (each) => each.layer === layer && each.kind === kind,
  )!;
  const source: StackPrefix = which === 'cross' ? 'encoder.' : prefix;
  const sites = new Set([
    ...streamSites(model, prefix),
    ...streamSites(model, source),
    `${sublayer.name}.scores`,
  ]);
  const run = runOne(model, inputs, [...sites]);
  const scores = run.trace.get(`${sublayer.name}.scores`)!; // [1, H, T, S]
  const [, , queries, keys] = scores.dims as [number, number, number, number];
  const query = checkInteger('query', options.query, 0, queries - 1);
  const key = checkInteger('key', options.key, 0, keys - 1);

  const enter = (writers: Writer[]): Writer[] =>
    stack.norm !== 'post' ? normalised(model, stack, sublayer.norm, writers) : writers;
  const readByQuery = enter(streamAt(model, run.trace, prefix, query, sublayer));
  const readByKey =
    which === 'cross'
      ? streamAt(model, run.trace, source, key)
      : enter(streamAt(model, run.trace, prefix, key, sublayer));

  const group = Math.floor((head * numKvHeads) / numHeads);
  const rotate = rotationOf(which === 'cross' ? undefined : stack, dHead);
  const q = projected(model, stack, sublayer, 'q', head, readByQuery).map(rotate(query));
  const k = projected(model, stack, sublayer, 'k', group, readByKey).map(rotate(key));
  const scale = scaleOf(stack);
  const terms = new Float32Array(q.length * k.length);
  q.forEach(({ vector: left }, i) =>
    k.forEach(({ vector: right }, j) => (terms[i * k.length + j] = scale * dot(left, right))),
  );
  return {
    score: scores.data[(head * queries + query) * keys + key]!,
    queryWriters: q.map(({ name }) => name),
    keyWriters: k.map(({ name }) => name),
    terms: new Tensor(terms, [q.length, k.length]),
  };
}

/** Scores that are more than one product of q and k. */
function refuseOtherScores({ positions, attention }: CompleteStackConfig): void {
  if (positions === 'transformer_xl')
    fail(
      'invalid_argument',
      `explainScore: positions "${positions}" add terms of distance to every score; it takes apart q · k alone`,
    );
  if (attention.sharedHeads)
    fail('invalid_argument', 'explainScore: expected a model without sharedHeads');
}

/** W x of one head for every writer, and the projection's bias as a writer of its own. */
function projected(
  model: AnalysedModel,
  { attention, normEps }: CompleteStackConfig,
  { name }: Sublayer,
  which: 'q' | 'k',
  head: number,
  writers: readonly Writer[],
): Writer[] {
  const { fused, numHeads, dHead } = attention;
  const parameter = fused ? 'qkv_proj' : `${which}_proj`;
  const first = (fused && which === 'k' ? numHeads * dHead : 0) + head * dHead;
  parameterIsThere(model, `${name}.${parameter}.weight`);
  const weight = model.parameterRows(`${name}.${parameter}.weight`, first, dHead);
  const result = writers.map((writer) => ({
    name: writer.name,
    vector: product(weight, writer.vector),
  }));
  const bias = `${name}.${parameter}.bias`;
  if (model.parameterShapes().has(bias))
    result.push({
      name: `${name}.${which}_proj.bias`,
      vector: Float64Array.from(model.parameterRows(bias, first, dHead).data),
    });
  // Frozen at this pass's statistics, as every norm.
  return attention.qkNorm
    ? normalised(model, { normKind: 'rms', normEps }, `${name}.${which}_norm`, result)
    : result;
}

function parameterIsThere(model: AnalysedModel, name: string): void {
  if (!model.parameterShapes().has(name)) fail('unknown_name', `${name}: no such parameter`);
}

function scaleOf({ attention, dModel }: CompleteStackConfig): number {
  switch (attention.scaleBy) {
    case 'd_head':
      return 1 / Math.sqrt(attention.dHead);
    case 'd_model':
      return 1 / Math.sqrt(dModel);
    case 'none':
      return 1;
  }
}

type Rotate = (position: number) => (writer: Writer) => Writer;

/** Rotary positions' rotation of pairs (x_i, x_{i + K/2}): Su et al. 2021, eq. 34, with angles rounded as cpp/nn/rotary does. */
function rotationOf(stack: CompleteStackConfig | undefined, dHead: number): Rotate {
  if (stack?.positions !== 'rotary') return () => (writer) => writer;
  const width = stack.rotary.dRotary || dHead;
  const frequencies = frequenciesOf(stack.rotary, width);
  const half = width / 2;
  return (position) =>
    ({ name, vector }) => {
      const rotated = Float64Array.from(vector);
      frequencies.forEach((frequency, i) => {
        const angle = Math.fround(position * frequency);
        const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
        const [low, high] = [vector[i]!, vector[half + i]!];
        rotated[i] = low * cosine - high * sine;
        rotated[half + i] = high * cosine + low * sine;
      });
      return { name, vector: rotated };
    };
}

function frequenciesOf(rotary: Required<RotaryConfig>, width: number): number[] {
  return Array.from({ length: width / 2 }, (_, i) => {
    const exponent = Math.fround((2 * i) / width);
    const frequency = Math.fround(
      Math.fround(1 / Math.fround(rotary.theta ** exponent)) / rotary.linearFactor,
    );
    if (rotary.llama3Factor === 1) return frequency;
    const rotations = (rotary.originalMaxLen * frequency) / (2 * Math.PI);
    if (rotations < rotary.lowFrequency) return Math.fround(frequency / rotary.llama3Factor);
    if (rotations > rotary.highFrequency) return frequency;
    const blend = (rotations - rotary.lowFrequency) / (rotary.highFrequency - rotary.lowFrequency);
    return Math.fround(((1 - blend) * frequency) / rotary.llama3Factor + blend * frequency);
  });
}
