// Sentences as a batch of token ids: one id a word between [CLS] and [SEP], padded to the longest.
import type { SeededRandom } from 'attention-lab';
import { ignored } from '../answers.ts';
import { unknown } from './blur.ts';
import { chance } from './clauses.ts';
import type { Sentence } from './families.ts';
import { mask } from './sentence.ts';
import { specialTokens, words } from './vocabulary.ts';

export const vocabulary: readonly string[] = [...specialTokens, ...words()];
const ids = new Map(vocabulary.map((word, id) => [word, id]));
export const idOf = (word: string): number => ids.get(word) ?? ids.get(unknown)!;
const [padId, clsId, sepId] = ['[PAD]', '[CLS]', '[SEP]'].map(idOf) as [number, number, number];

/** `inputIds`, `attentionMask` and `labels`, each [B, T]. */
export function batchOf(sentences: readonly Sentence[]): {
  inputIds: number[][];
  attentionMask: number[][];
  labels: number[][];
} {
  const length = Math.max(...sentences.map(({ words: own }) => own.length)) + 2;
  const padded = (values: readonly number[], by: number): number[] => [
    ...values,
    ...Array(length - values.length).fill(by),
  ];
  return {
    inputIds: sentences.map((s) => padded([clsId, ...s.words.map(idOf), sepId], padId)),
    attentionMask: sentences.map((s) => padded(Array(s.words.length + 2).fill(1), 0)),
    labels: sentences.map((s) => {
      const labels = Array<number>(length).fill(ignored);
      for (const [at, answer] of s.answers) labels[at + 1] = idOf(answer);
      return labels;
    }),
  };
}

/** A quarter of the sentences hide a tenth of their other words too, so that the model stays sensible everywhere. */
export function withMoreMasks(random: SeededRandom, sentence: Sentence): Sentence {
  if (!chance(random, 0.25)) return sentence;
  const answers = new Map(sentence.answers);
  const hidden = sentence.words.map((word, at) => {
    if (answers.has(at) || word === unknown || !chance(random, 0.1)) return word;
    answers.set(at, word);
    return mask;
  });
  return { ...sentence, words: hidden, answers };
}
