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
  {
    id: 'dates',
    name: { en: 'Translation: dates', zh: '翻译：日期' },
    load: () => import('./dates.ts').then(({ dates }) => dates),
  },
  {
    id: 'digits',
    name: { en: 'Pictures: digits', zh: '图片：数字' },
    load: () => import('./digits.ts').then(({ digits }) => digits),
  },
  {
    id: 'before-attention',
    name: { en: 'Before attention', zh: '注意力之前' },
    load: () => import('./recurrent.ts').then(({ recurrent }) => recurrent),
  },
  {
    id: 'listings',
    name: { en: 'Five published programs', zh: '五个已发表的程序' },
    load: () => import('./listings.ts').then(({ listings }) => listings),
  },
];

/** The first where there is none of that id. */
export const loadChapter = (id: string | undefined): Chapter | Promise<Chapter> =>
  (chapters.find((chapter) => chapter.id === id) ?? chapters[0]!).load();
