// The chapters of Learn, in the order in which they are offered. A new one is a file here and a line below.
import type { Chapter } from './chapter.ts';
import { coreference } from './coreference.ts';
import { order } from './order.ts';

export const chapters: readonly Chapter[] = [coreference, order];

export const chapterOf = (id: string | undefined): Chapter =>
  chapters.find((chapter) => chapter.id === id) ?? coreference;
