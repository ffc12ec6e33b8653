// Direct logit attribution: one logit, or the difference of two, as the exact sum of what every part of the model wrote.
import type { ForwardInputs } from '../core/forward-types.js';
import { checkKeys } from '../core/validation.js';
import { lastStack, type AnalysedModel } from './analysed-model.js';
import { checkPosition, checkToken, runOne } from './one-sequence.js';
import { streamAt, streamSites } from './residual-stream.js';
import { logitParts, type LogitPart } from './unembedding.js';
import { rowOf } from './vectors.js';

export interface LogitAttributionOptions {
  /** Whose logits. Default: the last token of a causal model; a classifier has one place. */
  position?: number;
  token: number;
  /** With it, the parts are those of logit(token) − logit(against). */
  against?: number;
}

export interface LogitAttribution {
  /** The pass's own logit, or difference of two. */
  logit: number;
  /** In the order of the computation; their values sum to `logit` but for rounding. */
  parts: LogitPart[];
}

const optionKeys = new Set(['position', 'token', 'against']);

/**
 * Every norm is frozen at the statistics of this pass, which makes logits linear in what was written into the stream. In a
 * post-norm model (BERT) what an early layer wrote is carried through every later norm in this way, and through the
 * masked-language head's activation by its gate. A part says what was written directly, not what later layers made of it.
 */
export function attributeLogit(
  model: AnalysedModel,
  inputs: ForwardInputs,
  given: LogitAttributionOptions,
): LogitAttribution {
  const options = checkKeys('options', given, optionKeys);
  const token = checkToken(model, 'token', options.token);
  const against =
    options.against === undefined ? undefined : checkToken(model, 'against', options.against);
  const prefix = lastStack(model.config);
  const run = runOne(model, inputs, streamSites(model, prefix));
  const position = checkPosition(model, run, options.position);
  const writers = streamAt(model, run.trace, prefix, position);
  const parts = logitParts(model, writers, token);
  const logits = rowOf(run.logits!, position);
  if (against === undefined) return { logit: logits[token]!, parts };
  const others = logitParts(model, writers, against);
  return {
    logit: logits[token]! - logits[against]!,
    parts: parts.map(({ name, value }, i) => ({ name, value: value - others[i]!.value })),
  };
}
