// Unknown words where they decide nothing: what a learner types will hold many.
import type { SeededRandom } from 'attention-lab';
import { chance } from './clauses.ts';
import { frames, verbs } from './lexicon.ts';
import type { Sentence } from './families.ts';

export const unknown = '[UNK]';

/** Words that carry the structure, the reason or the number: never hidden. */
const telling = new Set([
  ...['because', 'since', 'as', 'not', 'by', '.', ',', ';', '?', 'the', "'", 't', 'and', 'that'],
  ...frames.flatMap(({ ofSubject, ofObject }) => [...ofSubject, ...ofObject]),
  ...frames.flatMap(({ verb, passive }) => [verb.split(' ')[0]!, ...(passive ? [passive] : [])]),
  ...['in', 'into'],
  ...Object.values(verbs).flatMap(({ singular, plural }) => [singular, plural]),
  ...['been', 'yesterday', 'now', 'day', 'last', 'night'],
]);

export function blur(random: SeededRandom, sentence: Sentence): Sentence {
  const { family, referent, rival } = sentence;
  const words = [...sentence.words];
  const fixed = new Set<number | undefined>([
    sentence.target,
    referent,
    rival,
    ...sentence.answers.keys(),
  ]);
  const isFree = (word: string, at: number): boolean =>
    !fixed.has(at) &&
    !telling.has(word) &&
    !sentence.reasons.includes(word) &&
    !(family === 'reason' && word === words[referent!]); // the repeated noun asks the question
  const free = random.shuffle(words.flatMap((word, at) => (isFree(word, at) ? [at] : [])));
  for (const at of free.slice(0, random.pick([1, 1, 2]))) words[at] = unknown;
  if (
    (family !== 'noun' && family !== 'pronoun') ||
    referent === undefined ||
    rival === undefined ||
    !chance(random, 0.3)
  )
    return { ...sentence, words };

  const hidden = random.pick([referent, rival]);
  words[hidden] = unknown;
  // Where it is the referent, the right answer is a word that the model has no name for.
  const answers =
    hidden === referent
      ? new Map([...sentence.answers.keys()].map((at) => [at, unknown]))
      : sentence.answers;
  return { ...sentence, words, answers, flip: undefined };
}
