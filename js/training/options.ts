// What a caller gives a trainer: its options with every default filled in, its examples, and a snapshot of its model's parameters.
import { fail } from '../core/errors.js';
import type { NativeTrainerOptions } from '../core/native.js';
import type {
  SeededRandom,
  Snapshot,
  Tensor,
  TrainerOptions,
  TrainingExample,
} from '../core/types.js';
import {
  checkFinite,
  checkInteger,
  checkNoNaN,
  checkObject,
  checkPositive,
  checkShape,
  checkTensor,
  describe,
  isMap,
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
  if (!Array.isArray(examples) || examples.length === 0) {
    fail(
      'invalid_argument',
      `examples: expected a function that makes an example, or an array of at least one, got ${describe(examples)}`,
    );
  }
  const list: readonly TrainingExample[] = [...examples];
  return (random) => random.pick(list);
}

export const checkRate = (lr: unknown): number => checkFactor('lr', lr);

/** AdamW multiplies by it, in float32. */
function checkFactor(name: string, value: unknown): number {
  const factor = checkFinite(name, value);
  if (factor < 0) fail('invalid_argument', `${name}: expected at least 0, got ${factor}`);
  if (Math.fround(factor) === Infinity)
    fail(
      'invalid_argument',
      `${name}: expected at most 3.4e38, which float32 holds, got ${factor}`,
    );
  return factor;
}

/** AdamW divides by it, in float32, where a weight has had no gradient yet. */
function checkEps(eps: unknown): number {
  if (Math.fround(checkPositive('eps', eps)) === 0)
    fail('invalid_argument', `eps: expected a number that float32 tells from 0, got ${eps}`);
  return eps as number;
}

export function completeOptions(options: TrainerOptions): NativeTrainerOptions {
  const { betas = [0.9, 0.999], clipNorm = 1, weightDecay = 0.01 } = options;
  if (!Array.isArray(betas) || betas.length !== 2)
    fail('invalid_argument', `betas: expected two numbers, got ${describe(betas)}`);
  const [beta1, beta2] = betas.map((beta, index) => {
    if (checkFinite(`betas[${index}]`, beta) < 0 || beta >= 1)
      fail('invalid_argument', `betas[${index}]: expected from 0 to below 1, got ${beta}`);
    return beta;
  }) as [number, number];
  const warmupSteps = checkInteger('warmupSteps', options.warmupSteps ?? 0, 0, 0x7fffffff);
  return {
    lr: checkRate(options.lr),
    beta1,
    beta2,
    eps: checkEps(options.eps ?? 1e-8),
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
  checkInteger('snapshot.step', snapshot.step, 0);
  if (typeof snapshot.random !== 'bigint') {
    fail(
      'invalid_argument',
      `snapshot.random: expected a bigint, got ${describe(snapshot.random)}`,
    );
  }
  for (const part of ['parameters', 'firstMoments', 'secondMoments'] as const)
    checkParameters(`snapshot.${part}`, snapshot[part], shapes);
  for (const [parameter, { data }] of snapshot.secondMoments)
    checkSquares(`snapshot.secondMoments: ${parameter}`, data);
  return snapshot;
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
): void {
  const tensors = given as ReadonlyMap<string, Tensor>;
  if (!isMap(tensors))
    fail('invalid_argument', `${name}: expected a Map of tensors, got ${describe(given)}`);
  for (const [parameter, shape] of shapes) {
    const tensor = tensors.get(parameter);
    if (tensor === undefined)
      fail('invalid_argument', `${name}: expected a tensor called "${parameter}", got none`);
    const { data, dims } = checkTensor(`${name}: ${parameter}`, tensor);
    checkShape(`${name}: ${parameter}`, dims, shape);
    checkNoNaN(`${name}: ${parameter}`, data, 'not_finite');
  }
  for (const parameter of tensors.keys()) {
    if (!shapes.has(parameter))
      fail('unknown_name', `${name}: ${describe(parameter)}: no such parameter`);
  }
}
