// What the lesson's sentences are: their families, and what is known of each sentence. Pure.

export const families = ['noun', 'pronoun', 'question', 'reason', 'agreement'] as const;
export type Family = (typeof families)[number] | 'fragment';

export interface Sentence {
  family: Family;
  /** As the tokenizer gives them, without [CLS] and [SEP]. */
  words: string[];
  /** The words hidden, by their position. */
  answers: Map<number, string>;
  /** The position with one right answer. */
  target: number;
  /** The position of the noun that decides the answer, and of the one that would give the other. */
  referent?: number | undefined;
  rival?: number | undefined;
  /** The words that are as right as the answer (family `reason`). */
  reasons: readonly string[];
  /** One changed word, and the rival is right. */
  flip?: { at: number; reason: string; answer: string } | undefined;
}
