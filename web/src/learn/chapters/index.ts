// The chapters of Learn, in the order in which they are offered. A new one is a file here and an entry below; all but the first are
// loaded when they are opened.
import type { Text } from '../../lessons/lesson.ts';
import type { Chapter } from './chapter.ts';
import { coreference } from './coreference.ts';

interface Entry {
  id: string;
  name: Text;
  load: () => Chapter | Promise<Chapter>;
}

export const firstChapter = coreference;

export const chapters: readonly Entry[] = [
  {
    id: 'coreference',
    name: { en: 'How attention works', zh: '注意力是怎样工作的' },
    load: () => coreference,
  },
  {
    id: 'order',
    name: { en: 'Order and positions', zh: '顺序与位置' },
    load: () => import('./order.ts').then(({ order }) => order),
  },
  {
    id: 'induction',
    name: { en: 'Copy and induction', zh: '复制与归纳头' },
    load: () => import('./induction.ts').then(({ induction }) => induction),
  },
];

/** The first where there is none of that id. */
export const loadChapter = (id: string | undefined): Chapter | Promise<Chapter> =>
  (chapters.find((chapter) => chapter.id === id) ?? chapters[0]!).load();
