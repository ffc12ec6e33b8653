// What a chapter shows whose model does not read one sentence: its numbers, its figure, its line. Types only.
import type { Card, Chapter, ChapterInput } from '../../learn/chapters/chapter.ts';
import type { Arc, Figure } from '../../parts/figure.ts';

/** What a reader has chosen, as a subject reads it. */
export interface Chosen {
  readonly chapter: Chapter;
  readonly card: Card;
  readonly input: ChapterInput;
  readonly side: 0 | 1;
  /** The card's control is on. */
  readonly on: boolean;
  /** A token of the first storey. */
  readonly selected: number | null;
}

export interface Subject {
  /** For the texts of the cards. */
  readonly values: Readonly<Record<string, string>>;
  readonly figure: Figure;
  /** One sentence on what is drawn. */
  readonly line: string;
  /** A picture, where that is what is drawn. */
  readonly picture?: ShadedPicture | null;
  describe(arc: Arc): string;
  /** The same in the other rooms, as addresses. */
  readonly lab: string | null;
}

/** A drawing and how strongly each of its patches is shaded. */
export interface ShadedPicture {
  /** Ink, row by row, 0 to 1. */
  ink: { width: number; height: number; ink: Float32Array };
  grid: readonly [rows: number, columns: number];
  /** One or several ways to shade it, each with its name; `isSigned`: above 0 helps the answer, below 0 hurts it. */
  shades: readonly { name: string; weights: Float32Array; isSigned: boolean }[];
}
