// Sentence embeddings: texts in padded batches through a model, each text's tokens pooled to one vector. As a folder of
// sentence-transformers says; else their mean, of length 1. Reimers & Gurevych 2019, arXiv:1908.10084, section 3.
import { longestSequence } from '../core/config.js';
import type { SentenceSettings } from '../core/checkpoint-extras.js';
import { fail } from '../core/errors.js';
import type { CompleteModelConfig } from '../core/config-types.js';
import type { ForwardInputs, ModelOutput } from '../core/forward-types.js';
import { Tensor } from '../core/tensor.js';
import { checkArray, checkString } from '../core/validation.js';

/** Tokens of one pass: more would cost memory and gain no time. With a head, logits [B, T, V] come on top. */
const mostTokens = 2048;
const mostTokensWithLogits = 256;

const usual: SentenceSettings = { pooling: 'mean', normalise: true };

/** What embeddings need of their model. */
export interface Embedding {
  config: CompleteModelConfig;
  /** @internal */
  sentences: SentenceSettings | undefined;
  encode(text: string): { ids: number[]; tokens: string[]; specialTokens: boolean[] };
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
  const settings = model.sentences ?? usual;
  if (settings.unsupported) fail('unsupported_checkpoint', `embed: ${settings.unsupported}`);
  const sequences = encodeTexts(model, given, settings);
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
      result.set(pooled(tokens, D, settings), index * D);
    });
    start += members.length;
  }
  return new Tensor(result, [sequences.length, D]);
}

function encodeTexts(
  model: Embedding,
  given: string | readonly string[],
  settings: SentenceSettings,
): number[][] {
  const expected = 'a string or an array of at least one';
  const texts = typeof given === 'string' ? [given] : checkArray('texts', given, expected);
  if (texts.length === 0)
    fail('invalid_argument', `texts: expected ${expected}, got an array of 0`);
  const longest = longestSequence(model.config);
  const { vocabSize } = model.config;
  return texts.map((text: string, index) => {
    const encoding = model.encode(prepared(checkString(`texts[${index}]`, text), settings));
    // A folder of sentence-transformers cuts texts, others leave that to the caller.
    const most = model.sentences ? Math.min(settings.longest ?? Infinity, longest) : Infinity;
    const ids = cut(encoding, most);
    const foreign = encoding.ids.findIndex((id) => id >= vocabSize);
    if (foreign >= 0)
      fail(
        'invalid_argument',
        `texts[${index}]: the tokenizer's id ${encoding.ids[foreign]} ("${encoding.tokens[foreign]}") is beyond the model's vocabSize ${vocabSize}: the tokenizer is of another model`,
      );
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

function prepared(text: string, { lowerCase, prompt = '' }: SentenceSettings): string {
  const whole = prompt + text;
  return lowerCase ? whole.toLowerCase() : whole;
}

/** At most `most` tokens: the last of the text's own go, those that the tokenizer added stay. */
function cut(
  { ids, specialTokens }: { ids: number[]; specialTokens: boolean[] },
  most: number,
): number[] {
  if (ids.length <= most) return ids;
  const own = ids.map((_, index) => index).filter((index) => !specialTokens[index]);
  const dropped = new Set(own.slice(Math.max(own.length - (ids.length - most), 0)));
  return ids.filter((_, index) => !dropped.has(index)).slice(0, most);
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

/** tokens [T, D] → [D]; normalised, zeros stay zeros. */
function pooled(
  tokens: Float32Array,
  D: number,
  { pooling, normalise }: SentenceSettings,
): Float64Array {
  const T = tokens.length / D;
  const vector = new Float64Array(D);
  if (pooling === 'cls') vector.set(tokens.subarray(0, D));
  else if (pooling === 'lasttoken') vector.set(tokens.subarray(tokens.length - D));
  else if (pooling === 'max')
    tokens.forEach((value, i) => (vector[i % D] = i < D ? value : Math.max(vector[i % D]!, value)));
  else {
    // Each token's share of the vector; of the weighted mean its place, from 1 on.
    const shares: Readonly<Record<string, (t: number) => number>> = {
      mean: () => 1 / T,
      mean_sqrt_len_tokens: () => 1 / Math.sqrt(T),
      weightedmean: (t) => (2 * (t + 1)) / (T * (T + 1)),
    };
    const share = shares[pooling]!;
    tokens.forEach((value, i) => (vector[i % D]! += value * share(Math.floor(i / D))));
  }
  if (!normalise) return vector;
  const norm = Math.max(Math.hypot(...vector), 1e-12);
  return vector.map((value) => value / norm);
}
