// Completes the configs of a layer and of a model, so that C++ receives every field. The fields themselves, with types, ranges and
// defaults, are those of config-schema.ts; here are the defaults that depend on other fields, and what fits together.
import { complete } from './field-kinds.js';
import {
  attentionFields,
  blockFields,
  feedForwardFields,
  modelAttentionFields,
  modelFields,
  rotaryFields,
  stackFields,
  t5BiasFields,
  tablePositions,
  widthFields,
} from './config-schema.js';
import { fail } from './errors.js';
import { entriesOf, isArray } from './plain.js';
import type {
  AttentionLayerConfig,
  CompleteAttentionConfig,
  CompleteImageConfig,
  CompleteModelAttentionConfig,
  CompleteModelConfig,
  CompleteStackConfig,
  EncoderConfig,
  ImageConfig,
  ModelAttentionConfig,
  ModelConfig,
  RotaryConfig,
  StackConfig,
  T5BiasConfig,
} from './config-types.js';
import { checkArray, checkInteger, checkKeys, checkObject, describe } from './validation.js';

/** No size of a real model comes near it, and products of two stay exact. */
const largest = 1 << 24;

const keysOf = (...groups: object[]): ReadonlySet<string> =>
  new Set(groups.flatMap((group) => Object.keys(group)));
/** Fields that are no scalars have a name and no entry in the schema. */
const named = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, true]));

const attentionKeys = keysOf(widthFields, attentionFields, named('window'));
/** The model has one dModel, its own. */
const modelAttentionKeys = keysOf(attentionFields, modelAttentionFields, named('window'));
const encoderKeys = keysOf(
  stackFields,
  blockFields,
  feedForwardFields,
  named('rotary', 't5Bias', 'attention'),
);
const modelKeys = new Set([
  ...encoderKeys,
  ...keysOf(widthFields, modelFields, named('image', 'encoder')),
]);

const isFromTable = (positions: string): boolean => tablePositions.includes(positions);

/** Whether a classifier gives each sequence one answer, and not each token. */
export const labelsSequences = ({
  numLabels,
  labelsFor,
}: Pick<CompleteModelConfig, 'numLabels' | 'labelsFor'>): boolean =>
  numLabels > 0 && labelsFor === 'sequence';

/** Most tokens of a sequence. */
export function longestSequence({
  positions,
  maxLen,
}: Pick<CompleteStackConfig, 'positions' | 'maxLen'>): number {
  return isFromTable(positions) ? maxLen : Infinity;
}

/** The config with every default filled in. `name` is how errors call it. */
export function completeAttentionConfig(
  name: string,
  given: AttentionLayerConfig,
): CompleteAttentionConfig {
  const config = checkObject(name, given, attentionKeys);
  const { dModel } = complete(widthFields, name, config);
  const numHeads = attentionFields.numHeads.check(`${name}.numHeads`, config.numHeads);
  if (config.dHead === undefined && dModel % numHeads !== 0) {
    fail(
      'invalid_argument',
      `${name}.numHeads: expected a divisor of dModel ${dModel} (or dHead), got ${numHeads}`,
    );
  }
  return {
    dModel,
    ...complete(attentionFields, name, config, {
      numKvHeads: numHeads,
      dHead: dModel / numHeads,
      outBias: config.bias ?? true,
    }),
    window: checkWindow(`${name}.window`, config.window ?? Infinity),
  };
}

/** The same of a model's layers, which may have a window each. */
function completeModelAttentionConfig(
  name: string,
  given: ModelAttentionConfig,
  dModel: number,
  numLayers: number,
): CompleteModelAttentionConfig {
  const { window, ...config } = checkObject(name, given, modelAttentionKeys);
  const ofLayer = Object.fromEntries(
    Object.entries(config).filter(([key]) => attentionKeys.has(key)),
  ) as Omit<AttentionLayerConfig, 'dModel'>;
  const isOne = window === undefined || typeof window === 'number';
  const layerConfig = completeAttentionConfig(name, {
    ...ofLayer,
    dModel,
    ...(isOne && window !== undefined && { window }),
  });
  return {
    ...layerConfig,
    window: isOne ? layerConfig.window : checkWindows(`${name}.window`, window, numLayers),
    ...complete(modelAttentionFields, name, config),
  };
}

/** The config with every default filled in: those of PyTorch's nn.TransformerEncoderLayer where it has them. */
export function completeModelConfig(given: ModelConfig): CompleteModelConfig {
  const config = checkObject('config', given, modelKeys);
  const { encoder: givenEncoder, ...rest } = config;
  const own = {
    ...rest,
    attention:
      rest.attention && checkObject('config.attention', rest.attention, modelAttentionKeys),
  };
  const stack = completeStackConfig(
    'config',
    givenEncoder === undefined ? own : { ...own, attention: { causal: true, ...own.attention } },
  );
  const encoder = givenEncoder === undefined ? null : completeEncoderConfig(own, givenEncoder);
  const model: CompleteModelConfig = {
    ...stack,
    encoder,
    ...complete(modelFields, 'config', config, {
      shareEmbeddings: stack.vocabSize > 0 && encoder?.vocabSize === stack.vocabSize,
    }),
  };
  checkModel(model);
  return model;
}

/** What must fit together in a model, in addition to what C++ refuses. */
function checkModel(config: CompleteModelConfig): void {
  const { encoder, vocabSize } = config;
  const refuse = (field: string, expected: string): never =>
    fail('invalid_argument', `config.${field}: expected ${expected}`);
  if (config.maskedLmHead && vocabSize === 0)
    refuse('maskedLmHead', 'a vocabSize above 0 to predict from, got 0');
  if (config.shareEmbeddings && (vocabSize === 0 || encoder?.vocabSize !== vocabSize)) {
    refuse(
      'shareEmbeddings',
      `an encoder of the decoder's vocabSize ${vocabSize}, got ${encoder?.vocabSize ?? 'no encoder'}`,
    );
  }
  if (config.numLabels > 0 && config.labelsFor === 'span' && config.numLabels !== 2)
    refuse(
      'numLabels',
      `2 for spans, which have a first and a last token, got ${config.numLabels}`,
    );
  if (config.problemType !== 'single_label_classification' && !labelsSequences(config))
    refuse(
      'problemType',
      `"single_label_classification" unless sequences are labelled, got "${config.problemType}"`,
    );
  if (config.lmHeadBias && !config.lmHead)
    refuse('lmHeadBias', 'a model with lmHead, got one without');
  if (!encoder) return;
  if (Math.max(config.memLength, encoder.memLength) > 0)
    refuse('memLength', '0 in a model with an encoder and a decoder');
  for (const head of ['pooler', 'maskedLmHead'] as const)
    if (config[head]) refuse(head, 'false in a model with an encoder and a decoder');
  if (config.image || config.numLabels > 0)
    refuse(config.image ? 'image' : 'numLabels', 'none in a model with an encoder and a decoder');
}

/** What the encoder leaves out is the decoder's. */
function completeEncoderConfig(decoder: StackConfig, given: EncoderConfig): CompleteStackConfig {
  const encoder = checkObject('config.encoder', given, encoderKeys);
  const attention = checkKeys('config.encoder.attention', encoder.attention, modelAttentionKeys);
  return completeStackConfig('config.encoder', {
    ...decoder,
    ...encoder,
    attention: { ...decoder.attention, causal: false, ...attention },
  });
}

function completeStackConfig(name: string, config: StackConfig): CompleteStackConfig {
  const { dModel } = complete(widthFields, name, config);
  const image = completeImageConfig(config.image);
  const tokens = image ? imageLength(image) : 512;
  const textPositions =
    typeof config.vocabSize === 'number' && config.vocabSize > 0 ? 'sinusoidal' : 'none';
  const stack = complete(stackFields, name, config, {
    maxLen: tokens,
    positions: image ? 'learned' : textPositions,
    padTokenId: -1,
  });
  if (image && stack.vocabSize > 0)
    fail(
      'invalid_argument',
      `config.image: expected no vocabSize beside it, got ${stack.vocabSize}`,
    );
  if (isFromTable(stack.positions)) checkInteger(`${name}.maxLen`, stack.maxLen, 1);
  if (image && stack.maxLen !== tokens) {
    fail(
      'invalid_argument',
      `config.maxLen: expected ${tokens}, the class token and the patches of config.image, got ${stack.maxLen}`,
    );
  }
  if (stack.memLength > 0 && stack.positions !== 'transformer_xl')
    fail(
      'invalid_argument',
      `${name}.memLength: expected 0 unless positions are "transformer_xl", got ${stack.memLength}`,
    );
  const attention = completeModelAttentionConfig(
    `${name}.attention`,
    config.attention,
    dModel,
    stack.numLayers,
  );
  const block = complete(blockFields, name, config);
  const feedForward = complete(feedForwardFields, name, config, { dFf: 4 * dModel });
  if (block.feedForward === 'mlp') checkInteger(`${name}.dFf`, feedForward.dFf, 1);
  return {
    ...stack,
    dModel,
    ...block,
    ...feedForward,
    image,
    rotary: completeRotaryConfig(`${name}.rotary`, config.rotary),
    t5Bias: completeT5BiasConfig(`${name}.t5Bias`, config.t5Bias, attention.causal),
    attention,
  };
}

function completeRotaryConfig(name: string, given: RotaryConfig | undefined) {
  return complete(rotaryFields, name, checkKeys(name, given, keysOf(rotaryFields)));
}

/** C++ says where the buckets leave no room for the logarithm. */
function completeT5BiasConfig(name: string, given: T5BiasConfig | undefined, causal: boolean) {
  return complete(t5BiasFields, name, checkKeys(name, given, keysOf(t5BiasFields)), {
    bidirectional: !causal,
  });
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
