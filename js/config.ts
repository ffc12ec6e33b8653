// Fills the defaults of the two configs and checks every field, so that C++ receives them whole.
import { fail } from './errors.js';
import type { NativeAttentionConfig, NativeModelConfig, NativeRotaryConfig, NativeT5BiasConfig } from './native.js';
import type { AttentionLayerConfig, CompleteModelConfig, ModelConfig, RotaryConfig, T5BiasConfig } from './types.js';
import { checkBoolean, checkInteger, checkKeys, checkObject, checkOneOf, checkPositive, describe } from './validation.js';

const attentionKeys: ReadonlySet<string> = new Set<keyof AttentionLayerConfig>([
  'dModel',
  'numHeads',
  'numKvHeads',
  'dHead',
  'bias',
  'outBias',
  'outProjection',
  'fused',
  'sharedHeads',
  'scaleBy',
  'normalisation',
  'maskedValue',
  'causal',
]);
/** The model has one dModel, its own. */
const modelAttentionKeys: ReadonlySet<string> = new Set([...attentionKeys].filter((key) => key !== 'dModel'));
const modelKeys: ReadonlySet<string> = new Set<keyof ModelConfig>([
  'vocabSize',
  'maxLen',
  'typeVocabSize',
  'dModel',
  'numLayers',
  'dFf',
  'positions',
  'positionOffset',
  'padTokenId',
  'rotary',
  't5Bias',
  'embedNorm',
  'normKind',
  'norm',
  'normEps',
  'finalNorm',
  'activation',
  'feedForward',
  'gated',
  'mlpBias',
  'attention',
  'pooler',
  'maskedLmHead',
  'lmHead',
  'tieEmbeddings',
]);

/** Positions that come from a table of maxLen rows; the others know every length. */
const tabulated: ReadonlySet<CompleteModelConfig['positions']> = new Set(['learned', 'sinusoidal', 'rotary']);

/** Most tokens of a sequence. */
export function longestSequence({ positions, maxLen }: Pick<CompleteModelConfig, 'positions' | 'maxLen'>): number {
  return tabulated.has(positions) ? maxLen : Infinity;
}

/** No size of a real model comes near it, and products of two stay exact. */
const largest = 1 << 24;

/** The config with every default filled in. `name` is how errors call it. */
export function completeAttentionConfig(name: string, given: AttentionLayerConfig): NativeAttentionConfig {
  const config = checkObject(name, given, attentionKeys);
  const dModel = checkInteger(`${name}.dModel`, config.dModel, 1, largest);
  const numHeads = checkInteger(`${name}.numHeads`, config.numHeads, 1, largest);
  if (config.dHead === undefined && dModel % numHeads !== 0) {
    fail('invalid_argument', `${name}.numHeads: expected a divisor of dModel ${dModel} (or dHead), got ${numHeads}`);
  }
  const bias = checkBoolean(`${name}.bias`, config.bias ?? true);
  return {
    dModel,
    numHeads,
    numKvHeads: checkInteger(`${name}.numKvHeads`, config.numKvHeads ?? numHeads, 1, largest),
    dHead: checkInteger(`${name}.dHead`, config.dHead ?? dModel / numHeads, 1, largest),
    bias,
    outBias: checkBoolean(`${name}.outBias`, config.outBias ?? bias),
    outProjection: checkBoolean(`${name}.outProjection`, config.outProjection ?? true),
    fused: checkBoolean(`${name}.fused`, config.fused ?? false),
    sharedHeads: checkBoolean(`${name}.sharedHeads`, config.sharedHeads ?? false),
    scaleBy: checkOneOf(`${name}.scaleBy`, config.scaleBy ?? 'd_head', ['d_head', 'd_model', 'none']),
    normalisation: checkOneOf(`${name}.normalisation`, config.normalisation ?? 'softmax', ['softmax', 'none']),
    maskedValue: checkMaskedValue(`${name}.maskedValue`, config.maskedValue ?? -Infinity),
    causal: checkBoolean(`${name}.causal`, config.causal ?? false),
  };
}

/** The config with every default filled in: those of PyTorch's nn.TransformerEncoderLayer where it has them. */
export function completeModelConfig(given: ModelConfig): NativeModelConfig {
  const config = checkObject('config', given, modelKeys);
  const dModel = checkInteger('config.dModel', config.dModel, 1, largest);
  const vocabSize = checkInteger('config.vocabSize', config.vocabSize ?? 0, 0, largest);
  checkObject('config.attention', config.attention, modelAttentionKeys);
  const maskedLmHead = checkBoolean('config.maskedLmHead', config.maskedLmHead ?? false);
  if (maskedLmHead && vocabSize === 0) {
    fail('invalid_argument', 'config.maskedLmHead: expected a vocabSize above 0 to predict from, got 0');
  }
  const positions = checkOneOf('config.positions', config.positions ?? (vocabSize > 0 ? 'sinusoidal' : 'none'), [
    'none',
    'learned',
    'sinusoidal',
    'rotary',
    't5_bias',
    'alibi',
  ]);
  const attention = completeAttentionConfig('config.attention', { ...config.attention, dModel });
  const feedForward = checkOneOf('config.feedForward', config.feedForward ?? 'mlp', ['mlp', 'linear_of_sum']);
  return {
    vocabSize,
    maxLen: checkInteger('config.maxLen', config.maxLen ?? 512, tabulated.has(positions) ? 1 : 0, largest),
    typeVocabSize: checkInteger('config.typeVocabSize', config.typeVocabSize ?? 0, 0, largest),
    dModel,
    numLayers: checkInteger('config.numLayers', config.numLayers, 1, 1024),
    dFf: checkInteger('config.dFf', config.dFf ?? 4 * dModel, feedForward === 'mlp' ? 1 : 0, largest),
    positions,
    positionOffset: checkInteger('config.positionOffset', config.positionOffset ?? 0, 0, largest),
    padTokenId: config.padTokenId === undefined ? -1 : checkInteger('config.padTokenId', config.padTokenId, 0, largest),
    rotary: completeRotaryConfig(config.rotary),
    t5Bias: completeT5BiasConfig(config.t5Bias, attention.causal),
    embedNorm: checkBoolean('config.embedNorm', config.embedNorm ?? false),
    normKind: checkOneOf('config.normKind', config.normKind ?? 'layer', ['layer', 'rms']),
    norm: checkOneOf('config.norm', config.norm ?? 'post', ['post', 'pre']),
    normEps: checkPositive('config.normEps', config.normEps ?? 1e-5),
    finalNorm: checkBoolean('config.finalNorm', config.finalNorm ?? false),
    activation: checkOneOf('config.activation', config.activation ?? 'relu', ['relu', 'gelu', 'gelu_tanh', 'silu']),
    feedForward,
    gated: checkBoolean('config.gated', config.gated ?? false),
    mlpBias: checkBoolean('config.mlpBias', config.mlpBias ?? true),
    attention,
    pooler: checkBoolean('config.pooler', config.pooler ?? false),
    maskedLmHead,
    lmHead: checkBoolean('config.lmHead', config.lmHead ?? false),
    tieEmbeddings: checkBoolean('config.tieEmbeddings', config.tieEmbeddings ?? true),
  };
}

const rotaryDefaults: NativeRotaryConfig = {
  theta: 10000,
  linearFactor: 1,
  llama3Factor: 1,
  lowFrequency: 1,
  highFrequency: 4,
  originalMaxLen: 8192,
};

/** Rotary frequencies with every default filled in. */
export function completeRotaryConfig(given: RotaryConfig | undefined): NativeRotaryConfig {
  const config = checkKeys('config.rotary', given, new Set(Object.keys(rotaryDefaults)));
  const complete = { ...rotaryDefaults };
  for (const key of Object.keys(complete) as (keyof NativeRotaryConfig)[]) {
    complete[key] = checkPositive(`config.rotary.${key}`, config[key] ?? complete[key]);
  }
  return complete;
}

/** T5's buckets; C++ says where they leave no room for the logarithm. */
function completeT5BiasConfig(given: T5BiasConfig | undefined, causal: boolean): NativeT5BiasConfig {
  const config = checkKeys('config.t5Bias', given, new Set(['numBuckets', 'maxDistance', 'bidirectional']));
  return {
    numBuckets: checkInteger('config.t5Bias.numBuckets', config.numBuckets ?? 32, 1, largest),
    maxDistance: checkInteger('config.t5Bias.maxDistance', config.maxDistance ?? 128, 1, largest),
    bidirectional: checkBoolean('config.t5Bias.bidirectional', config.bidirectional ?? !causal),
  };
}

function checkMaskedValue(name: string, value: unknown): number {
  if (typeof value !== 'number' || Number.isNaN(value) || value === Infinity) {
    fail('invalid_argument', `${name}: expected a finite number or −Infinity, got ${describe(value)}`);
  }
  return value;
}
