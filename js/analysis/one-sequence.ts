// The inputs of an analysis: one sequence, and a position or a token of it.
import { labelsSequences } from '../core/config.js';
import { fail } from '../core/errors.js';
import type { ForwardInputs, ModelOutput } from '../core/forward-types.js';
import { checkInteger } from '../core/validation.js';
import type { AnalysedModel } from './analysed-model.js';
import { choicesOf } from './unembedding.js';

/** A pass over one sequence with these activations recorded. */
export function runOne(model: AnalysedModel, inputs: ForwardInputs, trace: string[]): ModelOutput {
  const run = model.forward(inputs, { trace });
  const batch = run.lastHiddenState.dims[0]!;
  if (batch !== 1) fail('invalid_argument', `inputs: expected one sequence, got ${batch}`);
  return run;
}

/** How many positions the last stack has. */
export const lengthOf = ({ lastHiddenState }: ModelOutput): number => lastHiddenState.dims[1]!;

/** The position whose logits are meant: by default the last of a causal model, and the first of a classifier. */
export function checkPosition(model: AnalysedModel, run: ModelOutput, given: unknown): number {
  const { attention } = model.config;
  const ofSequence = labelsSequences(model.config);
  const length = lengthOf(run);
  if (given !== undefined) {
    const last = ofSequence ? 0 : length - 1;
    return checkInteger('position', given, 0, last);
  }
  if (ofSequence) return 0;
  if (!attention.causal)
    fail(
      'invalid_argument',
      `position: expected 0 to ${length - 1}, the token whose logits are meant, as this model is not causal`,
    );
  return length - 1;
}

export function checkToken(model: AnalysedModel, name: string, given: unknown): number {
  const choices = choicesOf(model.config);
  if (choices === 0)
    fail(
      'invalid_argument',
      'inputs: expected a model that makes logits (lmHead, maskedLmHead or numLabels)',
    );
  return checkInteger(name, given, 0, choices - 1);
}
