// Sentence embeddings: texts in padded batches through a model, the mean over each text's tokens, divided by its norm.
// Reimers & Gurevych 2019, arXiv:1908.10084, section 3 (mean pooling).
import { longestSequence } from '../core/config.js';
import { fail } from '../core/errors.js';
import type { CompleteModelConfig, ForwardInputs, ModelOutput, Tensor } from '../core/types.js';
import { checkArray, checkString } from '../core/validation.js';

/** Tokens of one pass: more would cost memory and gain no time. With a head, logits [B, T, V] come on top. */
const mostTokens = 2048;
const mostTokensWithLogits = 256;

/** What embeddings need of their model. */
export interface Embedding {
  config: CompleteModelConfig;
  encode(text: string): { ids: number[] };
  forward(inputs: ForwardInputs): ModelOutput;
}

/** One row per text: [n, D]. */
export function embedTexts(model: Embedding, given: string | readonly string[]): Tensor {
  const { dModel: D, maskedLmHead, lmHead, encoder } = model.config;
  if (encoder)
    fail(
      'invalid_argument',
      'embed: expected a model of one stack, got one with an encoder and a decoder',
    );
  const sequences = encodeTexts(model, given);
  const byLength = [...sequences.keys()].sort(
    (a, b) => sequences[b]!.length - sequences[a]!.length,
  );
  const result = new Float32Array(sequences.length * D);
  const most = maskedLmHead || lmHead ? mostTokensWithLogits : mostTokens;
  for (let start = 0; start < byLength.length;) {
    const longest = sequences[byLength[start]!]!.length;
    const members = byLength.slice(start, start + Math.max(1, Math.floor(most / longest)));
    const hidden = lastHiddenState(
      model,
      members.map((index) => sequences[index]!),
      longest,
    );
    members.forEach((index, row) => {
      const tokens = hidden.subarray(
        row * longest * D,
        (row * longest + sequences[index]!.length) * D,
      );
      result.set(normalisedMean(tokens, D), index * D);
    });
    start += members.length;
  }
  return { data: result, dims: [sequences.length, D] };
}

function encodeTexts(model: Embedding, given: string | readonly string[]): number[][] {
  const expected = 'a string or an array of at least one';
  const texts = typeof given === 'string' ? [given] : checkArray('texts', given, expected);
  if (texts.length === 0)
    fail('invalid_argument', `texts: expected ${expected}, got an array of 0`);
  const longest = longestSequence(model.config);
  return texts.map((text: string, index) => {
    const { ids } = model.encode(checkString(`texts[${index}]`, text));
    if (ids.length === 0)
      fail('invalid_argument', `texts[${index}]: expected at least one token, got none`);
    if (ids.length > longest) {
      fail(
        'invalid_argument',
        `texts[${index}]: expected at most maxLen ${longest} tokens, got ${ids.length}`,
      );
    }
    return ids;
  });
}

/** [B, T, D] of sequences padded to T. */
function lastHiddenState(
  model: Embedding,
  sequences: readonly number[][],
  length: number,
): Float32Array {
  const dims = [sequences.length, length];
  const ids = new Int32Array(sequences.length * length).fill(Math.max(model.config.padTokenId, 0));
  const mask = new Int32Array(ids.length);
  sequences.forEach((sequence, row) => {
    ids.set(sequence, row * length);
    mask.fill(1, row * length, row * length + sequence.length);
  });
  return model.forward({ inputIds: { data: ids, dims }, attentionMask: { data: mask, dims } })
    .lastHiddenState.data;
}

/** tokens [T, D] → [D], of length 1; zeros stay zeros. */
function normalisedMean(tokens: Float32Array, D: number): Float64Array {
  const mean = new Float64Array(D);
  tokens.forEach((value, index) => (mean[index % D]! += (value * D) / tokens.length));
  const norm = Math.max(Math.hypot(...mean), 1e-12);
  return mean.map((value) => value / norm);
}
