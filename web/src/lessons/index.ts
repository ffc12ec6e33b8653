// All lessons, in the order in which the page offers them.
import { brackets } from './brackets.ts';
import { coreference } from './coreference.ts';
import { copy } from './copy.ts';
import { dates } from './dates.ts';
import { digits } from './digits.ts';
import type { Lesson } from './lesson.ts';
import { reverse } from './reverse.ts';
import { sort } from './sort.ts';

export const lessons: readonly Lesson[] = [copy, sort, reverse, brackets, dates, digits, coreference];

/** undefined where no lesson has that id. */
export const lessonOf = (id: string): Lesson | undefined => lessons.find((lesson) => lesson.id === id);
