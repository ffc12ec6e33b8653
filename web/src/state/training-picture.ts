// What a model makes of one input: its attention everywhere, and its answer. Knows models and lessons, not the page.
import type { Intervention, Model, ModelOutput, Tensor } from 'attention-lab';
import { answersOf, inputsOf, likeliest, weightsOnLooks } from '../lessons/answers.ts';
import type { Encoded, Lesson } from '../lessons/lesson.ts';
import type { HeadName, InputToken, LearnerInput, Picture, Said, SiteKind, SitePattern } from './training-protocol.ts';

/** A head switched off: what it fetched becomes zeros. */
export const switchedOff = (heads: readonly HeadName[]): Intervention[] =>
  heads.map(({ site, head }) => ({ at: `${site}.z`, head, op: 'zero' }));

/** Tokens that look, tokens that are looked at, and what is written at each place that looks. */
type Labels = 'queries' | 'keys' | 'written';

/** The attentions of an output, by kind: where each is computed, and whether its rows and columns are of the answer or of the input. */
const kinds: readonly {
  kind: SiteKind;
  of: (output: ModelOutput) => Tensor[] | undefined;
  site: (layer: number) => string;
  rows: Labels;
  columns: Labels;
}[] = [
  { kind: 'self', of: (o) => o.attentions, site: (l) => `blocks.${l}.attn`, rows: 'queries', columns: 'keys' },
  { kind: 'cross', of: (o) => o.crossAttentions, site: (l) => `decoder.blocks.${l}.cross_attn`, rows: 'written', columns: 'keys' },
  { kind: 'encoder', of: (o) => o.encoderAttentions, site: (l) => `encoder.blocks.${l}.attn`, rows: 'keys', columns: 'keys' },
  { kind: 'decoder', of: (o) => o.decoderAttentions, site: (l) => `decoder.blocks.${l}.self_attn`, rows: 'queries', columns: 'queries' },
];

const isSpecial = (text: string) => /^[<[].+[>\]]$/.test(text);
const tokens = (texts: readonly string[]): InputToken[] =>
  texts.map((text) => ({ text: text === ' ' ? '␣' : text, special: isSpecial(text), unknown: false }));

export function pictureOf(model: Model, lesson: Lesson, input: LearnerInput, encoded: Encoded, step: number, off: readonly HeadName[]): Picture {
  const interventions = switchedOff(off);
  const output = model.forward(inputsOf(encoded.example), { outputAttentions: true, interventions });
  const stops = lesson.kind === 'text' && typeof input === 'string' ? (lesson.prompt?.(input).stopTokens ?? []) : [];
  const ends = stops.map((id) => lesson.vocabulary[id]!);
  const labels = (which: Labels) => (which === 'written' ? written(lesson, encoded) : encoded[which]);
  const sites = kinds.flatMap(({ kind, of, site, rows, columns }): SitePattern[] => {
    const attentions = of(output) ?? [];
    const hasLooks = encoded.looks.length > 0 && attentions === output[lesson.looksIn];
    const onLooks = hasLooks ? weightsOnLooks([{ encoded, attentions }]) : null;
    return attentions.map((pattern, layer) => ({
      kind, layer, pattern, // prettier-ignore
      site: site(layer),
      rows: tokens(labels(rows)),
      columns: tokens(labels(columns)),
      onLooks: onLooks?.[layer] ?? null,
    }));
  });
  return { step, sites, answer: answerOf(lesson, encoded, output.logits!, ends) };
}

/** What the decoder is to write at each place; what it was given there, where nobody knows. */
function written(lesson: Lesson, { example, queries }: Encoded): readonly string[] {
  const { labels } = example;
  return typeof labels === 'number' ? queries : queries.map((given, place) => lesson.vocabulary[labels[place]!] ?? given);
}

/** What a model says whose weights have grown beyond all numbers: every logit is NaN. */
const none = '?';

/** What the model says wherever an answer is asked for. */
function answerOf(lesson: Lesson, encoded: Encoded, logits: Tensor, ends: readonly string[]): Said[] {
  const known = answersOf(lesson.vocabulary, encoded, logits);
  if (known.length > 0) return known.map(({ said, probability, right }) => ({ text: said ?? none, probability, right, isEnd: ends.includes(right) }));
  const size = logits.dims.at(-1)!;
  return unknownPlaces(encoded).map((place) => {
    const { id, probability } = likeliest(logits.data.subarray(place * size, (place + 1) * size));
    return { text: lesson.vocabulary[id] ?? none, probability, right: null, isEnd: false };
  });
}

/** Where a model is asked although nobody knows the answer: where the lesson says, of a picture once, in a text at its masks, else after its end. */
function unknownPlaces({ example, queries, asked }: Encoded): readonly number[] {
  if (asked) return asked;
  if (typeof example.labels === 'number') return [0];
  const masks = queries.flatMap((text, place) => (text === '[MASK]' ? [place] : []));
  return masks.length > 0 ? masks : [queries.length - 1];
}
