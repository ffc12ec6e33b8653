// Before attention: a recurrent network and a transformer, trained on the same task with about as many weights.
// Cho et al. 2014, arXiv:1406.1078; the network is trained by scripts/train-recurrent.mjs.
import type { Chapter } from './chapter.ts';

export const recurrent: Chapter = {
  id: 'before-attention',
  model: 'copy',
  subject: 'recurrent',
  inputs: [
    { text: 'kqz{word}abtkqz', words: ['m', 'x'], isVerbatim: true },
    { text: 'kqz{word}abtcdefghijlnopkqz', words: ['m', 'x'], isVerbatim: true },
  ],
  cards: [
    {
      tab: { en: 'One vector for all', zh: '一个向量装下一切' },
      question: {
        en: 'Before attention, networks read letter by letter. What do they remember of “{noun}”?',
        zh: '在注意力出现之前，网络逐个字母地读。它们还记得 “{noun}” 多少？',
      },
      view: 'path',
      control: 'swap',
      input: 0,
      guess: {
        ask: {
          en: 'A recurrent network (GRU) keeps one vector and rewrites it at every letter. At the last “{asked}”, what is most of it made of?',
          zh: '循环网络（GRU）只有一个向量，每读一个字母就改写一次。读到最后的 “{asked}” 时，它主要由什么构成？',
        },
        options: [
          { en: 'the letters just read', zh: '刚刚读过的字母' },
          { en: 'the letters it needs', zh: '它需要的字母' },
          { en: 'all letters alike', zh: '所有字母，一样多' },
        ],
        right: 0,
      },
      why: {
        en: 'Blue: attention gives {weight} to “{noun}”, {back} letters back, and says {answer}. Purple: of all that the recurrent network still feels, {recent} is of the last three letters and {influence} of “{noun}”: each step has written over what was there. Attention writes over nothing. It goes back and reads.',
        zh: '蓝色：注意力把 {weight} 给了 {back} 个字母之前的 “{noun}”，答案是 {answer}。紫色：循环网络还记得的内容里，最后三个字母占 {recent}，“{noun}” 占 {influence}：每一步都会覆盖原有的内容。注意力什么也不覆盖，它回头去读。',
      },
    },
    {
      tab: { en: 'Further back', zh: '更久以前' },
      question: {
        en: 'And if “{noun}” stands {back} letters back?',
        zh: '如果 “{noun}” 在 {back} 个字母之前呢？',
      },
      view: 'path',
      control: 'swap',
      input: 1,
      guess: {
        ask: {
          en: 'Over all tests attention is right in {attention}. The recurrent network, four letters back, in {near}. And twenty back?',
          zh: '在全部测试中，注意力的正确率是 {attention}。循环网络在相隔 4 个字母时是 {near}。相隔 20 个呢？',
        },
        options: [
          { en: 'as often', zh: '一样' },
          { en: 'far less often', zh: '低得多' },
          { en: 'more often: it has read more', zh: '更高：它读得更多' },
        ],
        right: 1,
      },
      why: {
        en: 'In {far}: the further back, the more often it was written over. {accuracy} are right in all. Both were trained on this task, with about as many weights ({weights} and {others}), the recurrent one on ten times the examples. For attention {back} letters back are as near as one: a single step, a single weight.',
        zh: '只有 {far}：越久以前，被覆盖的次数越多。总的正确率是 {accuracy}。两者都在这个任务上训练，参数差不多（{weights} 和 {others}），循环网络的样本还多十倍。对注意力来说，{back} 个字母之前和一个字母之前一样近：只需一步，一个权重。',
      },
    },
    {
      tab: { en: 'What does it cost?', zh: '代价是什么？' },
      question: {
        en: 'Attention forgets nothing. What is the price?',
        zh: '注意力什么也不忘。代价是什么？',
      },
      view: 'path',
      control: 'swap',
      input: 1,
      guess: {
        ask: {
          en: 'These are {letters} letters. If there were twice as many, attention would compute …',
          zh: '这里有 {letters} 个字母。如果多一倍，注意力的计算量会是……',
        },
        options: [
          { en: 'twice as many weights', zh: '两倍的权重' },
          { en: 'as many as now', zh: '和现在一样' },
          { en: 'about four times as many', zh: '大约四倍' },
        ],
        right: 2,
      },
      why: {
        en: 'Each letter reads every letter before it and itself: {pairs} weights a head for {letters} letters, and four times that for twice the length. A recurrent network takes one step a letter, but step by step: none can begin before the last is done. Attention computes all its rows at once, which suits today’s chips. Fast training won; long texts are dear.',
        zh: '每个字母都要读它自己和前面的所有字母：{letters} 个字母，每个头 {pairs} 个权重；长度翻倍，就是四倍。循环网络每个字母只走一步，却只能一步接一步。注意力同时算出所有的行，正合今天芯片的胃口。训练快，所以它赢了；长文本则很贵。',
      },
    },
  ],
};
