// All lessons, in the order in which the page offers them.
import { brackets } from './brackets.ts';
import { coreference } from './coreference.ts';
import { copy } from './copy.ts';
import { dates } from './dates.ts';
import { digits } from './digits.ts';
import type { Lesson } from './lesson.ts';
import { reverse } from './reverse.ts';
import { sort } from './sort.ts';

export const lessons: readonly Lesson[] = [
  copy,
  sort,
  reverse,
  brackets,
  dates,
  digits,
  coreference,
];

/** The files of a lesson's checkpoint that Explore reads: what `folderOf` writes. The rest of a folder need not be asked for. */
export function filesOf(lesson: Lesson): string[] {
  if (lesson.kind === 'drawing')
    return ['config.json', 'model.safetensors', 'preprocessor_config.json'];
  const stops = lesson.prompt?.(lesson.samples[0]!).stopTokens ?? [];
  return [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    ...(stops.length > 0 ? ['generation_config.json'] : []),
  ];
}

/** undefined where no lesson has that id. */
export const lessonOf = (id: string): Lesson | undefined =>
  lessons.find((lesson) => lesson.id === id);
