// The inputs of a model's forward pass: token ids in any of their three forms, embeddings, pictures, padding and token types.
import { imageLength, labelsSequences, longestSequence } from './config.js';
import { fail } from './errors.js';
import { entriesOf, isArray, mostEntries, plainNumbers } from './plain.js';
import type { NativeForwardInputs, NativeStackInputs } from './native.js';
import type { CompleteModelConfig, CompleteStackConfig } from './config-types.js';
import type { ForwardInputs } from './forward-types.js';
import type { TensorInput, TokenIds } from './tensor.js';
import {
  checkInteger,
  checkIntegerTensor,
  checkObject,
  checkTensor,
  describe,
  sameShape,
  shapeText,
} from './validation.js';

const stackKeys = [
  'inputIds',
  'inputsEmbeds',
  'pixelValues',
  'start',
  'attentionMask',
  'globalAttentionMask',
  'tokenTypeIds',
] as const;
const decoderKeys = ['decoderInputIds', 'decoderInputsEmbeds', 'decoderAttentionMask'] as const;
export const inputKeys: ReadonlySet<string> = new Set<keyof ForwardInputs>([
  ...stackKeys,
  ...decoderKeys,
]);
const startKeys: ReadonlySet<string> = new Set(['layer', 'resid']);

export interface Batch {
  batch: number;
  length: number;
}

/** Checks the inputs against the config and flattens them to [B·T]. */
export function checkInputs(
  given: ForwardInputs,
  config: CompleteModelConfig,
): NativeForwardInputs {
  const inputs = checkObject('inputs', given, inputKeys);
  if (config.encoder === null) {
    const misplaced = decoderKeys.find((key) => inputs[key] !== undefined);
    if (misplaced !== undefined)
      fail(
        'invalid_argument',
        `${misplaced}: this model has no encoder, and one stack that reads inputIds`,
      );
    const stack = readStack(inputs, config, (key) => key);
    return { ...stack, globalAttentionMask: globalMaskOf(stack, config), decoder: null };
  }
  if (inputs.start !== undefined)
    fail('invalid_argument', 'start: expected none, as this model has an encoder and a decoder');
  const encoder = readStack(inputs, config.encoder, (key) => key);
  const {
    decoderInputIds: inputIds,
    decoderInputsEmbeds: inputsEmbeds,
    decoderAttentionMask: attentionMask,
  } = inputs;
  const decoder = readStack(
    { inputIds, inputsEmbeds, attentionMask },
    config,
    (key) => `decoder${key[0]!.toUpperCase()}${key.slice(1)}`,
  );
  if (decoder.batch !== encoder.batch) {
    fail(
      'shape_mismatch',
      `decoderInputIds: expected a batch of ${encoder.batch} as the encoder's, got ${decoder.batch}`,
    );
  }
  return { ...encoder, decoder };
}

/** As Transformers' LongformerForSequenceClassification: unless the caller says otherwise, the token that is classified is global. */
function globalMaskOf(
  { batch, length, globalAttentionMask: given }: NativeStackInputs,
  config: CompleteModelConfig,
): Uint8Array | null {
  if (given || !config.attention.globalTokens || !labelsSequences(config)) return given;
  return Uint8Array.from({ length: batch * length }, (_, index) => Number(index % length === 0));
}

/** What one stack reads. */
interface StackInputs {
  inputIds?: TokenIds | undefined;
  inputsEmbeds?: TensorInput | undefined;
  pixelValues?: TensorInput | undefined;
  start?: ForwardInputs['start'] | undefined;
  attentionMask?: TokenIds | undefined;
  globalAttentionMask?: TokenIds | undefined;
  tokenTypeIds?: TokenIds | undefined;
}

/** Gives the names that errors say. */
type Named = (key: (typeof stackKeys)[number] | 'inputs') => string;

function readStack(
  given: StackInputs,
  config: CompleteStackConfig,
  named: Named,
): NativeStackInputs {
  const { attentionMask, globalAttentionMask, tokenTypeIds } = given;
  const content = readContent(given, config, named);
  const shape: Batch = content;
  const { batch, length } = shape;
  if (batch < 1 || length < 1) {
    fail(
      'invalid_argument',
      `${named('inputs')}: expected at least one sequence of one token, got ${shapeText([batch, length])}`,
    );
  }
  if (length > longestSequence(config)) {
    fail(
      'invalid_argument',
      `${named('inputs')}: expected at most maxLen ${config.maxLen} tokens, got ${length}`,
    );
  }
  if (tokenTypeIds !== undefined && config.typeVocabSize === 0) {
    fail('invalid_argument', 'tokenTypeIds: this model has no token types (typeVocabSize 0)');
  }
  const like = (
    key: (typeof stackKeys)[number],
    ids: TokenIds | undefined,
    below: number,
  ): Int32Array | null => (ids === undefined ? null : readLike(named(key), ids, below, shape));
  if (globalAttentionMask !== undefined && !config.attention.globalTokens) {
    fail(
      'invalid_argument',
      'globalAttentionMask: this model has no global tokens (attention.globalTokens false)',
    );
  }
  const mask = like('attentionMask', attentionMask, 2);
  const globalMask = like('globalAttentionMask', globalAttentionMask, 2);
  return {
    inputIds: null,
    inputsEmbeds: null,
    pixelValues: null,
    start: null,
    ...content,
    attentionMask: mask && Uint8Array.from(mask),
    globalAttentionMask: globalMask && Uint8Array.from(globalMask),
    tokenTypeIds: like('tokenTypeIds', tokenTypeIds, config.typeVocabSize),
  };
}

/** What takes the tokens' place in the sum of embeddings, or that of the whole sum: exactly one of the four. */
function readContent(
  given: StackInputs,
  config: CompleteStackConfig,
  named: Named,
): Batch & Partial<NativeStackInputs> {
  const { inputIds, inputsEmbeds, pixelValues, start } = given;
  const usual = config.image ? 'pixelValues' : 'inputIds';
  const found = (['inputIds', 'inputsEmbeds', 'pixelValues', 'start'] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (found.length !== 1) {
    const got = found.map(named).join(' and ') || 'neither';
    fail(
      'invalid_argument',
      `inputs: expected either ${named(usual)} or ${named('inputsEmbeds')}, got ${got}`,
    );
  }
  if (start !== undefined) {
    const { layer, resid } = checkObject('start', start, startKeys);
    if (given.tokenTypeIds !== undefined)
      fail('invalid_argument', 'tokenTypeIds: expected none with start, which comes after them');
    checkInteger('start.layer', layer, 0, config.numLayers);
    const { data, ...shape } = readVectors('start.resid', resid, config.dModel);
    return { ...shape, start: { layer, resid: data } };
  }
  if (pixelValues !== undefined) return readPixels(pixelValues, config);
  if (inputIds !== undefined) {
    if (config.vocabSize === 0) {
      const instead = named(config.image ? 'pixelValues' : 'inputsEmbeds');
      fail(
        'invalid_argument',
        `${named('inputIds')}: this model has no embedding (vocabSize 0); pass ${instead}`,
      );
    }
    const { ids, batch, length } = readIds(named('inputIds'), inputIds, config.vocabSize);
    return { batch, length, inputIds: ids };
  }
  const width = config.dEmbed || config.dModel;
  const { data, ...shape } = readVectors(named('inputsEmbeds'), inputsEmbeds, width);
  return { ...shape, inputsEmbeds: data };
}

/** [B, T, D] */
function readVectors(
  name: string,
  given: TensorInput | undefined,
  width: number,
): Batch & { data: Float32Array } {
  const { data, dims } = checkTensor(name, given);
  if (dims.length !== 3 || dims[2] !== width)
    fail('shape_mismatch', `${name}: expected [B, T, ${width}], got ${shapeText(dims)}`);
  return { batch: dims[0]!, length: dims[1]!, data };
}

/** [B, C, height, width], or one picture without B. Its patches, and the class token, are the tokens. */
function readPixels(
  given: TensorInput,
  { image }: CompleteStackConfig,
): Batch & Partial<NativeStackInputs> {
  if (!image)
    fail(
      'invalid_argument',
      'pixelValues: this model reads no pictures; pass inputIds or inputsEmbeds',
    );
  const { data, dims } = checkTensor('pixelValues', given);
  const expected = [image.channels, ...image.size];
  if ((dims.length !== 3 && dims.length !== 4) || !sameShape(dims.slice(-3), expected)) {
    fail(
      'shape_mismatch',
      `pixelValues: expected [B, ${expected.join(', ')}], got ${shapeText(dims)}; model.preprocess resizes pictures`,
    );
  }
  return { batch: dims.length === 4 ? dims[0]! : 1, length: imageLength(image), pixelValues: data };
}

/** As readIds, of the shape expected. */
export function readLike(
  name: string,
  given: TokenIds,
  below: number,
  expected: Batch,
): Int32Array {
  const { ids, batch, length } = readIds(name, given, below);
  if (batch !== expected.batch || length !== expected.length) {
    const wanted = shapeText([expected.batch, expected.length]);
    fail('shape_mismatch', `${name}: expected ${wanted}, got ${shapeText([batch, length])}`);
  }
  return ids;
}

/** number[], number[][] of equal lengths, or an integer tensor [T] or [B, T]; every value from 0 to below − 1, or `other`. */
export function readIds(
  name: string,
  given: TokenIds,
  below: number,
  other?: number,
): Batch & { ids: Int32Array } {
  if (!isArray(given)) return readTensor(name, given, below, other);
  const rows: readonly unknown[] = entriesOf<unknown>(name, given);
  if (!isArray(rows[0]) && !plainNumbers(rows[0])) {
    const ids = new Int32Array(rows.length);
    copyIds(name, rows, below, other, ids, 0);
    return { ids, batch: 1, length: rows.length };
  }
  const length = idsOf(`${name}[0]`, rows[0]).length;
  if (rows.length * length > mostEntries)
    fail(
      'invalid_argument',
      `${name}: expected at most ${mostEntries} ids, got ${rows.length} × ${length}`,
    );
  const ids = new Int32Array(rows.length * length);
  rows.forEach((row, index) => {
    const own = idsOf(`${name}[${index}]`, row);
    if (own.length !== length) {
      fail(
        'shape_mismatch',
        `${name}[${index}]: expected ${length} ids as in ${name}[0], got ${own.length}; ` +
          'pad the shorter sequences and mark the padding with 0 in attentionMask',
      );
    }
    copyIds(`${name}[${index}]`, own, below, other, ids, index * length);
  });
  return { ids, batch: rows.length, length };
}

/** One row of ids: an array, or a typed one. */
function idsOf(name: string, row: unknown): ArrayLike<unknown> {
  if (isArray(row)) return entriesOf<unknown>(name, row);
  return (
    plainNumbers(row) ??
    fail('invalid_argument', `${name}: expected an array of ids, got ${describe(row)}`)
  );
}

function readTensor(
  name: string,
  given: TokenIds,
  below: number,
  other: number | undefined,
): Batch & { ids: Int32Array } {
  const { data, dims } = checkIntegerTensor(name, given);
  if (dims.length !== 1 && dims.length !== 2) {
    fail('shape_mismatch', `${name}: expected [T] or [B, T], got ${shapeText(dims)}`);
  }
  for (let index = 0; index < data.length; ++index)
    checkId(`${name}.data`, index, data[index], below, other);
  return { ids: data, batch: dims.length === 2 ? dims[0]! : 1, length: dims.at(-1)! };
}

function copyIds(
  name: string,
  from: ArrayLike<unknown>,
  below: number,
  other: number | undefined,
  to: Int32Array,
  at: number,
): void {
  for (let index = 0; index < from.length; ++index) {
    const id = from[index];
    checkId(name, index, id, below, other);
    to[at + index] = Number(id);
  }
}

function checkId(
  name: string,
  index: number,
  given: unknown,
  below: number,
  other: number | undefined,
): void {
  const id = typeof given === 'bigint' ? Number(given) : given;
  if (typeof id !== 'number' || (id | 0) !== id || ((id < 0 || id >= below) && id !== other)) {
    const range = `from 0 to ${below - 1}${other === undefined ? '' : `, or ${other}`}`;
    fail(
      'invalid_argument',
      `${name}[${index}]: expected an integer ${range}, got ${describe(given)}`,
    );
  }
}
