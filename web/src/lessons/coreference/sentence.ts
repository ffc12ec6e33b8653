// Sentences with one right answer: who a pronoun or a masked noun refers to, and number agreement across a distance.
// The only randomness is the generator that the caller seeds.
import type { SeededRandom } from 'attention-lab';
import { blur } from './blur.ts';
import {
  chance,
  drawNoun,
  drawPair,
  fill,
  isPerson,
  mainClause,
  nounPhrase,
  pronounOf,
  reasonClause,
  singular,
  type Noun,
  type Split,
} from './clauses.ts';
import { Draft } from './draft.ts';
import type { Family, Sentence } from './families.ts';
import { fillers, frames, links, nouns, verbs, type NounClass } from './lexicon.ts';

export const mask = '[MASK]';

/** The families that evaluation asks; training also gets `fragment`s. */
const shares: Readonly<Record<Family, number>> = {
  noun: 0.36,
  pronoun: 0.24,
  question: 0.06,
  reason: 0.1,
  agreement: 0.22,
  fragment: 0.02,
};

function drawFamily(random: SeededRandom): Family {
  let rest = random.next();
  for (const [family, share] of Object.entries(shares))
    if ((rest -= share) < 0) return family as Family;
  return 'noun';
}

// Where both nouns may be of one kind, two layers cannot tell which reason a repeated noun needs: not asked.
const framesOfTwoKinds = frames.filter(
  ({ subjects, objects }) => !subjects.some((kind) => objects.includes(kind)),
);

function coreference(
  random: SeededRandom,
  family: 'noun' | 'pronoun' | 'question' | 'reason',
  split: Split,
): Sentence {
  const frame = random.pick(family === 'reason' ? framesOfTwoKinds : frames);
  let pair: [Noun, Noun];
  let isSubject: boolean;
  let referent: Noun;
  do {
    pair = drawPair(random, split, [frame.subjects, frame.objects], { plural: 0.15, name: 0.4 });
    isSubject = chance(random, 0.5);
    referent = pair[isSubject ? 0 : 1];
  } while ((family === 'pronoun' || family === 'question') && !pronounOf(referent));
  const rival = pair[isSubject ? 1 : 0];
  const reasons = isSubject ? frame.ofSubject : frame.ofObject;
  const reason = random.pick(reasons);

  const main = mainClause(random, frame, pair, chance(random, 0.5));
  let determiner = referent.isName
    ? ''
    : chance(random, 0.9)
      ? 'the'
      : random.pick(['that', 'this', 'my', 'our']);
  if (referent.plural && (determiner === 'this' || determiner === 'that')) determiner = 'the';
  const because =
    family === 'pronoun' || family === 'question'
      ? reasonClause(random, '', pronounOf(referent)!, referent.plural, reason)
      : reasonClause(
          random,
          determiner,
          family === 'noun' ? mask : referent.form,
          referent.plural,
          reason,
        );
  const draft = joined(random, main, because, family === 'noun' || family === 'reason');

  const answers = new Map<number, string>();
  if (family === 'question') {
    const word = isPerson(referent) || referent.isName ? 'who' : 'what';
    draft
      .add(`. ${word} ${referent.plural ? 'were' : 'was'} ${reason} ?`)
      .add(referent.isName ? '' : 'the')
      .add(mask, 'asked');
    answers.set(draft.find('referring'), referent.form);
  }
  const target = draft.find(
    family === 'question' ? 'asked' : family === 'reason' ? 'reason' : 'referring',
  );
  answers.set(target, family === 'reason' ? reason : referent.form);
  if (chance(random, 0.7)) draft.add(family === 'noun' && chance(random, 0.02) ? '?' : '.');
  const words = draft.words;
  if (family === 'reason') words[target] = mask;

  const sameForm = rival.plural === referent.plural && rival.isName === referent.isName;
  const canFlip =
    sameForm &&
    (family === 'noun' || (family === 'pronoun' && pronounOf(rival) === pronounOf(referent)));
  return {
    family,
    words,
    answers,
    target,
    referent: draft.find(isSubject ? 'subject' : 'object'),
    rival: draft.find(isSubject ? 'object' : 'subject'),
    reasons: family === 'reason' ? reasons : [],
    flip: canFlip
      ? {
          at: draft.find('reason'),
          reason: random.pick(isSubject ? frame.ofObject : frame.ofSubject),
          answer: rival.form,
        }
      : undefined,
  };
}

/** Main clause and reason, mostly in this order. */
function joined(random: SeededRandom, main: Draft, because: Draft, mayTurn: boolean): Draft {
  const order = random.next();
  if (mayTurn && order < 0.08)
    return new Draft()
      .add(random.pick(['because', 'since', 'as']))
      .append(because)
      .add(',')
      .append(main);
  if (mayTurn && order < 0.14)
    return new Draft()
      .append(because)
      .add(random.pick([', so', 'so', '. so']))
      .append(main);
  const rare = ['since', 'as', '.', ', because', ';'];
  return new Draft()
    .append(main)
    .add(chance(random, 8 / 13) ? 'because' : random.pick(rare))
    .append(because);
}

const inanimate: readonly NounClass[] = ['thing', 'container', 'covered', 'breakable', 'cover'];

const pluralOf = (base: string): string | null | undefined =>
  Object.values(nouns)
    .map((kind) => kind[base])
    .find(Boolean);

function agreement(random: SeededRandom, split: Split): Sentence {
  const kinds: readonly NounClass[] = chance(random, 0.6) ? inanimate : ['animal', 'person'];
  const others: readonly NounClass[] = [...inanimate, 'animal', 'person'];
  let [head, rival] = drawPair(random, split, [kinds, others], { plural: 0.6, name: 0.1 });
  if (chance(random, 0.7) && !rival.isName) {
    // Mostly the rival asks for the other number.
    const plural = pluralOf(rival.base);
    if (head.plural) rival = singular(rival.base);
    else if (plural) rival = { base: rival.base, form: plural, plural: true, isName: false };
  }
  const verb = verbs[random.pick(['present', 'present', 'past', 'perfect'] as const)];
  const draft = new Draft()
    .add(random.pick(verb.openings))
    .append(nounPhrase(random, head, 'head', false));
  let plural = head.plural;
  const shape = random.next();
  if (shape < 0.65) {
    draft.add(random.pick(links)).append(nounPhrase(random, rival, 'rival', chance(random, 0.1)));
    if (chance(random, 0.15)) {
      const other = drawNoun(random, inanimate, { plural: 0.5, name: 0 });
      draft.add(random.pick(links)).append(nounPhrase(random, other, 'other', false));
    }
  } else if (shape < 0.8) {
    const other = drawNoun(random, ['person'], { plural: 0.5, name: 0.4 });
    draft
      .add('that')
      .append(nounPhrase(random, other, 'rival', false))
      .add(random.pick(['saw', 'found', 'bought', 'liked']));
  } else if (shape < 0.87) {
    draft.add('and').append(nounPhrase(random, rival, 'rival', false));
    plural = true;
  }
  draft.add(mask, 'verb').add(fill(random, random.pick(verb.endings)));
  if (chance(random, 0.7)) draft.add('.');
  const target = draft.find('verb');
  return {
    family: 'agreement',
    words: draft.words,
    answers: new Map([[target, plural ? verb.plural : verb.singular]]),
    target,
    referent: draft.find('head'),
    rival: draft.has('rival') ? draft.find('rival') : undefined,
    reasons: [],
  };
}

/** One clause alone: no word of it has one right answer, but the model shall stay sensible on it. */
function fragment(random: SeededRandom, split: Split): Sentence {
  const frame = random.pick(frames);
  const pair = drawPair(random, split, [frame.subjects, frame.objects], {
    plural: 0.15,
    name: 0.4,
  });
  const [first] = pair;
  let draft: Draft;
  let target: number;
  if (chance(random, 0.5)) {
    draft = mainClause(random, frame, pair, true);
    target = random.integer(draft.words.length);
  } else {
    draft = reasonClause(
      random,
      first.isName ? '' : 'the',
      first.form,
      first.plural,
      random.pick(frame.ofSubject),
    );
    target = draft.find(random.pick(['referring', 'reason']));
  }
  if (chance(random, 0.7)) draft.add('.');
  const words = draft.words;
  const answer = words[target]!;
  words[target] = mask;
  return { family: 'fragment', words, answers: new Map([[target, answer]]), target, reasons: [] };
}

/** The sentence between other words. */
function between(
  sentence: Sentence,
  before: readonly string[],
  after: readonly string[],
): Sentence {
  const shift = before.length;
  const moved = (at: number | undefined): number | undefined =>
    at === undefined ? undefined : at + shift;
  return {
    ...sentence,
    words: [...before, ...sentence.words, ...after],
    answers: new Map([...sentence.answers].map(([at, answer]) => [at + shift, answer])),
    target: sentence.target + shift,
    referent: moved(sentence.referent),
    rival: moved(sentence.rival),
    flip: sentence.flip && { ...sentence.flip, at: sentence.flip.at + shift },
  };
}

const withStop = (words: readonly string[]): string[] =>
  words.at(-1) === '.' ? [...words] : [...words, '.'];

/** The sentence beside another, now and then. */
function inCompany(random: SeededRandom, sentence: Sentence, split: Split): Sentence {
  const filler = (): string[] => fill(random, random.pick(fillers)).split(' ');
  const drawn = random.next();
  if (drawn < 0.08) return between(sentence, filler(), []);
  if (drawn < 0.11) return between({ ...sentence, words: withStop(sentence.words) }, [], filler());
  if (drawn >= 0.15) return sentence;
  const other = drawSentence(random, split, { mostWords: 30 });
  return between(
    sentence,
    withStop(
      other.words.map((word, at) => (word === mask ? (other.answers.get(at) ?? word) : word)),
    ),
    [],
  );
}

/** One sentence of the split: a drawn or the given family, sometimes with unknown words or a second sentence beside. */
export function drawSentence(
  random: SeededRandom,
  split: Split,
  { family, mostWords = 62 }: { family?: Family; mostWords?: number } = {},
): Sentence {
  for (;;) {
    const chosen = family ?? drawFamily(random);
    const drawn =
      chosen === 'agreement'
        ? agreement(random, split)
        : chosen === 'fragment'
          ? fragment(random, split)
          : coreference(random, chosen, split);
    const sentence = inCompany(random, chance(random, 0.12) ? blur(random, drawn) : drawn, split);
    if (sentence.words.length <= mostWords) return sentence;
  }
}

/** The same sentence with the other noun's reason: the rival is right. Needs a flip. */
export function flipped(sentence: Sentence): Sentence {
  const { at, reason, answer } = sentence.flip!;
  return {
    ...sentence,
    words: sentence.words.map((word, i) => (i === at ? reason : word)),
    answers: new Map([[sentence.target, answer]]),
    referent: sentence.rival,
    rival: sentence.referent,
    flip: undefined,
  };
}
