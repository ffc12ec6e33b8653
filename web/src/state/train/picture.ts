// What a model makes of one input: its attention everywhere, and its answer. Knows models and lessons, not the page.
import type { Model, Tensor } from 'attention-lab';
import { answersOf, inputsOf, likeliest, attentionOnTargets } from '../../lessons/answers.ts';
import type { Encoded, Lesson } from '../../lessons/lesson.ts';
import { headOff } from '../lab/edits.ts';
import { sitesOf, type Labels } from '../lab/sites.ts';
import type { HeadName, InputToken } from '../shared/attention.ts';
import type { LearnerInput, Picture, Prediction } from './protocol.ts';

const isSpecial = (text: string) => /^[<[].+[>\]]$/.test(text);
const tokens = (texts: readonly string[]): InputToken[] =>
  texts.map((text) => ({
    text: text === ' ' ? '␣' : text,
    special: isSpecial(text),
    unknown: false,
  }));

export function pictureOf(
  model: Model,
  lesson: Lesson,
  input: LearnerInput,
  encoded: Encoded,
  step: number,
  off: readonly HeadName[],
): Picture {
  const interventions = off.map(headOff);
  const output = model.forward(inputsOf(encoded.example), {
    outputAttentions: true,
    interventions,
  });
  const stops =
    lesson.kind === 'text' && typeof input === 'string'
      ? (lesson.prompt?.(input).stopTokens ?? [])
      : [];
  const ends = stops.map((id) => lesson.vocabulary[id]!);
  const labels = (which: Labels) =>
    which === 'written' ? written(lesson, encoded) : encoded[which];
  const { targets } = encoded;
  const onTargets = (attentions: Tensor[]) =>
    targets.length > 0 && attentions === output[lesson.targetsIn]
      ? { targets, weights: attentionOnTargets([{ encoded, attentions }]) }
      : null;
  const sites = sitesOf(output, (which) => tokens(labels(which)), onTargets);
  return { step, sites, answer: answerOf(lesson, encoded, output.logits!, ends) };
}

/** What the decoder is to write at each place; what it was given there, where nobody knows. */
function written(lesson: Lesson, { example, queries }: Encoded): readonly string[] {
  const { labels } = example;
  return typeof labels === 'number'
    ? queries
    : queries.map((given, place) => lesson.vocabulary[labels[place]!] ?? given);
}

/** What a model says whose weights have grown beyond all numbers: every logit is NaN. */
const none = '?';

/** What the model says wherever an answer is asked for. */
function answerOf(
  lesson: Lesson,
  encoded: Encoded,
  logits: Tensor,
  ends: readonly string[],
): Prediction[] {
  const known = answersOf(lesson.vocabulary, encoded, logits);
  if (known.length > 0)
    return known.map(({ predicted, probability, correct }) => ({
      text: predicted ?? none,
      probability,
      correct,
      isEnd: ends.includes(correct),
    }));
  const size = logits.dims.at(-1)!;
  return unknownPlaces(encoded).map((place) => {
    const { id, probability } = likeliest(logits.data.subarray(place * size, (place + 1) * size));
    return { text: lesson.vocabulary[id] ?? none, probability, correct: null, isEnd: false };
  });
}

/** Where a model is asked although nobody knows the answer: where the lesson says, of a picture once, in a text at its masks, else after its end. */
function unknownPlaces({ example, queries, asked }: Encoded): readonly number[] {
  if (asked) return asked;
  if (typeof example.labels === 'number') return [0];
  const masks = queries.flatMap((text, place) => (text === '[MASK]' ? [place] : []));
  return masks.length > 0 ? masks : [queries.length - 1];
}
