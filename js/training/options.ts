// What a caller gives a trainer: its options with every default filled in, its examples, and a snapshot of its model's parameters.
import { fail } from '../core/errors.js';
import type { NativeTrainerOptions } from '../core/native.js';
import type { SeededRandom } from '../core/random.js';
import type { Tensor } from '../core/tensor.js';
import type { Snapshot, TrainerOptions, TrainingExample } from './types.js';
import {
  checkArray,
  checkFinite,
  checkInteger,
  checkNoNaN,
  checkObject,
  checkPositive,
  checkShape,
  checkTensorView,
  describe,
  isMap,
  namedEntries,
} from '../core/validation.js';

const optionKeys: ReadonlySet<string> = new Set<keyof TrainerOptions>([
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'clipNorm',
  'warmupSteps',
  'totalSteps',
  'disagreement',
  'interventions',
  'examples',
  'batchSize',
  'seed',
]);
/** Steps are counted in 31 bits; so many are left to go on from a snapshot. */
const mostSteps = 1 << 30;
const snapshotKeys: ReadonlySet<string> = new Set<keyof Snapshot>([
  'step',
  'parameters',
  'firstMoments',
  'secondMoments',
  'random',
]);

export const checkOptions = (given: TrainerOptions): TrainerOptions =>
  checkObject('options', given, optionKeys);

/** From a list every example is drawn with the same probability, again and again. */
export function checkExamples(
  examples: TrainerOptions['examples'],
): ((random: SeededRandom) => TrainingExample) | undefined {
  if (examples === undefined || typeof examples === 'function') return examples;
  const expected = 'a function that makes an example, or an array of at least one';
  const list = checkArray<TrainingExample>('examples', examples, expected);
  if (list.length === 0)
    fail('invalid_argument', `examples: expected ${expected}, got an array of 0`);
  return (random) => random.pick(list);
}

export const checkRate = (lr: unknown): number => checkFactor('lr', lr);

/** AdamW multiplies by it, in float32. */
function checkFactor(name: string, value: unknown): number {
  const factor = checkFinite(name, value);
  if (factor < 0) fail('invalid_argument', `${name}: expected at least 0, got ${factor}`);
  return factor;
}

export function completeOptions(options: TrainerOptions): NativeTrainerOptions {
  const { clipNorm = 1, weightDecay = 0.01 } = options;
  const betas = checkArray<number>('betas', options.betas ?? [0.9, 0.999], 'two numbers');
  if (betas.length !== 2)
    fail('invalid_argument', `betas: expected two numbers, got ${betas.length}`);
  const [beta1, beta2] = betas.map((beta, index) => {
    // Of a β that float32 takes for 1, 1 − β would be 0.
    if (checkFinite(`betas[${index}]`, beta) < 0 || Math.fround(beta) >= 1)
      fail('invalid_argument', `betas[${index}]: expected from 0 to below 1, got ${beta}`);
    return beta;
  }) as [number, number];
  const warmupSteps = checkInteger('warmupSteps', options.warmupSteps ?? 0, 0, 0x7fffffff);
  return {
    lr: checkRate(options.lr),
    beta1,
    beta2,
    eps: checkPositive('eps', options.eps ?? 1e-8),
    weightDecay: checkFactor('weightDecay', weightDecay),
    clipNorm: clipNorm === Infinity ? clipNorm : checkPositive('clipNorm', clipNorm),
    warmupSteps,
    totalSteps:
      options.totalSteps === undefined
        ? 0
        : checkInteger('totalSteps', options.totalSteps, warmupSteps + 1, 0x7fffffff),
  };
}

/** A snapshot of a model with parameters of these names and shapes. */
export function checkSnapshot(
  given: Snapshot,
  shapes: ReadonlyMap<string, readonly number[]>,
): Snapshot {
  const snapshot = checkObject('snapshot', given, snapshotKeys);
  checkInteger('snapshot.step', snapshot.step, 0, mostSteps);
  if (typeof snapshot.random !== 'bigint') {
    fail(
      'invalid_argument',
      `snapshot.random: expected a bigint, got ${describe(snapshot.random)}`,
    );
  }
  const tensorsOf = (part: 'parameters' | 'firstMoments' | 'secondMoments'): Map<string, Tensor> =>
    checkParameters(`snapshot.${part}`, snapshot[part], shapes);
  const checked = {
    ...snapshot,
    parameters: tensorsOf('parameters'),
    firstMoments: tensorsOf('firstMoments'),
    secondMoments: tensorsOf('secondMoments'),
  };
  for (const [parameter, { data }] of checked.secondMoments)
    checkSquares(`snapshot.secondMoments: ${parameter}`, data);
  return checked;
}

/** Means of squares, whose roots AdamW takes. */
function checkSquares(name: string, data: Float32Array): void {
  const wrong = data.findIndex((value) => value < 0);
  if (wrong >= 0)
    fail('invalid_argument', `${name}[${wrong}]: expected at least 0, got ${data[wrong]}`);
}

/** A tensor of its shape, of numbers, for every parameter, and for nothing else. */
function checkParameters(
  name: string,
  given: unknown,
  shapes: ReadonlyMap<string, readonly number[]>,
): Map<string, Tensor> {
  if (!isMap(given))
    fail('invalid_argument', `${name}: expected a Map of tensors, got ${describe(given)}`);
  const tensors = new Map(namedEntries<unknown>(name, given as ReadonlyMap<string, unknown>));
  const checked = new Map<string, Tensor>();
  for (const [parameter, shape] of shapes) {
    const tensor = tensors.get(parameter);
    if (tensor === undefined)
      fail('invalid_argument', `${name}: expected a tensor called "${parameter}", got none`);
    const own = checkTensorView(`${name}: ${parameter}`, tensor);
    checkShape(`${name}: ${parameter}`, own.dims, shape);
    checkNoNaN(`${name}: ${parameter}`, own.data, 'not_finite');
    checked.set(parameter, own);
  }
  for (const parameter of tensors.keys()) {
    if (!shapes.has(parameter))
      fail('unknown_name', `${name}: ${describe(parameter)}: no such parameter`);
  }
  return checked;
}
