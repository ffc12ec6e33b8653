// Nouns, noun phrases and clauses, drawn from the lexicon. Knows nothing of masks and answers.
import type { SeededRandom } from 'attention-lab';
import { isHeldOut } from '../held-out.ts';
import { Draft, type Mark } from './draft.ts';
import {
  attached,
  closings,
  degrees,
  determiners,
  frames,
  genders,
  names,
  nouns,
  openings,
  places,
  plain,
  type Frame,
  type NounClass,
} from './lexicon.ts';

export type Split = 'train' | 'held-out';

/** Pairs of the page's own sentences: never in training. */
const pagePairs = new Set([
  'animal street',
  'trophy suitcase',
  'key cabinet',
  'anna mary',
  'dog cat',
  'stone window',
  'woman child',
  'book table',
  'mouse cheese',
  'suitcase trophy',
]);

/** 'held-out' for an eighth of all pairs of (singular) nouns and for the page's own, 'train' for the rest: for ever. */
export function splitOf(first: string, second: string): Split {
  const pair = `${first} ${second}`;
  return pagePairs.has(pair) || isHeldOut(pair) ? 'held-out' : 'train';
}

export interface Noun {
  base: string; // singular
  form: string; // as it stands in the sentence
  plural: boolean;
  isName: boolean;
}

export const singular = (base: string): Noun => ({
  base,
  form: base,
  plural: false,
  isName: false,
});

export const isPerson = ({ base }: Noun): boolean => base in nouns.person;

/** The pronoun for a noun; undefined for a person of no known gender. */
export function pronounOf(noun: Noun): string | undefined {
  if (noun.plural) return 'they';
  if (noun.isName) return names[noun.base];
  if (noun.base in genders) return genders[noun.base];
  return isPerson(noun) && noun.base !== 'child' ? undefined : 'it';
}

/** What a class of nouns may do: be plural, be a name. */
export interface NounRates {
  plural: number;
  name: number;
}

export const chance = (random: SeededRandom, probability: number): boolean =>
  random.next() < probability;

/** The text with {place}, {person}, {plain} and {name} drawn. */
export function fill(random: SeededRandom, text: string): string {
  const drawn: Record<string, () => string> = {
    place: () => random.pick(places),
    person: () => random.pick(Object.keys(nouns.person)),
    plain: () => random.pick(plain),
    name: () => random.pick(Object.keys(names)),
  };
  return text.replace(/\{(\w+)\}/g, (_, kind: string) => drawn[kind]!());
}

export function drawNoun(
  random: SeededRandom,
  classes: readonly NounClass[],
  rates: NounRates,
): Noun {
  const kind = random.pick(classes);
  if (kind === 'person' && chance(random, rates.name))
    return { ...singular(random.pick(Object.keys(names))), isName: true };
  const base = random.pick(Object.keys(nouns[kind]));
  const plural = nouns[kind][base];
  return plural && chance(random, rates.plural)
    ? { base, form: plural, plural: true, isName: false }
    : singular(base);
}

/** Two different nouns of the split. */
export function drawPair(
  random: SeededRandom,
  split: Split,
  [first, second]: readonly [readonly NounClass[], readonly NounClass[]],
  rates: NounRates,
): [Noun, Noun] {
  for (;;) {
    const a = drawNoun(random, first, rates);
    const b = drawNoun(random, second, rates);
    if (a.base !== b.base && splitOf(a.base, b.base) === split) return [a, b];
  }
}

function determinerOf(random: SeededRandom, noun: Noun, following: string): string {
  const drawn = random.pick(determiners);
  const many: Record<string, string> = { a: 'some', this: 'these', that: 'those' };
  const determiner = noun.plural ? (many[drawn] ?? drawn) : drawn;
  return determiner === 'a' && 'aeiou'.includes(following.charAt(0)) ? 'an' : determiner;
}

export function nounPhrase(
  random: SeededRandom,
  noun: Noun,
  mark: Mark,
  isAttached: boolean,
): Draft {
  const draft = new Draft();
  if (!noun.isName) {
    let adjective = chance(random, 0.2) ? random.pick(plain) : '';
    if (chance(random, 0.03)) {
      // A reason as an attribute: the reason that counts stands with the masked noun.
      const { ofSubject, ofObject } = random.pick(frames);
      adjective = random.pick(random.pick([ofSubject, ofObject]));
    }
    draft.add(determinerOf(random, noun, adjective || noun.form)).add(adjective);
  }
  draft.add(noun.form, mark);
  if (isAttached) draft.add(fill(random, random.pick(attached)));
  return draft;
}

/** "yesterday , the dog did not cross the old street": subject, verb and object are marked. */
export function mainClause(
  random: SeededRandom,
  frame: Frame,
  [first, second]: readonly [Noun, Noun],
  isShort: boolean,
): Draft {
  const isAttached = (): boolean => !isShort && chance(random, 0.1);
  const subject = nounPhrase(random, first, 'subject', isAttached());
  const object = nounPhrase(random, second, 'object', isAttached());
  const draft = new Draft();
  if (!isShort && chance(random, 0.2)) {
    draft.add(fill(random, random.pick(openings)));
    if (chance(random, 0.3)) draft.add(',');
  }
  if (frame.passive && chance(random, 0.12)) {
    const auxiliary = random.pick(
      second.plural ? ['were not', "weren ' t"] : ['was not', "wasn ' t"],
    );
    draft.append(object).add(`${auxiliary} ${frame.passive} by`).append(subject);
  } else {
    draft
      .append(subject)
      .add(random.pick(frame.auxiliaries))
      .add(frame.verb, 'verb')
      .append(object);
  }
  if (!isShort && chance(random, 0.15)) draft.add(fill(random, random.pick(closings)));
  return draft;
}

/** "the street was too wide": the referring word and the reason are marked. */
export function reasonClause(
  random: SeededRandom,
  determiner: string,
  word: string,
  plural: boolean,
  reason: string,
): Draft {
  const verb = random.pick(plural ? ['were', 'were', 'were', 'are'] : ['was', 'was', 'was', 'is']);
  return new Draft()
    .add(determiner)
    .add(word, 'referring')
    .add(verb)
    .add(random.pick(degrees))
    .add(reason, 'reason');
}
