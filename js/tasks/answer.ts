// Extractive question answering: the span of a context that answers a question. Long contexts are read in overlapping parts.
// Devlin et al. 2019, arXiv:1810.04805, section 4.2; probabilities as transformers' question-answering pipeline has them.
import { longestSequence } from '../core/config.js';
import type { Encoding } from '../core/text-types.js';
import { checkInteger, checkKeys, checkObject, checkString } from '../core/validation.js';
import { requireHead, type LabelledModel } from './labelled-model.js';

export interface Question {
  question: string;
  context: string;
}

export interface AnswerOptions {
  /** How many answers, the likeliest first. Default 1. */
  topK?: number;
  /** Most tokens of an answer. Default 15. */
  maxAnswerTokens?: number;
}

export interface Answer {
  /** The words of the context from `start` to `end`. */
  text: string;
  /** Where it stands in the context, [start, end) in UTF-16 units. */
  start: number;
  end: number;
  /** Of its first token times that of its last, each by softmax over the context's tokens and the first of all, which stands for no answer. */
  probability: number;
}

/** Most tokens of a part, and of what two parts share, as the pipeline has them. */
const longestPart = 384;
const longestOverlap = 128;

export function answer(
  model: LabelledModel,
  given: Question,
  givenOptions?: AnswerOptions,
): Answer[] {
  requireHead(model, 'answer', 'span', 'spans');
  const asked = checkObject('question', given, new Set(['question', 'context']));
  const question = checkString('question.question', asked.question);
  const context = checkString('question.context', asked.context);
  const options = checkKeys('options', givenOptions, new Set(['topK', 'maxAnswerTokens']));
  const topK = checkInteger('topK', options.topK ?? 1, 1, 1 << 10);
  const most = checkInteger('maxAnswerTokens', options.maxAnswerTokens ?? 15, 1, 1 << 15);
  const found = new Map<string, Answer>();
  for (const part of partsOf(model, question, context))
    for (const each of answersIn(model, part, context, most)) {
      const place = `${each.start} ${each.end}`;
      // Two parts may see the same words: the likelier reading counts.
      if (each.probability > (found.get(place)?.probability ?? 0)) found.set(place, each);
    }
  return [...found.values()].sort((a, z) => z.probability - a.probability).slice(0, topK);
}

/** The question with all of the context or, where that is too long, with each part of it. */
function partsOf(model: LabelledModel, question: string, context: string): Encoding[] {
  const maxLength = Math.min(longestPart, longestSequence(model.config));
  const room = maxLength - model.encode([question])[0]!.ids.length;
  const [first] = model.encode([[question, context]], {
    truncation: 'only_second',
    maxLength,
    stride: Math.max(0, Math.min(longestOverlap, Math.floor(room / 2))),
    overflow: true,
  });
  return [first!, ...(first!.overflow ?? [])];
}

function answersIn(model: LabelledModel, part: Encoding, context: string, most: number): Answer[] {
  const first = firstOfContext(part);
  const inside = (token: number): boolean =>
    token >= first && !part.specialTokens[token] && part.offsets[token] !== null;
  const { startLogits, endLogits } = model.forward(withGlobalQuestion(model, part, first));
  const starts = probabilities(startLogits!.data, inside);
  const ends = probabilities(endLogits!.data, inside);
  const tokens = part.ids.map((_, token) => token).filter(inside);
  const answers: Answer[] = [];
  for (const from of tokens)
    for (const to of tokens) {
      if (to < from || to - from >= most) continue;
      const [start, end] = wholeWords(part, from, to);
      answers.push({
        text: context.slice(start, end),
        start,
        end,
        probability: starts[from]! * ends[to]!,
      });
    }
  return answers;
}

/** The first token behind the question and the special tokens after it. */
function firstOfContext({ specialTokens }: Encoding): number {
  const question = specialTokens.indexOf(false);
  const separator = specialTokens.indexOf(true, question);
  const context = specialTokens.indexOf(false, separator);
  return context < 0 ? specialTokens.length : context;
}

/** Longformer's global tokens are those of the question: transformers' LongformerForQuestionAnswering. */
function withGlobalQuestion({ config }: LabelledModel, part: Encoding, first: number) {
  if (!config.attention.globalTokens) return part;
  const { ids, attentionMask, specialTokens } = part;
  const end = specialTokens.lastIndexOf(false, first - 1);
  return {
    inputIds: [ids],
    attentionMask: [attentionMask],
    globalAttentionMask: [ids.map((_, token) => Number(token <= end))],
  };
}

/** Softmax over the context's tokens and the first of all. */
function probabilities(logits: Float32Array, inside: (token: number) => boolean): number[] {
  const counted = Array.from(logits, (logit, t) => (t === 0 || inside(t) ? logit : -Infinity));
  const largest = counted.reduce((a, b) => Math.max(a, b));
  const sum = counted.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return counted.map((logit) => Math.exp(logit - largest) / sum);
}

/** Where the words of tokens `from` to `to` stand in the context. */
function wholeWords({ words, offsets }: Encoding, from: number, to: number): [number, number] {
  let first = from;
  let last = to;
  while (first > 0 && words[first - 1] !== null && words[first - 1] === words[first]) --first;
  while (
    words[last + 1] !== undefined &&
    words[last + 1] !== null &&
    words[last + 1] === words[last]
  )
    ++last;
  return [offsets[first]![0], offsets[last]![1]];
}
