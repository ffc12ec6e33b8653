// The head that turns the last hidden state into logits, as a linear map of the stream's writers: row `token` of it.
import { labelsSequences } from '../core/config.js';
import { fail } from '../core/errors.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import { parameterIfAny, parameterOf, type AnalysedModel } from './analysed-model.js';
import { normalised, sumOf, type Writer } from './residual-stream.js';
import { dot, product } from './vectors.js';

/** A part of a logit. */
export interface LogitPart {
  name: string;
  value: number;
}

/** How many logits a position has, or the whole input of a classifier of sequences; 0: the model makes none. */
export function choicesOf({
  lmHead,
  maskedLmHead,
  numLabels,
  vocabSize,
}: CompleteModelConfig): number {
  return numLabels > 0 ? numLabels : lmHead || maskedLmHead ? vocabSize : 0;
}

/** The parts of the logit of `token`, one for each writer of the last hidden state and for the head's biases. */
export function logitParts(
  model: AnalysedModel,
  writers: readonly Writer[],
  token: number,
): LogitPart[] {
  const { config } = model;
  const { weight, bias } = outputNames(config, model);
  const read = transformed(model, writers);
  const row = model.parameterRows(weight, token, 1).data;
  const scale = config.lmHead ? config.logitScale : 1;
  const parts = read.map(({ name, vector }) => ({ name, value: scale * dot(row, vector) }));
  if (model.parameterShapes().has(bias))
    parts.push({ name: bias, value: model.parameterRows(bias, token, 1).data[0]! });
  return parts;
}

function outputNames(
  { maskedLmHead, numLabels, tieEmbeddings, shareEmbeddings, encoder }: CompleteModelConfig,
  model: AnalysedModel,
): { weight: string; bias: string } {
  if (numLabels > 0) return { weight: 'classifier.weight', bias: 'classifier.bias' };
  const tied = encoder && !shareEmbeddings ? 'decoder.embed.token.weight' : 'embed.token.weight';
  const untied = maskedLmHead ? 'mlm_head.decoder.weight' : 'lm_head.weight';
  const weight = tieEmbeddings ? tied : untied;
  if (!model.parameterShapes().has(weight)) fail('unknown_name', `${weight}: no such parameter`);
  return { weight, bias: maskedLmHead ? 'mlm_head.bias' : 'lm_head.bias' };
}

/** The writers behind what stands before the output matrix: a masked-language head's layers, or a classifier's pooler. */
function transformed(model: AnalysedModel, writers: readonly Writer[]): Writer[] {
  const { config } = model;
  if (config.maskedLmHead) {
    const dense = throughLayer(model, 'mlm_head.dense', config.activation, writers);
    return normalised(model, config, 'mlm_head.norm', dense);
  }
  return config.pooler && labelsSequences(config)
    ? throughLayer(model, 'pooler', config.poolerActivation, writers)
    : [...writers];
}

/**
 * The writers behind a linear layer and its activation, which is frozen as its gate f(u) / u, element by element, u being the
 * sum of all: a linear map with the pass's own value.
 */
function throughLayer(
  model: AnalysedModel,
  layer: string,
  activation: CompleteModelConfig['activation'],
  writers: readonly Writer[],
): Writer[] {
  const weight = parameterOf(model, `${layer}.weight`);
  const dense = writers.map(({ name, vector }) => ({ name, vector: product(weight, vector) }));
  const bias = parameterIfAny(model, `${layer}.bias`);
  if (bias) dense.push({ name: `${layer}.bias`, vector: Float64Array.from(bias.data) });
  const gate = sumOf(dense).map(gates[activation]);
  return dense.map(({ name, vector }) => ({ name, vector: vector.map((x, i) => x * gate[i]!) }));
}

/** f(u) / u of each activation. */
const gates: Record<CompleteModelConfig['activation'], (u: number) => number> = {
  relu: (u) => (u > 0 ? 1 : 0),
  gelu: (u) => 0.5 * erfc(-u / Math.SQRT2),
  gelu_tanh: (u) => 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (u + 0.044715 * u ** 3))),
  silu: (u) => 1 / (1 + Math.exp(-u)),
  tanh: (u) => (u === 0 ? 1 : Math.tanh(u) / u),
};

/** The complementary error function, relative error below 1.2e-7: Press et al., Numerical Recipes, section 6.2. */
function erfc(x: number): number {
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const exponent = coefficients.reduceRight((sum, c) => sum * t + c, 0);
  const tail = t * Math.exp(-x * x + exponent);
  return x >= 0 ? tail : 2 - tail;
}
