// Fills the defaults of the two configs and checks every field, so that C++ receives them whole.
import { fail } from './errors.js';
import { entriesOf, isArray } from './plain.js';
import type {
  NativeAttentionConfig,
  NativeModelAttentionConfig,
  NativeModelConfig,
  NativeRotaryConfig,
  NativeStackConfig,
  NativeT5BiasConfig,
} from './native.js';
import type {
  AttentionLayerConfig,
  CompleteImageConfig,
  CompleteStackConfig,
  EncoderConfig,
  ImageConfig,
  ModelAttentionConfig,
  ModelConfig,
  RotaryConfig,
  StackConfig,
  T5BiasConfig,
} from './config-types.js';
import {
  checkArray,
  checkBoolean,
  checkInteger,
  checkKeys,
  checkObject,
  checkOneOf,
  checkPositive,
  describe,
  fitsFloat32,
} from './validation.js';

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
  'window',
]);
/** The model has one dModel, its own. */
const modelAttentionKeys: ReadonlySet<string> = new Set([
  ...[...attentionKeys].filter((key) => key !== 'dModel'),
  'globalTokens',
]);
const encoderKeys: ReadonlySet<string> = new Set<keyof EncoderConfig>([
  'vocabSize',
  'maxLen',
  'typeVocabSize',
  'numLayers',
  'dFf',
  'embedScale',
  'positions',
  'positionOffset',
  'padTokenId',
  'rotary',
  't5Bias',
  'memLength',
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
]);
const modelKeys: ReadonlySet<string> = new Set<keyof ModelConfig>([
  ...(encoderKeys as ReadonlySet<keyof EncoderConfig>),
  'image',
  'dModel',
  'encoder',
  'shareEmbeddings',
  'pooler',
  'maskedLmHead',
  'lmHead',
  'lmHeadBias',
  'numLabels',
  'tieEmbeddings',
]);

/** Positions that come from a table of maxLen rows; the others know every length. */
const tabulated: ReadonlySet<CompleteStackConfig['positions']> = new Set([
  'learned',
  'sinusoidal',
  'sinusoidal_halves',
  'rotary',
]);

/** Most tokens of a sequence. */
export function longestSequence({
  positions,
  maxLen,
}: Pick<CompleteStackConfig, 'positions' | 'maxLen'>): number {
  return tabulated.has(positions) ? maxLen : Infinity;
}

/** No size of a real model comes near it, and products of two stay exact. */
const largest = 1 << 24;

/** The config with every default filled in. `name` is how errors call it. */
export function completeAttentionConfig(
  name: string,
  given: AttentionLayerConfig,
): NativeAttentionConfig {
  const config = checkObject(name, given, attentionKeys);
  const dModel = checkInteger(`${name}.dModel`, config.dModel, 1, largest);
  const numHeads = checkInteger(`${name}.numHeads`, config.numHeads, 1, largest);
  if (config.dHead === undefined && dModel % numHeads !== 0) {
    fail(
      'invalid_argument',
      `${name}.numHeads: expected a divisor of dModel ${dModel} (or dHead), got ${numHeads}`,
    );
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
    scaleBy: checkOneOf(`${name}.scaleBy`, config.scaleBy ?? 'd_head', [
      'd_head',
      'd_model',
      'none',
    ]),
    normalisation: checkOneOf(`${name}.normalisation`, config.normalisation ?? 'softmax', [
      'softmax',
      'none',
    ]),
    maskedValue: checkMaskedValue(`${name}.maskedValue`, config.maskedValue ?? -Infinity),
    causal: checkBoolean(`${name}.causal`, config.causal ?? false),
    window: checkWindow(`${name}.window`, config.window ?? Infinity),
  };
}

/** The same of a model's layers, which may have a window each. */
function completeModelAttentionConfig(
  name: string,
  given: ModelAttentionConfig,
  dModel: number,
  numLayers: number,
): NativeModelAttentionConfig {
  const { window, globalTokens = false, ...layer } = checkObject(name, given, modelAttentionKeys);
  const complete = completeAttentionConfig(name, {
    ...layer,
    dModel,
    ...(typeof window === 'number' && { window }),
  });
  return {
    ...complete,
    window:
      window === undefined || typeof window === 'number'
        ? complete.window
        : checkWindows(`${name}.window`, window, numLayers),
    globalTokens: checkBoolean(`${name}.globalTokens`, globalTokens),
  };
}

/** The config with every default filled in: those of PyTorch's nn.TransformerEncoderLayer where it has them. */
export function completeModelConfig(given: ModelConfig): NativeModelConfig {
  const config = checkObject('config', given, modelKeys);
  const { encoder, ...rest } = config;
  const own = {
    ...rest,
    attention:
      rest.attention && checkObject('config.attention', rest.attention, modelAttentionKeys),
  };
  const stack = completeStackConfig(
    'config',
    encoder === undefined ? own : { ...own, attention: { causal: true, ...own.attention } },
  );
  const { vocabSize } = stack;
  const flag = (
    name: 'pooler' | 'maskedLmHead' | 'lmHead' | 'lmHeadBias' | 'shareEmbeddings',
    otherwise = false,
  ): boolean => checkBoolean(`config.${name}`, config[name] ?? otherwise);
  const refuse = (field: string, expected: string): never =>
    fail('invalid_argument', `config.${field}: expected ${expected}`);
  const maskedLmHead = flag('maskedLmHead');
  if (maskedLmHead && vocabSize === 0)
    refuse('maskedLmHead', 'a vocabSize above 0 to predict from, got 0');
  const completeEncoder = encoder === undefined ? null : completeEncoderConfig(own, encoder);
  const shareEmbeddings = flag(
    'shareEmbeddings',
    completeEncoder !== null && vocabSize > 0 && completeEncoder.vocabSize === vocabSize,
  );
  if (shareEmbeddings && (vocabSize === 0 || completeEncoder?.vocabSize !== vocabSize)) {
    refuse(
      'shareEmbeddings',
      `an encoder of the decoder's vocabSize ${vocabSize}, got ${completeEncoder?.vocabSize ?? 'no encoder'}`,
    );
  }
  if (completeEncoder && Math.max(stack.memLength, completeEncoder.memLength) > 0)
    refuse('memLength', '0 in a model with an encoder and a decoder');
  const pooler = flag('pooler');
  const numLabels = checkInteger('config.numLabels', config.numLabels ?? 0, 0, largest);
  if (completeEncoder) {
    if (pooler || maskedLmHead)
      refuse(pooler ? 'pooler' : 'maskedLmHead', 'false in a model with an encoder and a decoder');
    if (stack.image || numLabels > 0)
      refuse(stack.image ? 'image' : 'numLabels', 'none in a model with an encoder and a decoder');
  }
  const lmHead = flag('lmHead');
  const lmHeadBias = flag('lmHeadBias');
  if (lmHeadBias && !lmHead) refuse('lmHeadBias', 'a model with lmHead, got one without');
  return {
    ...stack,
    encoder: completeEncoder,
    shareEmbeddings,
    pooler,
    maskedLmHead,
    lmHead,
    lmHeadBias,
    numLabels,
    tieEmbeddings: checkBoolean('config.tieEmbeddings', config.tieEmbeddings ?? true),
  };
}

/** What the encoder leaves out is the decoder's. */
function completeEncoderConfig(decoder: StackConfig, given: EncoderConfig): NativeStackConfig {
  const encoder = checkObject('config.encoder', given, encoderKeys);
  const attention = checkKeys('config.encoder.attention', encoder.attention, modelAttentionKeys);
  return completeStackConfig('config.encoder', {
    ...decoder,
    ...encoder,
    attention: { ...decoder.attention, causal: false, ...attention },
  });
}

function completeStackConfig(name: string, config: StackConfig): NativeStackConfig {
  const dModel = checkInteger(`${name}.dModel`, config.dModel, 1, largest);
  const vocabSize = checkInteger(`${name}.vocabSize`, config.vocabSize ?? 0, 0, largest);
  const numLayers = checkInteger(`${name}.numLayers`, config.numLayers, 1, 1024);
  const image = completeImageConfig(config.image);
  if (image && vocabSize > 0)
    fail('invalid_argument', `config.image: expected no vocabSize beside it, got ${vocabSize}`);
  const usual = image ? 'learned' : vocabSize > 0 ? 'sinusoidal' : 'none';
  const positions = checkOneOf(`${name}.positions`, config.positions ?? usual, [
    'none',
    'learned',
    'sinusoidal',
    'sinusoidal_halves',
    'rotary',
    't5_bias',
    'alibi',
    'transformer_xl',
  ]);
  const tokens = image ? imageLength(image) : 512;
  const maxLen = checkInteger(
    `${name}.maxLen`,
    config.maxLen ?? tokens,
    tabulated.has(positions) ? 1 : 0,
    largest,
  );
  if (image && maxLen !== tokens) {
    fail(
      'invalid_argument',
      `config.maxLen: expected ${tokens}, the class token and the patches of config.image, got ${maxLen}`,
    );
  }
  const attention = completeModelAttentionConfig(
    `${name}.attention`,
    config.attention,
    dModel,
    numLayers,
  );
  const feedForward = checkOneOf(`${name}.feedForward`, config.feedForward ?? 'mlp', [
    'mlp',
    'linear_of_sum',
  ]);
  return {
    vocabSize,
    image,
    maxLen,
    typeVocabSize: checkInteger(`${name}.typeVocabSize`, config.typeVocabSize ?? 0, 0, largest),
    dModel,
    numLayers,
    dFf: checkInteger(
      `${name}.dFf`,
      config.dFf ?? 4 * dModel,
      feedForward === 'mlp' ? 1 : 0,
      largest,
    ),
    embedScale: checkPositive(`${name}.embedScale`, config.embedScale ?? 1),
    positions,
    positionOffset: checkInteger(`${name}.positionOffset`, config.positionOffset ?? 0, 0, largest),
    padTokenId:
      config.padTokenId === undefined
        ? -1
        : checkInteger(`${name}.padTokenId`, config.padTokenId, 0, largest),
    rotary: completeRotaryConfig(`${name}.rotary`, config.rotary),
    t5Bias: completeT5BiasConfig(`${name}.t5Bias`, config.t5Bias, attention.causal),
    memLength: checkMemLength(`${name}.memLength`, config.memLength ?? 0, positions),
    embedNorm: checkBoolean(`${name}.embedNorm`, config.embedNorm ?? false),
    normKind: checkOneOf(`${name}.normKind`, config.normKind ?? 'layer', ['layer', 'rms']),
    norm: checkOneOf(`${name}.norm`, config.norm ?? 'post', ['post', 'pre']),
    normEps: checkPositive(`${name}.normEps`, config.normEps ?? 1e-5),
    finalNorm: checkBoolean(`${name}.finalNorm`, config.finalNorm ?? false),
    activation: checkOneOf(`${name}.activation`, config.activation ?? 'relu', [
      'relu',
      'gelu',
      'gelu_tanh',
      'silu',
    ]),
    feedForward,
    gated: checkBoolean(`${name}.gated`, config.gated ?? false),
    mlpBias: checkBoolean(`${name}.mlpBias`, config.mlpBias ?? true),
    attention,
  };
}

const imageKeys: ReadonlySet<string> = new Set<keyof ImageConfig>([
  'size',
  'channels',
  'patchSize',
]);

function completeImageConfig(given: ImageConfig | null | undefined): CompleteImageConfig | null {
  if (given === undefined || given === null) return null;
  const config = checkObject('config.image', given, imageKeys);
  const size = checkSides('config.image.size', config.size);
  const patchSize = checkSides('config.image.patchSize', config.patchSize);
  patchSize.forEach((pixels, axis) => {
    if (pixels > size[axis]!)
      fail(
        'invalid_argument',
        `config.image.patchSize: expected at most the size ${size.join(' × ')}, got ${patchSize.join(' × ')}`,
      );
  });
  return {
    size,
    channels: checkInteger('config.image.channels', config.channels ?? 3, 1, 1 << 12),
    patchSize,
  };
}

/** One size for both sides, or [height, width]. */
function checkSides(name: string, value: unknown): readonly [number, number] {
  const sides: unknown[] = isArray(value) ? entriesOf(name, value) : [value, value];
  if (sides.length !== 2)
    fail('invalid_argument', `${name}: expected a size or [height, width], got ${describe(value)}`);
  const [height, width] = sides.map((side) => checkInteger(name, side, 1, 1 << 15));
  return [height!, width!];
}

/** T: the class token and the patches; pixels that do not fill a patch are in none. */
export function imageLength({ size, patchSize }: CompleteImageConfig): number {
  return 1 + Math.floor(size[0] / patchSize[0]) * Math.floor(size[1] / patchSize[1]);
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
function completeRotaryConfig(name: string, given: RotaryConfig | undefined): NativeRotaryConfig {
  const config = checkKeys(name, given, new Set(Object.keys(rotaryDefaults)));
  const complete = { ...rotaryDefaults };
  for (const key of Object.keys(complete) as (keyof NativeRotaryConfig)[]) {
    complete[key] = checkPositive(`${name}.${key}`, config[key] ?? complete[key]);
  }
  return complete;
}

/** T5's buckets; C++ says where they leave no room for the logarithm. */
function completeT5BiasConfig(
  name: string,
  given: T5BiasConfig | undefined,
  causal: boolean,
): NativeT5BiasConfig {
  const config = checkKeys(name, given, new Set(['numBuckets', 'maxDistance', 'bidirectional']));
  return {
    numBuckets: checkInteger(`${name}.numBuckets`, config.numBuckets ?? 32, 1, largest),
    maxDistance: checkInteger(`${name}.maxDistance`, config.maxDistance ?? 128, 1, largest),
    bidirectional: checkBoolean(`${name}.bidirectional`, config.bidirectional ?? !causal),
  };
}

function checkMemLength(name: string, value: unknown, positions: StackConfig['positions']): number {
  const length = checkInteger(name, value, 0, largest);
  if (length > 0 && positions !== 'transformer_xl')
    fail(
      'invalid_argument',
      `${name}: expected 0 unless positions are "transformer_xl", got ${length}`,
    );
  return length;
}

/** Keys either side, or Infinity. */
function checkWindow(name: string, value: unknown): number {
  return value === Infinity ? value : checkInteger(name, value, 0, largest);
}

function checkWindows(
  name: string,
  given: readonly number[],
  numLayers: number,
): readonly number[] {
  const windows = checkArray(name, given, 'a number, or an array of one for each layer');
  if (windows.length !== numLayers) {
    fail(
      'invalid_argument',
      `${name}: expected one for each of the ${numLayers} layers, got ${windows.length}`,
    );
  }
  return windows.map((window, layer) => checkWindow(`${name}[${layer}]`, window));
}

function checkMaskedValue(name: string, value: unknown): number {
  if (typeof value !== 'number' || (value !== -Infinity && !fitsFloat32(value))) {
    fail(
      'invalid_argument',
      `${name}: expected a number that float32 can hold or −Infinity, got ${describe(value)}`,
    );
  }
  return value;
}
