// The first chapter: a hidden word, the word that decides, and two layers in between. Six questions about attention.
import type { Chapter } from './chapter.ts';

export const coreference: Chapter = {
  id: 'coreference',
  model: 'coreference',
  inputs: [
    {
      text: 'the animal did not cross the street because the [MASK] was too {word} .',
      words: ['tired', 'wide'],
    },
    {
      text: 'the trophy did not fit in the suitcase because the [MASK] was too {word} .',
      words: ['small', 'big'],
    },
  ],
  cards: [
    {
      tab: { en: 'What is attention?', zh: '什么是注意力？' },
      question: { en: 'What was too {word}?', zh: '太 {word} 的是什么？' },
      view: 'path',
      control: 'swap',
      guess: {
        ask: {
          en: 'If “{word}” became “{other}”, which word would the blank read?',
          zh: '如果把 “{word}” 换成 “{other}”，空格会读哪个词？',
        },
        options: [
          { en: 'still “{noun}”', zh: '还是 “{noun}”' },
          { en: '“{rival}”', zh: '“{rival}”' },
          { en: 'no word at all', zh: '哪个词都不读' },
        ],
        right: 1,
      },
      why: {
        en: 'Attention lets each word read other words and take something over from them, here in two steps: its layers. The nouns read the adjective; then the blank reads the noun that fits it. Click a word to see what it reads, and its weights: the share it takes from each.',
        zh: '注意力让每个词去读别的词，并从中取走信息；这里分两步，也就是两层。名词先读形容词，空格再读与之相符的名词。点击任意一个词，看看它读谁，以及权重：从每个词取走的比例。',
      },
    },
    {
      tab: { en: 'Where does {weight} come from?', zh: '{weight} 从何而来？' },
      question: {
        en: 'The blank reads “{noun}” with a weight of {weight}. Why {weight}?',
        zh: '空格以 {weight} 的权重读 “{noun}”。为什么是 {weight}？',
      },
      view: 'score',
      control: 'key',
      guess: {
        ask: {
          en: 'What makes the blank read “{noun}” and hardly “{rival}”?',
          zh: '是什么让空格读 “{noun}”，而几乎不读 “{rival}”？',
        },
        options: [
          { en: 'its key fits the query', zh: '它的键与查询相符' },
          { en: 'it stands nearer', zh: '它离得更近' },
          { en: 'a rule somebody wrote', zh: '有人写好的规则' },
        ],
        right: 0,
      },
      why: {
        en: 'Each word is a vector (its meaning + its place). Times W_Q, the blank’s becomes a query: what it asks for. Times W_K, every word’s becomes a key: what it offers. Multiply the two number by number and add up: the better they fit, the higher the score. Divide by √d (d = {d} numbers in a query; √{d} = {root}); softmax turns all scores into shares of 100%.',
        zh: '每个词是一个向量（词义 + 位置）。空格的向量乘以 W_Q 得到查询：它要找什么；每个词的向量乘以 W_K 得到键：它提供什么。两者逐项相乘再相加，越相符分数越高。除以 √d（d = {d}，查询里数的个数；√{d} = {root}），softmax 再把所有分数变成合计 100% 的比例。',
      },
    },
    {
      tab: { en: 'Why divide by √d?', zh: '为什么除以 √d？' },
      question: {
        en: 'Scores are divided by √{d} = {root}. What if they are not?',
        zh: '分数要除以 √{d} = {root}。不除会怎样？',
      },
      view: 'softmax',
      control: 'unscale',
      action: { en: 'Leave out ÷ √{d}', zh: '去掉 ÷ √{d}' },
      guess: {
        ask: {
          en: 'Without it every score is {root} times as large. The row of weights …',
          zh: '不除的话，每个分数都是原来的 {root} 倍。这一行权重会……',
        },
        options: [
          { en: 'stays the same', zh: '保持不变' },
          { en: 'turns spiky: one word takes all', zh: '变得尖锐：一个词独占' },
          { en: 'evens out', zh: '变得平均' },
        ],
        right: 1,
      },
      why: {
        en: 'A score adds up d products, so it grows with d, and softmax of large numbers gives one word nearly everything. A spiky row hardly moves when scores change ({slope} less here): almost no signal for training. ÷ √d keeps rows soft enough to learn. It helps training, so the answer of this model, already trained, hardly changes.',
        zh: '一个分数是 d 个乘积之和，所以 d 越大分数越大；对很大的数做 softmax，一个词几乎独占全部。尖锐的一行在分数变化时几乎不动（这里小了 {slope}），训练就几乎得不到信号。除以 √d，权重足够平滑，模型才学得动。它帮助的是训练，所以这个已训练好的模型答案几乎不变。',
      },
    },
    {
      tab: { en: 'What does a mask do?', zh: '掩码有什么用？' },
      question: {
        en: 'What if the blank may not read “{noun}”?',
        zh: '如果不许空格读 “{noun}”，会怎样？',
      },
      view: 'path',
      control: 'block',
      action: { en: 'Block: blank → “{noun}”', zh: '屏蔽：空格 → “{noun}”' },
      guess: {
        ask: {
          en: 'Block that arc. Who gets its {weight}?',
          zh: '屏蔽这条弧线。它的 {weight} 归谁？',
        },
        options: [
          { en: 'nobody: the row adds up to less', zh: '没有谁：合计变少' },
          { en: '“{noun}” keeps it', zh: '“{noun}” 留着' },
          { en: 'the other words', zh: '其他词' },
        ],
        right: 2,
      },
      why: {
        en: 'A mask says who may not read whom. It sets those scores to −∞ before softmax: their weight is exactly 0%, and the other words share the 100%. Models that write hide all later words this way, so that none can peek at its answer. It is not the hidden word “?” ([MASK]).',
        zh: '掩码规定谁不许读谁。它在 softmax 之前把这些分数设为 −∞：权重恰好为 0%，100% 由其余的词分享。会写作的模型就这样挡住后面所有的词，免得偷看答案。它不是被遮住的那个词 “?”（[MASK]）。',
      },
    },
    {
      tab: { en: 'Why several heads?', zh: '为什么要多个头？' },
      question: {
        en: 'One layer, several heads: do they all read the same?',
        zh: '同一层有好几个头：它们读的都一样吗？',
      },
      view: 'heads',
      control: 'heads',
      guess: {
        ask: {
          en: 'Two heads of layer 2 look out from the same blank. They read …',
          zh: '第 2 层的两个头从同一个空格出发。它们读……',
        },
        options: [
          { en: 'the same word, to be safe', zh: '同一个词，以防万一' },
          { en: 'one half of the sentence each', zh: '各读半个句子' },
          { en: 'different words', zh: '不同的词' },
        ],
        right: 2,
      },
      why: {
        en: 'Each head has matrices W_Q, W_K and W_V of its own, so it asks another question and fetches something else. One row of weights can only point one way at a time; with several heads a word reads several things at once. Choose any two to compare.',
        zh: '每个头都有自己的矩阵 W_Q、W_K、W_V，所以各问各的问题、各取各的信息。一行权重一次只能指向一处；有了多个头，一个词就能同时读好几样东西。任选两个来比较。',
      },
    },
    {
      tab: { en: 'And without this head?', zh: '没有这个头呢？' },
      question: {
        en: '{head} reads “{noun}”. What if it is switched off?',
        zh: '{head}读 “{noun}”。把它关掉会怎样？',
      },
      view: 'path',
      control: 'off',
      action: { en: 'Switch off {head}', zh: '关闭{head}' },
      guess: {
        ask: {
          en: 'The answer is “{answer}”, {share}. Without this head …',
          zh: '现在的答案是 “{answer}”，{share}。没有这个头……',
        },
        options: [
          { en: 'another head steps in', zh: '别的头会顶上' },
          { en: 'the answer collapses', zh: '答案会崩溃' },
          { en: 'little changes', zh: '变化不大' },
        ],
        right: 1,
      },
      why: {
        en: 'Nothing arrives from “{noun}”, and no other head here asks that question: “{answer}” falls from {share} to {nowShare}. Most heads cost far less; this one carries the answer. Trained on without it, the model learns to do it elsewhere.',
        zh: '再没有信息从 “{noun}” 传来，这一层也没有别的头问这个问题：“{answer}” 从 {share} 跌到 {nowShare}。多数头的代价小得多，而答案正靠这一个。没有它继续训练，模型会学着在别处完成这件事。',
      },
    },
  ],
};
