// Order and positions: the model of the first chapter, with its positions taken away.
import type { Chapter } from './chapter.ts';
import { coreference } from './coreference.ts';

const [attention] = coreference.cards;

export const order: Chapter = {
  id: 'order',
  model: 'coreference',
  inputs: coreference.inputs,
  cards: [
    {
      ...attention!,
      tab: { en: 'The same model', zh: '同一个模型' },
    },
    {
      tab: { en: 'Without positions', zh: '没有位置' },
      question: {
        en: 'Does attention know which word comes first?',
        zh: '注意力知道哪个词在前吗？',
      },
      view: 'path',
      control: 'change',
      interventions: [{ at: 'pos_embed', op: 'zero' }],
      action: { en: 'Take the positions away', zh: '去掉位置' },
      guess: {
        ask: {
          en: 'Every word enters with a vector for its place. Without it …',
          zh: '每个词进入时都带着一个表示位置的向量。没有它……',
        },
        options: [
          { en: 'nothing changes: the words are the same', zh: '没有变化：词还是那些词' },
          { en: 'the blank cannot find its neighbour', zh: '空格找不到它的邻居' },
          { en: 'the words swap places', zh: '词会互换位置' },
        ],
        right: 1,
      },
      why: {
        en: 'Attention itself sees a bag of words: shuffle them and every weight moves along unchanged. Only the position added to each word’s vector tells neighbours from strangers. Without it “{answer}” falls from {share} to {nowShare}.',
        zh: '注意力本身看到的只是一袋词：打乱顺序，每个权重会原样跟着走。只有加在每个词向量上的位置才能分清谁是邻居。没有它，“{answer}” 从 {share} 跌到 {nowShare}。',
      },
    },
    {
      tab: { en: 'Where it hurts', zh: '伤在哪里' },
      question: {
        en: 'Which number does a position change?',
        zh: '位置改变的是哪个数？',
      },
      view: 'score',
      control: 'key',
      guess: {
        ask: {
          en: 'The position is added to …',
          zh: '位置被加到……',
        },
        options: [
          { en: 'the word’s vector, before W_Q and W_K', zh: '词向量上，在 W_Q 和 W_K 之前' },
          { en: 'the weight', zh: '权重上' },
          { en: 'the answer', zh: '答案上' },
        ],
        right: 0,
      },
      why: {
        en: 'A word’s vector is its meaning plus its place. So query and key hold both, and a head can ask for “the word after me” as well as for “a tired thing”. Choose a word to see its key.',
        zh: '词的向量是词义加上位置，所以查询和键里两者都有：一个头既能找“我后面的那个词”，也能找“会累的东西”。选一个词，看看它的键。',
      },
    },
  ],
};
