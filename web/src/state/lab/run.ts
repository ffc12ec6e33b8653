// What a model is given, and what one forward pass over it gives back: the data that every view of Explore reads.
import type { ForwardInputs, Tensor } from 'attention-lab';
import type { Ink } from '../../lib/pen.ts';
import type { InputToken, SitePattern } from '../shared/attention.ts';

export interface Token extends InputToken {
  id: number;
  /** As it is shown: without a tokenizer's own marks; an unknown word as it was typed. */
  text: string;
  /** Added around the text: [CLS], [SEP], padding. Not [MASK], which a reader writes. */
  special: boolean;
  continues: boolean;
  /** Not in the vocabulary: the model sees [UNK]. */
  unknown: boolean;
}

/** A drawing, or a picture that was opened: its pixels stay on this machine. */
export type Shown = { drawing: Ink } | { name: string; bitmap: ImageBitmap };

/** All that a reader gives; a model takes what it reads. */
export interface Input {
  /** What a model of one text reads, and the encoder of an encoder–decoder. */
  text: string;
  /** What a decoder has written so far. */
  target: string;
  picture: Shown | null;
}

/** One forward pass over one input. */
export interface Run {
  /** What `forward` was given. */
  inputs: ForwardInputs;
  /** Every attention, layer by layer; an encoder–decoder has three kinds of them. */
  sites: readonly SitePattern[];
  /** Those whose vectors leave the model, row by row: of a text, of what a decoder was given, or the places of a picture. */
  tokens: readonly InputToken[];
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
  attentions: Tensor[]; //        N × [1, H, T, T]
  /** The model's, where every layer was traced. */
  outProjections?: ReadonlyMap<string, Tensor>;
}
