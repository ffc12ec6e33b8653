// Disagreement between heads as a term of the loss: a weight for every query and every key of a batch.
import { fail } from '../core/errors.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import type { TrainerOptions } from './types.js';
import { ignored, type CheckedBatch } from './batches.js';
import {
  checkArray,
  checkInteger,
  checkObject,
  checkPositive,
  fitsFloat32,
} from '../core/validation.js';

const keys = new Set(['weight', 'except']);
const none = new Float32Array();

/** A batch → [2, B·T], as train::Disagreement takes it: the overlap's mean over layers, labelled queries and pairs of heads, times `weight`. */
export type DisagreementWeights = (batch: CheckedBatch) => Float32Array;

/** Throws on a model to which the term cannot be added. */
export function disagreementWeights(
  given: TrainerOptions['disagreement'],
  config: CompleteModelConfig,
): DisagreementWeights {
  if (given === undefined) return () => none;
  const { weight, except = [] } = checkObject('disagreement', given, keys);
  checkPositive('disagreement.weight', weight);
  const free = new Set(
    checkArray('disagreement.except', except, 'token ids').map((id, index) =>
      checkInteger(`disagreement.except[${index}]`, id, 0, config.vocabSize - 1),
    ),
  );
  if (config.encoder || config.numLabels) {
    const kind = config.encoder ? 'an encoder–decoder' : 'a classifier';
    fail(
      'invalid_argument',
      `disagreement: expected a model of one stack that answers at every token, got ${kind}`,
    );
  }
  const H = config.attention.numHeads;
  if (H === 1) return () => none; // no other head to agree with
  return ({ inputIds, labels, mems }) => {
    if (mems !== null)
      fail(
        'invalid_argument',
        'disagreement: expected a batch without mems, whose tokens have no ids here',
      );
    if (inputIds === null)
      fail('invalid_argument', 'disagreement: expected a batch of inputIds, got none');
    const cost =
      (2 * weight) /
      (config.numLayers * labels.filter((label) => label !== ignored).length * H * (H - 1));
    if (Number.isFinite(cost) && !fitsFloat32(cost))
      fail(
        'invalid_argument',
        `disagreement.weight: expected a number whose share of a query float32 can hold, got ${weight}`,
      );
    const overlap = new Float32Array(2 * labels.length);
    labels.forEach((label, query) => (overlap[query] = label === ignored ? 0 : cost));
    inputIds.forEach((id, key) => (overlap[labels.length + key] = free.has(id) ? 0 : 1));
    return overlap;
  };
}
