// What the tasks of classifiers need of a model: a part of `Model`, and what its head must be. Computes nothing.
import { fail } from '../core/errors.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import type { ForwardInputs, ModelOutput } from '../core/forward-types.js';
import type { ModelInput } from '../core/encoded.js';
import type { EncodeOptions, Encoding, TextInput } from '../core/text-types.js';

/** The part of `Model` that is read. */
export interface LabelledModel {
  readonly config: CompleteModelConfig;
  readonly labels: readonly string[];
  forward(inputs: ModelInput | ForwardInputs): ModelOutput;
  encode(texts: readonly TextInput[], options?: EncodeOptions): Encoding[];
}

/** Throws unless the model labels what the call is about. */
export function requireHead(
  { config }: LabelledModel,
  call: string,
  labelsFor: CompleteModelConfig['labelsFor'],
  head: string,
): void {
  if (config.numLabels === 0 || config.labelsFor !== labelsFor)
    fail(
      'invalid_argument',
      `${call}: expected a model with a head for ${head} (numLabels, labelsFor "${labelsFor}")`,
    );
}

/** The name of a class; of a model that has none, Transformers' usual one. */
export const labelOf = ({ labels }: LabelledModel, index: number): string =>
  labels[index] ?? `LABEL_${index}`;
