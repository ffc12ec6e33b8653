// The residual stream at one position as the exact sum of what wrote into it: embeddings, every head, every MLP, the biases.
// Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits". Norms are linear once the statistics of the pass
// are frozen: LayerNorm(Σ xᵢ) = Σ g ⊙ (xᵢ − mean xᵢ) / σ + b with the σ of the whole sum.
import { fail } from '../core/errors.js';
import type { CompleteStackConfig } from '../core/config-types.js';
import type { Tensor } from '../core/tensor.js';
import {
  parameterIfAny,
  parameterOf,
  stackOf,
  sublayersOf,
  type AnalysedModel,
  type StackPrefix,
  type Sublayer,
} from './analysed-model.js';
import { addTo, product, rowOf } from './vectors.js';

/** One term of the sum. */
export interface Writer {
  /** 'embed', 'pos_embed', 'blocks.0.attn.head.3', 'blocks.0.attn.bias', 'blocks.0.mlp', 'final_norm.bias', … */
  name: string;
  vector: Float64Array; // [D]
}

type Trace = ReadonlyMap<string, Tensor>;

const embeddingSites = ['embed', 'pos_embed', 'token_type_embed'];

/** The activations that a pass must trace for `streamAt`. */
export function streamSites(model: AnalysedModel, prefix: StackPrefix): string[] {
  const known = new Set(model.activationNames());
  const sites = embeddingSites.map((name) => prefix + name).filter((name) => known.has(name));
  if (!sites.includes(`${prefix}embed`)) sites.push(`${prefix}blocks.0.resid_pre`);
  for (const { kind, name } of sublayersOf(model.config, prefix))
    sites.push(kind === 'mlp' ? `${name}.out` : `${name}.z`);
  return sites;
}

/**
 * The writers of the stream at token `position` of the first sequence, as they stand where `until` reads it (before its norm
 * where the norm comes first); without `until`, behind the final norm.
 */
export function streamAt(
  model: AnalysedModel,
  trace: Trace,
  prefix: StackPrefix,
  position: number,
  until?: Sublayer,
): Writer[] {
  const stack = stackOf(model.config, prefix);
  let writers = embedded(model, trace, prefix, position);
  for (const sublayer of sublayersOf(model.config, prefix)) {
    if (sublayer.name === until?.name) return writers;
    writers.push(...written(model, trace, stack, sublayer, position));
    if (stack.norm === 'post') writers = normalised(model, stack, sublayer.norm, writers);
  }
  return stack.finalNorm ? normalised(model, stack, `${prefix}final_norm`, writers) : writers;
}

/** The sum of the embeddings. */
function embedded(
  model: AnalysedModel,
  trace: Trace,
  prefix: StackPrefix,
  position: number,
): Writer[] {
  const stack = stackOf(model.config, prefix);
  const writers = embeddingSites
    .map((name) => prefix + name)
    .filter((name) => trace.has(name))
    .map((name) => ({ name, vector: at(trace, name, position) }));
  if (!trace.has(`${prefix}embed`)) {
    // A model without a vocabulary: what the caller gave is the stream less the other terms.
    if (stack.embedNorm || stack.dEmbed > 0)
      fail('invalid_argument', 'embedNorm, dEmbed: expected none in a model without a vocabulary');
    const vector = at(trace, `${prefix}blocks.0.resid_pre`, position);
    for (const writer of writers) writer.vector.forEach((x, i) => (vector[i]! -= x));
    writers.unshift({ name: `${prefix}embed`, vector });
  }
  const sum = stack.embedNorm ? normalised(model, stack, `${prefix}embed.norm`, writers) : writers;
  if (stack.dEmbed === 0) return sum;
  const projection = `${prefix}embed.projection`;
  const weight = parameterOf(model, `${projection}.weight`);
  const bias = parameterOf(model, `${projection}.bias`).data;
  return [
    ...sum.map(({ name, vector }) => ({ name, vector: product(weight, vector) })),
    { name: `${projection}.bias`, vector: Float64Array.from(bias) },
  ];
}

/** What a sublayer adds: an MLP its output, an attention one term a head, z_h W_O,h, and its bias. */
function written(
  model: AnalysedModel,
  trace: Trace,
  { attention }: CompleteStackConfig,
  { kind, name }: Sublayer,
  position: number,
): Writer[] {
  if (kind === 'mlp') return [{ name, vector: at(trace, `${name}.out`, position) }];
  const z = tensorOf(trace, `${name}.z`); // [B, H, T, K]
  const [, heads, length, width] = z.dims as [number, number, number, number];
  const projection = attention.outProjection
    ? parameterOf(model, `${name}.out_proj.weight`)
    : undefined;
  const writers = Array.from({ length: heads }, (_, head) => {
    const own = rowOf(z, head * length + position);
    const vector = projection
      ? product(projection, own, head * width)
      : new Float64Array(heads * width);
    if (!projection) vector.set(own, head * width);
    return { name: `${name}.head.${head}`, vector };
  });
  const bias = parameterIfAny(model, `${name}.out_proj.bias`);
  if (bias) writers.push({ name: `${name}.bias`, vector: Float64Array.from(bias.data) });
  return writers;
}

/** The writers behind a norm whose statistics are those of their sum. */
export function normalised(
  model: AnalysedModel,
  { normKind, normEps }: Pick<CompleteStackConfig, 'normKind' | 'normEps'>,
  norm: string,
  writers: readonly Writer[],
): Writer[] {
  const gain = parameterOf(model, `${norm}.weight`).data;
  const centre = (x: Float64Array): number =>
    normKind === 'layer' ? x.reduce((sum, each) => sum + each, 0) / x.length : 0;
  const sum = sumOf(writers);
  const mean = centre(sum);
  const scale = Math.sqrt(
    sum.reduce((total, x) => total + (x - mean) ** 2, 0) / sum.length + normEps,
  );
  const result = writers.map(({ name, vector }) => {
    const own = centre(vector);
    return { name, vector: vector.map((x, i) => ((x - own) / scale) * gain[i]!) };
  });
  const bias = parameterIfAny(model, `${norm}.bias`);
  if (bias) result.push({ name: `${norm}.bias`, vector: Float64Array.from(bias.data) });
  return result;
}

export function sumOf(writers: readonly Writer[]): Float64Array {
  const sum = new Float64Array(writers[0]!.vector.length);
  for (const { vector } of writers) addTo(sum, vector);
  return sum;
}

const tensorOf = (trace: Trace, name: string): Tensor =>
  trace.get(name) ?? fail('unknown_name', `trace: expected "${name}"`);

const at = (trace: Trace, name: string, position: number): Float64Array =>
  Float64Array.from(rowOf(tensorOf(trace, name), position));
