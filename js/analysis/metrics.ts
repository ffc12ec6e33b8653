// One number from the outputs of a run: what a sweep watches while it edits. Knows no model.
import { callNow } from '../core/callbacks.js';
import { labelsSequences } from '../core/config.js';
import { fail } from '../core/errors.js';
import { reading } from '../core/plain.js';
import type { Batch } from '../core/inputs.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import type { ModelOutput } from '../core/forward-types.js';
import type { Tensor } from '../core/tensor.js';
import { checkArray, checkInteger, checkObject, checkOneOf, describe } from '../core/validation.js';

/** One number for all sequences of a batch, or one for each. */
export type PerSequence = number | readonly number[];

/**
 * What is measured; of a batch its mean over the sequences. `position` is a token's place: by default the last token that is
 * no padding where the model is causal (it must be given for others), and every token for `norm` and `change`. Of an
 * encoder–decoder tokens and places are the decoder's; the logits of a classifier of sequences are its classes', and have no place.
 *
 * - `logit_difference`: the logit of `token` minus that of `other`
 * - `probability`: of `token`, by the softmax of the logits
 * - `norm`: ‖output‖, the square root of the sum of squares; `of` says which output, the last hidden state by default
 * - `change`: ‖output − output without an edit‖
 *
 * Or a function of the output, outside a worker.
 */
export type Metric =
  | { kind: 'logit_difference'; token: PerSequence; other: PerSequence; position?: PerSequence }
  | { kind: 'probability'; token: PerSequence; position?: PerSequence }
  | { kind: 'norm'; of?: 'lastHiddenState' | 'logits'; position?: PerSequence }
  | { kind: 'change'; of?: 'lastHiddenState' | 'logits'; position?: PerSequence }
  | ((output: ModelOutput) => number);

/** @internal A metric made ready: of a run and, to compare with, the run without an edit. */
export type Measure = (output: ModelOutput, before: ModelOutput) => number;

/** @internal */
export interface MeasuredInputs extends Batch {
  attentionMask: Uint8Array | null; // [B·T]
}

const kinds = ['logit_difference', 'probability', 'norm', 'change'] as const;
const keys: Record<(typeof kinds)[number], readonly string[]> = {
  logit_difference: ['token', 'other', 'position'],
  probability: ['token', 'position'],
  norm: ['of', 'position'],
  change: ['of', 'position'],
};

/** @internal Checks a metric against the model and its inputs. */
export function readMetric(
  given: Metric,
  config: CompleteModelConfig,
  inputs: MeasuredInputs,
): Measure {
  if (typeof given === 'function') return (output) => checkNumber(callNow('metric', given, output));
  const kind = checkOneOf(
    'metric.kind',
    reading('metric', () => (given as { kind?: unknown } | null | undefined)?.kind),
    kinds,
  );
  const metric = checkObject('metric', given, new Set(['kind', ...keys[kind]]));
  const { batch, length } = inputs;
  const { numLabels } = config;
  const hasLogits = config.lmHead || config.maskedLmHead || numLabels > 0;
  const ofSequence = labelsSequences(config);
  const each = (name: string, given: PerSequence, end: number): readonly number[] => {
    const expected = `a number, or ${batch} for the batch`;
    const values =
      typeof given === 'number'
        ? new Array<number>(batch).fill(given)
        : checkArray<number>(`metric.${name}`, given, expected);
    if (values.length !== batch)
      fail('invalid_argument', `metric.${name}: expected ${expected}, got ${values.length}`);
    values.forEach((value) => checkInteger(`metric.${name}`, value, 0, end - 1));
    return values;
  };
  const mean = (of: (sequence: number) => number): number => {
    let total = 0;
    for (let b = 0; b < batch; ++b) total += of(b);
    return total / batch;
  };

  if (metric.kind === 'norm' || metric.kind === 'change') {
    const of = checkOneOf('metric.of', metric.of ?? 'lastHiddenState', [
      'lastHiddenState',
      'logits',
    ]);
    if (of === 'logits' && !hasLogits)
      fail('invalid_argument', 'metric.of: this model makes no logits');
    const ofClasses = of === 'logits' && ofSequence;
    const rows = ofClasses ? 1 : length;
    const positions =
      metric.position === undefined ? undefined : each('position', metric.position, rows);
    const isCounted = (b: number, t: number): boolean =>
      positions ? positions[b] === t : ofClasses || inputs.attentionMask?.[b * length + t] !== 0;
    const squares = (output: Tensor, before: Tensor | undefined, b: number): number => {
      let sum = 0;
      for (let t = 0; t < rows; ++t) {
        if (!isCounted(b, t)) continue;
        const row = rowOf(output, b, t);
        const other = before && rowOf(before, b, t);
        row.forEach((x, i) => (sum += (x - (other?.[i] ?? 0)) ** 2));
      }
      return sum;
    };
    const isChange = metric.kind === 'change';
    return (output, before) =>
      mean((b) => Math.sqrt(squares(output[of]!, isChange ? before[of] : undefined, b)));
  }

  if (!hasLogits)
    fail(
      'invalid_argument',
      'metric: expected a model that makes logits (lmHead, maskedLmHead or numLabels)',
    );
  if (metric.position === undefined && !config.attention.causal && !ofSequence) {
    fail(
      'invalid_argument',
      'metric.position: expected the place of the token to predict, as this model is not causal',
    );
  }
  if (metric.position !== undefined && ofSequence) {
    fail(
      'invalid_argument',
      `metric.position: expected none, as a class is of the whole input, got ${describe(metric.position)}`,
    );
  }
  const usual = ofSequence ? new Array<number>(batch).fill(0) : lastTokens(inputs);
  const positions =
    metric.position === undefined ? usual : each('position', metric.position, length);
  const choices = numLabels || config.vocabSize;
  const tokens = each('token', metric.token, choices);
  if (metric.kind === 'probability')
    return ({ logits }) => mean((b) => probability(rowOf(logits!, b, positions[b]!), tokens[b]!));
  const others = each('other', metric.other, choices);
  return ({ logits }) =>
    mean((b) => {
      const row = rowOf(logits!, b, positions[b]!);
      return row[tokens[b]!]! - row[others[b]!]!;
    });
}

/** The place of the last token of each sequence that is no padding. */
function lastTokens({ batch, length, attentionMask }: MeasuredInputs): number[] {
  return Array.from({ length: batch }, (_, b) => {
    const mask = attentionMask?.subarray(b * length, (b + 1) * length);
    return mask ? Math.max(mask.lastIndexOf(1), 0) : length - 1;
  });
}

/** Row (b, t) of a tensor [B, T, width], or (b, 0) of [B, width]. */
function rowOf({ data, dims }: Tensor, b: number, t: number): Float32Array {
  const width = dims.at(-1)!;
  const start = (b * (dims.length === 2 ? 1 : dims[1]!) + t) * width;
  return data.subarray(start, start + width);
}

function probability(logits: Float32Array, token: number): number {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  return (
    Math.exp(logits[token]! - largest) / logits.reduce((sum, x) => sum + Math.exp(x - largest), 0)
  );
}

function checkNumber(value: unknown): number {
  if (typeof value !== 'number')
    fail('invalid_argument', `metric: expected a number of every output, got ${describe(value)}`);
  return value;
}
