// The classes of texts or pictures, and the tags of a text's words, with their probabilities.
import { fail } from '../core/errors.js';
import type { ModelInput } from '../core/encoded.js';
import type { Tensor } from '../core/tensor.js';
import { checkInteger, checkKeys, checkString } from '../core/validation.js';
import { labelOf, requireHead, type LabelledModel } from './labelled-model.js';

/** A class of a whole text or picture. */
export interface ClassScore {
  label: string;
  /** Its place among the classes. */
  index: number;
  logit: number;
  /** By softmax over the classes; by the logistic function where a text may have several; none of a regression. */
  probability?: number;
}

export interface ClassifyOptions {
  /** How many classes, the likeliest first. Default: all; of a regression in the order of the labels. */
  topK?: number;
}

/** A word of a text and what it is. */
export interface Tag {
  word: string;
  /** Where it stands in the text, [start, end) in UTF-16 units. */
  start: number;
  end: number;
  label: string;
  index: number;
  probability: number;
  /** The word's first token, whose class counts as the word's. */
  token: number;
}

/** One list for each sequence of the inputs. */
export function classify(
  model: LabelledModel,
  inputs: ModelInput,
  given?: ClassifyOptions,
): ClassScore[][] {
  requireHead(model, 'classify', 'sequence', 'classes of sequences');
  const { numLabels, problemType } = model.config;
  const options = checkKeys('options', given, new Set(['topK']));
  const topK = checkInteger('topK', options.topK ?? numLabels, 1, numLabels);
  const logits = model.forward(inputs).logits!; // [B, numLabels]
  const isNumber = problemType === 'regression';
  return Array.from({ length: logits.dims[0]! }, (_, b) => {
    const row = logits.row(b);
    const probabilities = isNumber ? undefined : probabilitiesOf(row, problemType);
    const all = Array.from(row.data, (logit, index) => ({
      label: labelOf(model, index),
      index,
      logit,
      ...(probabilities && { probability: probabilities[index]! }),
    }));
    return (isNumber ? all : all.sort((a, z) => z.logit - a.logit)).slice(0, topK);
  });
}

function probabilitiesOf(row: Tensor, problemType: string): ArrayLike<number> {
  return problemType === 'multi_label_classification'
    ? row.data.map((logit) => 1 / (1 + Math.exp(-logit)))
    : row.softmax().data;
}

/** The words of a text, each with the likeliest class of its first token. */
export function tags(model: LabelledModel, given: string): Tag[] {
  requireHead(model, 'tags', 'token', 'classes of tokens');
  const text = checkString('text', given);
  const [encoding] = model.encode([text]);
  if (!encoding) fail('internal', 'tags: the tokenizer gave no encoding');
  const logits = model.forward(encoding).logits!; // [1, T, numLabels]
  const result: Tag[] = [];
  encoding.words.forEach((word, token) => {
    const place = encoding.offsets[token];
    if (word === null || !place) return;
    const last = result.at(-1);
    if (last && word === encoding.words[last.token]) {
      last.end = Math.max(last.end, place[1]);
      last.word = text.slice(last.start, last.end);
      return;
    }
    const probabilities = logits.row(token).softmax();
    const index = probabilities.argmax();
    const [start, end] = place;
    result.push({
      word: text.slice(start, end),
      start,
      end,
      label: labelOf(model, index),
      index,
      probability: probabilities.data[index]!,
      token,
    });
  });
  return result;
}
