// The attention of a model's run as data: sites, heads and the tokens along their axes. Plain types, no code.
import type { Tensor } from 'attention-lab';
import type { Target } from '../../lessons/lesson.ts';

/** One head, by the activation that holds all heads of its layer: `blocks.0.attn`. */
export interface HeadName {
  site: string;
  head: number;
}

export type SiteKind = 'self' | 'encoder' | 'decoder' | 'cross';

export interface InputToken {
  text: string;
  /** Stands for no part of the input: a beginning, a separator, the class token. */
  special: boolean;
  unknown: boolean;
  /** Part of the word before it. */
  continues?: boolean;
}

/** The attention of one layer, all heads. */
export interface SitePattern {
  site: string;
  kind: SiteKind;
  /** Within its kind, from 0. */
  layer: number;
  pattern: Tensor; // [1, H, T, S]
  rows: readonly InputToken[]; //    T
  columns: readonly InputToken[]; // S
  /** Where the answers are to be found in this attention, as the lesson says; none where it says nothing. */
  targets: readonly Target[];
  /** head → mean attention on the target keys; null where there are no targets. */
  onTarget: readonly number[] | null;
}
