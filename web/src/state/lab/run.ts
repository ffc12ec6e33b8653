// What a model is given, and what one forward pass over it gives back: the data that every view of Explore reads.
import type { ForwardInputs, Tensor } from 'attention-lab';
import type { Ink } from '../../lib/pen.ts';
import type { InputToken, SitePattern } from '../shared/attention.ts';

/** One attention of a run. A big model records the weights of the one that is looked at. */
export interface Site extends Omit<SitePattern, 'pattern' | 'targets' | 'onTarget'> {
  heads: number;
  pattern: Tensor | null; // [1, H, T, S]
}

export interface Token extends InputToken {
  id: number;
  /** As it is shown: without a tokenizer's own marks; an unknown word as it was typed. */
  text: string;
  /** Added around the text: [CLS], [SEP], padding. Not [MASK], which a reader writes. */
  special: boolean;
  continues: boolean;
  /** What it adds to a merged word, where that is not its text. */
  joins?: string;
  /** Not in the vocabulary: the model sees [UNK]. */
  unknown: boolean;
}

/** A drawing, or a picture that was opened: its pixels stay on this machine. */
export type Shown = { drawing: Ink } | { name: string; bitmap: ImageBitmap };

/** All that a reader gives; a model takes what it reads. */
export interface Input {
  /** What a model of one text reads, and the encoder of an encoder–decoder. */
  text: string;
  /** A second text, for models with token types: [CLS] A [SEP] B [SEP]. null: none. */
  pair: string | null;
  /** Places of the tokens that attend to all and that all attend to, in models that have them (Longformer). */
  globals: readonly number[];
  /** What a decoder has written so far. */
  target: string;
  picture: Shown | null;
}

/** One forward pass over one input. */
export interface Run {
  /** The number of its pass. */
  pass: number;
  /** What `forward` was given. */
  inputs: ForwardInputs;
  /** Every attention, layer by layer; an encoder–decoder has three kinds of them. */
  sites: readonly Site[];
  /** Those whose vectors leave the model, row by row: of a text, of what a decoder was given, or the places of a picture. */
  tokens: readonly InputToken[];
  /** Of `tokens`, where they are words of the model. */
  ids?: readonly number[];
  /** The text had more tokens than the model has positions. */
  truncated: boolean;
  trace: ReadonlyMap<string, Tensor>;
  lastHiddenState: Tensor; //     [1, T, D]
  logits?: Tensor | undefined; // [1, T, V], of a picture [1, V]
  /** The picture as the model saw it [1, C, H, W], and its patches as rows and columns. */
  seen?: { pixels: Tensor; grid: readonly [rows: number, columns: number] };
  milliseconds: number;
}

/** Of a text, whose tokens are words of the model. */
export interface TextRun extends Run {
  tokens: readonly Token[];
  /** The model's, where every layer was traced. */
  outProjections?: ReadonlyMap<string, Tensor>;
}
