// What a trainer reads: examples padded to a batch, and a batch checked against the model's config.
import { fail } from '../core/errors.js';
import { checkInputs, inputKeys, readIds } from '../core/inputs.js';
import { checkMems } from '../core/mems.js';
import type { NativeTrainingBatch } from '../core/native.js';
import { labelsSequences } from '../core/config.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import { Tensor, type TensorInput } from '../core/tensor.js';
import type { TrainingBatch, TrainingExample } from './types.js';
import { entriesOf, isArray } from '../core/plain.js';
import {
  checkArray,
  checkObject,
  checkShape,
  checkTensor,
  describe,
  sameShape,
  shapeText,
} from '../core/validation.js';

/** The label of a position that is not asked about. */
export const ignored = -100;

const exampleKeys: ReadonlySet<string> = new Set<keyof TrainingExample>([
  'inputIds',
  'labels',
  'attentionMask',
  'tokenTypeIds',
  'decoderInputIds',
  'pixelValues',
]);

const batchKeys: ReadonlySet<string> = new Set<keyof TrainingBatch>([
  ...(inputKeys as ReadonlySet<keyof TrainingBatch>),
  'labels',
  'mems',
]);

export type CheckedBatch = Omit<NativeTrainingBatch, 'disagreement'>;

/** Checks a batch and flattens it: inputs as forward takes them, labels as its logits are. */
export function checkTrainingBatch(
  given: TrainingBatch,
  config: CompleteModelConfig,
): CheckedBatch {
  const { labels, mems, ...rest } = checkObject('batch', given, batchKeys);
  if (labels === undefined)
    fail('invalid_argument', 'labels: expected the right answers of the batch, got none');
  if (rest.start !== undefined)
    fail('invalid_argument', 'start: expected none, as a gradient goes back to the embeddings');
  const inputs = checkInputs(rest, config);
  const { batch, length } = inputs.decoder ?? inputs;
  return {
    ...inputs,
    ...checkLabels(labels, config, batch, length),
    mems: mems === undefined ? null : checkMems(mems, config, batch),
  };
}

/** As the model's head is trained: numbers, or ids below the logits' width, of spans below the length. */
function checkLabels(
  given: TrainingBatch['labels'],
  config: CompleteModelConfig,
  batch: number,
  length: number,
): Pick<CheckedBatch, 'labels' | 'targets'> {
  const { numLabels, labelsFor, problemType, vocabSize } = config;
  if (problemType !== 'single_label_classification')
    return { labels: new Int32Array(), targets: checkTargets(given, config, batch) };
  const ofSpan = numLabels > 0 && labelsFor === 'span';
  const below = ofSpan ? length : numLabels || vocabSize;
  const read = readIds('labels', given, below, ignored);
  const ofSequence = labelsSequences(config);
  const expected = ofSequence ? [batch] : ofSpan ? [batch, 2] : [batch, length];
  const actual = ofSequence && read.batch === 1 ? [read.length] : [read.batch, read.length];
  if (!sameShape(actual, expected))
    fail('shape_mismatch', `labels: expected ${shapeText(expected)}, got ${shapeText(actual)}`);
  return { labels: read.ids, targets: new Float32Array() };
}

/** [B, numLabels] numbers, of one label [B] too; of classes from 0 to 1. */
function checkTargets(
  given: TrainingBatch['labels'],
  { numLabels, problemType }: CompleteModelConfig,
  batch: number,
): Float32Array {
  const dims = [batch, numLabels];
  const { data, dims: own } = isArray(given)
    ? rowsOf(given, numLabels)
    : checkTensor('labels', given);
  if (!sameShape(own, dims) && !(numLabels === 1 && sameShape(own, [batch])))
    fail('shape_mismatch', `labels: expected ${shapeText(dims)}, got ${shapeText(own)}`);
  const most = problemType === 'regression' ? Infinity : 1;
  const least = problemType === 'regression' ? -Infinity : 0;
  data.forEach((value, index) => {
    if (!Number.isFinite(value) || value < least || value > most)
      fail(
        'invalid_argument',
        `labels[${index}]: expected a number${most === 1 ? ' from 0 to 1' : ''}, got ${describe(value)}`,
      );
  });
  return data;
}

function rowsOf(given: readonly unknown[], width: number): { data: Float32Array; dims: number[] } {
  const rows = entriesOf<unknown>('labels', given);
  if (!rows.some((row) => isArray(row)))
    return { data: Float32Array.from(rows, asNumber), dims: [rows.length] };
  const data = rows.flatMap((row, index) => {
    const values = checkArray(
      `labels[${index}]`,
      row as readonly number[],
      `an array of ${width} numbers`,
    );
    if (values.length !== width)
      fail('shape_mismatch', `labels[${index}]: expected ${width} numbers, got ${values.length}`);
    return values;
  });
  return { data: Float32Array.from(data, asNumber), dims: [rows.length, width] };
}

/** What is no number is NaN, and refused as such. */
const asNumber = (value: unknown): number => (typeof value === 'number' ? value : NaN);

/** The pad token of what is read, and of what an encoder–decoder writes. */
export interface PadTokenIds {
  input: number;
  target: number;
}

/** Pads examples of unequal length to a batch: ids with the pad token, masks and types with 0, labels with −100. */
export function collate(
  given: readonly TrainingExample[],
  padTokenIds: PadTokenIds,
  config: CompleteModelConfig,
): TrainingBatch {
  const { numLabels, labelsFor } = config;
  // Labels of a token stand beside it; those of a text, or of the ends of a span, are as many for each example.
  const byToken = numLabels === 0 || labelsFor === 'token';
  const list = checkArray('examples', given, 'an array of at least one');
  if (list.length === 0)
    fail('invalid_argument', 'examples: expected an array of at least one, got none');
  const examples = list.map((example, index) =>
    checkExample(`examples[${index}]`, example, byToken),
  );
  const rows = <K extends keyof TrainingExample>(
    key: K,
  ): Required<TrainingExample>[K][] | undefined => {
    const having = examples.filter((example) => example[key] !== undefined);
    if (having.length === 0) return undefined;
    const lacking = examples.findIndex((example) => example[key] === undefined);
    if (lacking >= 0)
      fail(
        'invalid_argument',
        `examples[${lacking}].${key}: expected one as in the other examples, got none`,
      );
    return having.map((example) => example[key] as Required<TrainingExample>[K]);
  };
  const inputIds = rows('inputIds');
  const decoderInputIds = rows('decoderInputIds');
  const tokenTypeIds = rows('tokenTypeIds');
  const pixelValues = rows('pixelValues');
  const labels = rows('labels') as (readonly number[] | number)[];
  const single = typeof labels[0] === 'number';
  const other = labels.findIndex((label) => (typeof label === 'number') !== single);
  if (other >= 0) {
    fail(
      'invalid_argument',
      `examples[${other}].labels: expected ${single ? 'one number' : 'an array'} as in examples[0], got ${describe(labels[other])}`,
    );
  }
  const attentionMask = examples.some((example) => example.attentionMask !== undefined)
    ? examples.map((example) => example.attentionMask ?? (example.inputIds ?? []).map(() => 1))
    : maskOf(inputIds);
  const decoderAttentionMask = maskOf(decoderInputIds);
  return {
    ...(inputIds && { inputIds: padded(inputIds, padTokenIds.input) }),
    ...(attentionMask && { attentionMask: padded(attentionMask, 0) }),
    ...(tokenTypeIds && { tokenTypeIds: padded(tokenTypeIds, 0) }),
    ...(decoderInputIds && { decoderInputIds: padded(decoderInputIds, padTokenIds.target) }),
    ...(decoderAttentionMask && { decoderAttentionMask: padded(decoderAttentionMask, 0) }),
    ...(pixelValues && { pixelValues: stacked(pixelValues) }),
    labels: single
      ? (labels as number[])
      : byToken
        ? padded(labels as number[][], ignored)
        : (labels as number[][]),
  };
}

function checkExample(name: string, given: TrainingExample, byToken: boolean): TrainingExample {
  const example = checkObject(name, given, exampleKeys);
  for (const key of ['inputIds', 'attentionMask', 'tokenTypeIds', 'decoderInputIds'] as const) {
    if (example[key] !== undefined)
      example[key] = checkArray<number>(`${name}.${key}`, example[key], 'an array of numbers');
  }
  if (isArray(example.labels)) example.labels = entriesOf<number>(`${name}.labels`, example.labels);
  const { inputIds, decoderInputIds, labels } = example;
  const asLongAs = (
    key: 'labels' | 'attentionMask' | 'tokenTypeIds',
    ids: readonly number[] | undefined,
  ): void => {
    const values = example[key];
    if (isArray(values) && ids && values.length !== ids.length) {
      fail(
        'shape_mismatch',
        `${name}.${key}: expected ${ids.length} values, one for each id, got ${values.length}`,
      );
    }
  };
  if (!isArray(labels) && typeof labels !== 'number') {
    fail(
      'invalid_argument',
      `${name}.labels: expected an array of numbers, or one for a classifier, got ${describe(labels)}`,
    );
  }
  if (byToken) asLongAs('labels', decoderInputIds ?? inputIds);
  asLongAs('attentionMask', inputIds);
  asLongAs('tokenTypeIds', inputIds);
  return example;
}

/** 1 for every id, where the rows need padding; else none is needed. */
function maskOf(rows: readonly (readonly number[])[] | undefined): number[][] | undefined {
  return rows?.some((row) => row.length !== rows[0]!.length)
    ? rows.map((row) => row.map(() => 1))
    : undefined;
}

function padded(rows: readonly (readonly number[])[], filler: number): number[][] {
  const length = rows.reduce((longest, row) => Math.max(longest, row.length), 0);
  return rows.map((row) => [...row, ...Array<number>(length - row.length).fill(filler)]);
}

/** [C, height, width] each → [B, C, height, width]. */
function stacked(pictures: readonly TensorInput[]): Tensor {
  const all = pictures.map((picture, index) =>
    checkTensor(`examples[${index}].pixelValues`, picture),
  );
  const dims = all[0]!.dims.slice(-3);
  const data = new Float32Array(all.length * dims.reduce((product, size) => product * size, 1));
  all.forEach((picture, index) => {
    const own = sameShape(picture.dims, [1, ...dims]) ? dims : picture.dims;
    checkShape(`examples[${index}].pixelValues`, own, dims);
    data.set(picture.data, index * picture.data.length);
  });
  return new Tensor(data, [all.length, ...dims]);
}
