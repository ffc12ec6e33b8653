// A picture: its patches are the words, and a class token attends to them.
// Dosovitskiy et al. 2021, "An image is worth 16×16 words", arXiv:2010.11929.
import type { Chapter } from './chapter.ts';

export const digits: Chapter = {
  id: 'digits',
  model: 'digits',
  subject: 'drawing',
  inputs: [
    {
      text: '{word}',
      says: { en: 'A hand drew the digit {word}', zh: '手写的数字 {word}' },
      words: ['4', '9'],
      // Two that the model is not quite sure of: numbers 504 and 677 of the lesson's held-out examples, seed 1.
      drawings: [
        '24-.1o.7f7.l.8fd.e.86.5.3ff3.c.5fe1.5.cf9.c.1ef8.5.7ff.d.8fd.5.1ff5.c.2ff6.5.afa035.a.9fd.5.5ffeff6.9.4ff616aefffffc3.a.afcfffffdfb1.c.4ffffb635ff3.d.773.5.df8.l.8fd.l.3ff4.l.cf8.l.5a2.44.',
        '24-.1m.7cfd7.h.1afe9bfa.g.af70007f4.e.6f8.5.fa.e.dc.6.db.d.3f8.6.f8.d.3f6.5.7f4.d.1ec.4.5fd.f.6fc658ff5.g.5dfffdc.j.356f6.l.dd.l.7f5.l.dc.l.6f6.l.dc.l.5f7.m.6.31.',
      ],
    },
  ],
  cards: [
    {
      tab: { en: 'A picture as words', zh: '把图片当作词' },
      question: {
        en: 'Can attention read a picture?',
        zh: '注意力能读图片吗？',
      },
      view: 'drawing',
      control: 'swap',
      shades: 'head',
      guess: {
        ask: {
          en: 'The picture is cut into {count} patches; {ink} of them have ink. If the digit were a {other}, {head} would give most of its weight to …',
          zh: '图片切成 {count} 块，其中 {ink} 有墨迹。如果画的是 {other}，{head}会把大部分权重给……',
        },
        options: [
          { en: 'the same patches', zh: '同样的那些块' },
          { en: 'the middle of the picture', zh: '图片的中央' },
          { en: 'the patches where that digit has ink', zh: '那个数字有墨迹的块' },
        ],
        right: 2,
      },
      why: {
        en: 'Each patch becomes a vector and is then treated as a word is. One more token, [CLS], stands for the whole picture: it attends to the patches, and the answer is read from it. Blue shows whom it reads in {head}: the patches with ink are {ink} of the picture and get {onInk} of the weight. Nobody marked the ink; the model was only told which digit it is.',
        zh: '每一块变成一个向量，之后与词没有区别。另有一个词元 [CLS] 代表整张图：它关注各块，答案从它那里读出。蓝色表示它在{head}里读谁：有墨迹的块占图片的 {ink}，得到 {onInk} 的权重。没有人标出墨迹，模型只被告知这是哪个数字。',
      },
    },
    {
      tab: { en: 'Do all heads read ink?', zh: '每个头都读墨迹吗？' },
      question: {
        en: 'Four heads, one picture: do all of them read the ink?',
        zh: '四个头，一张图：它们都读墨迹吗？',
      },
      view: 'drawing',
      control: 'heads',
      shades: 'heads',
      guess: {
        ask: {
          en: 'The most that a head of the last layer gives to the ink is {onInk}. And the least?',
          zh: '最后一层里，给墨迹最多的头给了 {onInk}。最少的呢？',
        },
        options: [
          { en: 'nearly as much', zh: '差不多' },
          { en: 'hardly any: it reads empty paper', zh: '几乎没有：它读空白处' },
          { en: 'nothing at all', zh: '完全不给' },
        ],
        right: 1,
      },
      why: {
        en: 'It gives the ink {least}. Heads divide the work: some read strokes, others where nothing was drawn. That is no waste. Where there is no stroke tells a {answer} from a {rival}. Whoever looks at one head alone has seen a part.',
        zh: '它只给墨迹 {least}。各个头分工合作：有的读笔画，有的读没有画的地方。这并不是浪费：哪里没有笔画，正能区分 {answer} 和 {rival}。只看一个头，你只看到一半。',
      },
    },
    {
      tab: { en: 'What does it depend on?', zh: '答案取决于什么？' },
      question: {
        en: 'Which patch makes it a {answer} and not a {rival}?',
        zh: '哪一块让它是 {answer} 而不是 {rival}？',
      },
      view: 'drawing',
      control: 'change',
      shades: 'occlusion',
      action: { en: 'Hide each patch in turn', zh: '逐块遮挡' },
      guess: {
        ask: {
          en: 'Hide one of the {count} patches at a time, so that nobody may read it. How many of them change the answer “{answer}”?',
          zh: '每次挡住 {count} 块中的一块，谁也不许读它。有多少块会改变答案 “{answer}”？',
        },
        options: [
          { en: 'every patch with ink', zh: '每一块有墨迹的' },
          { en: 'only a few, and not all have ink', zh: '只有几块，而且不全有墨迹' },
          { en: 'none: the others make up for it', zh: '没有：别的块会补上' },
        ],
        right: 1,
      },
      why: {
        en: 'The patch at {place} costs {worst}: without it the model says {instead}. Only {flips} of {count} patches change the answer, and {flipsEmpty} of those have no ink: whether the top is open tells a 4 from a 9. A weight says what was read; what an answer depends on is found by taking it away.',
        zh: '{place}那一块影响最大，下降 {worst}：没有它，模型说是 {instead}。{count} 块中只有 {flips} 块会改变答案，其中 {flipsEmpty} 块没有墨迹：4 和 9 的区别在于上面是否开口。权重只说明读了什么；答案取决于什么，要拿掉才知道。',
      },
    },
    {
      tab: { en: 'Without positions', zh: '没有位置' },
      question: {
        en: 'The same strokes, in no place: what does the model see?',
        zh: '同样的笔画，但不知道在哪里：模型看到什么？',
      },
      view: 'drawing',
      control: 'change',
      shades: 'head',
      interventions: [{ at: 'pos_embed', op: 'zero' }],
      action: { en: 'Take the positions away', zh: '去掉位置' },
      guess: {
        ask: {
          en: 'Each patch has a vector for its place added to it. Without it, “{answer}”, now {share}, …',
          zh: '每一块都加上了表示位置的向量。没有它，“{answer}”（现在 {share}）会……',
        },
        options: [
          { en: 'falls: it is a heap of pieces', zh: '下降：成了一堆碎片' },
          { en: 'stays: the ink is the same', zh: '不变：墨迹还是那些' },
          { en: 'rises: less to distract', zh: '上升：干扰更少' },
        ],
        right: 0,
      },
      why: {
        en: 'It falls to {nowShare}, and the model says {now}. Attention reads a set of patches: cut a picture into pieces, shuffle them, and without positions nothing changes at all. Where a stroke is makes it a digit, and only the added positions say where.',
        zh: '下降到 {nowShare}，模型说是 {now}。注意力读的是一个集合：把图片剪碎、打乱，没有位置的话什么都不会变。笔画在哪里才使它成为数字，而说明“在哪里”的只有加上去的位置。',
      },
    },
  ],
};
