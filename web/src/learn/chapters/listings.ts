// Five published programs that print attention in a few lines, run on a trained model's matrices: docs/listings.md says what each computes.
import type { Chapter } from './chapter.ts';
import { coreference } from './coreference.ts';

export const listings: Chapter = {
  id: 'listings',
  model: 'coreference',
  subject: 'listings',
  inputs: coreference.inputs,
  cards: [
    {
      tab: { en: 'Nothing learned', zh: '什么也没学' },
      question: {
        en: 'A program without W_Q and W_K: whom does each word read?',
        zh: '一个没有 W_Q 和 W_K 的程序：每个词读谁？',
      },
      view: 'path',
      control: 'change',
      listing: 'no_weights',
      beside: 'model',
      action: { en: 'With the trained W_Q and W_K', zh: '换上训练好的 W_Q 和 W_K' },
      guess: {
        ask: {
          en: 'It multiplies every word’s vector with every other’s and takes the softmax. The blank reads most …',
          zh: '它把每个词的向量与其他词的相乘，再做 softmax。空格最主要读……',
        },
        options: [
          { en: 'itself', zh: '它自己' },
          { en: 'the noun that fits', zh: '相符的名词' },
          { en: 'all words alike', zh: '所有词，一样多' },
        ],
        right: 0,
      },
      why: {
        en: 'No vector fits another as well as it fits itself: {self} of {count} tokens read themselves most, the blank with {largest}. W_Q and W_K turn “what am I?” into “what do I look for?”, so that a word can read something unlike itself: with this model’s, its first head gives {nowLargest} to {nowOf}. Attention without learned matrices compares; it cannot ask.',
        zh: '没有哪个向量比它自己更与自己相符：{count} 个词元中有 {self} 个最主要读自己，空格给自己 {largest}。W_Q 和 W_K 把“我是什么”变成“我要找什么”，词才能读与自己不同的东西：换上这个模型的矩阵，第 1 个头把 {nowLargest} 给了{nowOf}。没有学到的矩阵，注意力只会比较，不会提问。',
      },
    },
    {
      tab: { en: 'Softmax left out', zh: '省掉 softmax' },
      question: {
        en: 'A program uses the scores themselves as weights. What is lost?',
        zh: '一个程序直接把分数当权重。少了什么？',
      },
      view: 'path',
      control: 'change',
      listing: 'multi_head',
      beside: 'multi_head_no_softmax',
      action: { en: 'Leave out the softmax', zh: '省掉 softmax' },
      guess: {
        ask: {
          en: 'With softmax the first head gives {largest} to {largestOf}. Without it the weights of a row …',
          zh: '有 softmax 时，第 1 个头把 {largest} 给了{largestOf}。没有它，一行权重会……',
        },
        options: [
          { en: 'still add up to 100%', zh: '仍然合计 100%' },
          { en: 'may be negative and add up to anything', zh: '可能为负，合计可以是任何数' },
          { en: 'are all equal', zh: '全都相等' },
        ],
        right: 1,
      },
      why: {
        en: 'Same matrices, same scores; now {nowNegative} of {count} weights are negative (purple) and the row adds up to {nowTotal}. A negative weight subtracts a word instead of reading it, and a long sentence counts for more than a short one. Softmax makes every row a set of shares: all positive, together 100%.',
        zh: '同样的矩阵，同样的分数；现在 {count} 个权重中有 {nowNegative} 个为负（紫色），合计 {nowTotal}。负的权重不是读一个词，而是减去它；长句子也会比短句子分量更重。softmax 让每一行都成为比例：全为正，合计 100%。',
      },
    },
    {
      tab: { en: 'One wide head', zh: '一个宽头' },
      question: {
        en: 'A program with a single head, as wide as the model: is one enough?',
        zh: '一个程序只有一个头，与模型一样宽：一个够吗？',
      },
      view: 'path',
      control: 'change',
      listing: 'single_head',
      beside: 'multi_head',
      allHeads: true,
      action: { en: 'Split it into four heads', zh: '分成四个头' },
      guess: {
        ask: {
          en: 'The same trained matrices, one head instead of four, ÷ √64 = {wide}. The blank reads …',
          zh: '同样的训练好的矩阵，一个头代替四个，除以 √64 = {wide}。空格读……',
        },
        options: [
          { en: 'what all four read, side by side', zh: '四个头所读的全部' },
          { en: 'nothing', zh: '什么也不读' },
          { en: 'only what the loudest of the four reads', zh: '只读四个中声音最大的' },
        ],
        right: 2,
      },
      why: {
        en: 'A single head adds up the scores of all four and takes one softmax, so the loudest wins: {largest} goes to {largestOf}, and the noun is lost. Split into four, each head has a softmax of its own, and one of them gives {nowLargest} to what it looks for. Several heads are several questions, each with 100% to spend.',
        zh: '一个头把四个头的分数加在一起，只做一次 softmax，声音最大的获胜：{largest} 归{largestOf}，名词就丢了。分成四个头，各做各的 softmax，其中一个把 {nowLargest} 给了它要找的。多个头就是多个问题，每个都有 100% 可用。',
      },
    },
    {
      tab: { en: 'One matrix for three', zh: '三个矩阵合成一个' },
      question: {
        en: 'A program makes q, k and v with one matrix of 3 × 64 rows. Is that other attention?',
        zh: '一个程序用一个 3 × 64 行的矩阵算出 q、k、v。这是另一种注意力吗？',
      },
      view: 'path',
      control: 'change',
      listing: 'fused',
      beside: 'single_head',
      action: { en: 'Three matrices instead', zh: '改用三个矩阵' },
      guess: {
        ask: {
          en: 'Put this model’s W_Q, W_K and W_V below each other in one matrix. Against three of their own, the weights …',
          zh: '把这个模型的 W_Q、W_K、W_V 上下叠成一个矩阵。与三个分开的相比，权重……',
        },
        options: [
          { en: 'are the same', zh: '相同' },
          { en: 'are mixed up', zh: '混在一起' },
          { en: 'get smaller', zh: '变小' },
        ],
        right: 0,
      },
      why: {
        en: 'The largest difference of any two weights is {difference}: three products in one go are the same three products. Many real models are stored like this; it is faster. What this program does leave out is W_O, the matrix that mixes what the heads have fetched, which no weight shows.',
        zh: '任意两个权重的最大差别是 {difference}：一次算三个乘积，还是那三个乘积。许多真实的模型就是这样存的，算得更快。这个程序真正省掉的是 W_O，即把各头取来的信息混合起来的矩阵，而权重里看不出它。',
      },
    },
    {
      tab: { en: 'A row with no one to read', zh: '无人可读的一行' },
      question: {
        en: 'A program masks with −10²⁰ instead of −∞. When does that matter?',
        zh: '一个程序用 −10²⁰ 而不是 −∞ 做掩码。什么时候有区别？',
      },
      view: 'path',
      control: 'change',
      listing: 'shared_heads',
      beside: 'model',
      masksAll: true,
      action: { en: 'Mask with −∞', zh: '用 −∞ 做掩码' },
      guess: {
        ask: {
          en: 'The blank may read nobody at all: its whole row is masked. With −10²⁰ everywhere it reads …',
          zh: '不许空格读任何词：整行都被屏蔽。处处都是 −10²⁰ 时，它读……',
        },
        options: [
          { en: 'nobody', zh: '谁也不读' },
          { en: 'only itself', zh: '只读自己' },
          { en: 'everybody alike', zh: '所有词，一样多' },
        ],
        right: 2,
      },
      why: {
        en: 'Softmax only sees differences, and −10²⁰ everywhere has none: every word that was forbidden gets {largest}. With −∞ there is nothing left to share and the row is empty, as it should be. Such rows occur wherever a batch is padded; a mask that almost forbids then lets everything through.',
        zh: 'softmax 只看差别，而处处 −10²⁰ 就没有差别：每个被禁止的词都得到 {largest}。用 −∞，没有什么可分，这一行就是空的，本该如此。凡是批次里有填充就会出现这样的行；“几乎禁止”的掩码反而让一切通过。',
      },
    },
  ],
};
