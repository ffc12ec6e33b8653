// What a chapter of Learn is: text in two languages, a model of this page, inputs, and cards. Data only: a new chapter needs no view.
import type { Intervention, ListingName } from 'attention-lab';
import type { Text } from '../../lessons/lesson.ts';

/** A sentence with one word that a reader swaps: `{word}` stands for it. */
export interface ChapterInput {
  text: string;
  /** How it is said to the reader, where it is no text that a model reads. */
  says?: Text;
  words: readonly [string, string];
  /** Of a drawing: the picture for each word, as a link holds it (`lib/ink-text.ts`). */
  drawings?: readonly [string, string];
  /** Letters, not a sentence: written as they are. */
  isVerbatim?: boolean;
}

/**
 * What a reader can do on a card. `swap`: put the other word. `block`: the mask, on the arc to the word
 * that decides. `cut`: nothing comes through the arcs below it, by which the word it reads was written. `off`: the head that reads it. `key`: choose whose key is multiplied. `heads`: two heads side by side. `unscale`: no division by √d. `change`: what
 * the card's own `interventions` say.
 */
export type Control = 'cut' | 'swap' | 'key' | 'unscale' | 'block' | 'heads' | 'off' | 'change';

/**
 * How a chapter's model reads, where it is not one stack over one sentence whose hidden or next word is asked for. `translation`: an
 * encoder–decoder writes an answer; `drawing`: a model of pictures; `listings`: published programs with the matrices of the chapter's
 * model; `recurrent`: a recurrent network beside the chapter's model.
 */
export type SubjectKind = 'translation' | 'drawing' | 'listings' | 'recurrent';

/** How the figure shows it: the arcs that matter; the arithmetic of one weight; one row of weights, before and after; heads. */
export type View = 'path' | 'score' | 'softmax' | 'heads' | 'drawing';

/**
 * In a card's texts, `{name}` stands for something computed in the loaded model: `{word}` and `{other}` (the swapped word, and the one
 * that is not there), `{answer}`, `{share}`, `{rival}` (the answer for the other word), `{noun}` (whom the asked word reads most), `{asked}` (the word whose answer is asked for),
 * `{weight}`, `{head}` (which head does), `{now}` (the answer after the change), `{nowShare}`, `{d}`, `{root}`, `{slope}`.
 */
export interface Card {
  tab: Text;
  question: Text;
  view: View;
  control: Control;
  interventions?: readonly Intervention[];
  /** Its own input instead of the reader's choice, by its number from 0. */
  input?: number;
  /** Of a translation: what of the input nobody may read while the control is on, as a regular expression. */
  hides?: string;
  /** Of listings: the program that is shown, what is shown instead while the control is on, and whether the asked word may read nobody. */
  listing?: ListingName;
  beside?: ListingName | 'model' | 'weights';
  masksAll?: boolean;
  /** All heads are drawn; else the first. */
  allHeads?: boolean;
  /** Of a drawing: whose attention shades it, or what hiding each patch does to the answer. */
  shades?: 'head' | 'heads' | 'occlusion';
  /** What the control is called when it is off. */
  action?: Text;
  guess: { ask: Text; options: readonly Text[]; right: number };
  /** The answer, in two or three sentences. */
  why: Text;
}

export interface Chapter {
  id: string;
  /** The folder of a shipped model. */
  model: string;
  inputs: readonly ChapterInput[];
  cards: readonly Card[];
  /** Default: one stack over one sentence. */
  subject?: SubjectKind;
}
