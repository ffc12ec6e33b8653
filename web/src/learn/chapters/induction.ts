// Copy and induction: a string never seen before, a letter that comes again, and two heads in a row that say what followed it.
// Olsson et al. 2022, "In-context learning and induction heads", arXiv:2209.11895.
import type { Chapter } from './chapter.ts';

export const induction: Chapter = {
  id: 'induction',
  model: 'copy',
  inputs: [
    { text: 'kqz{word}abtkqz', words: ['m', 'x'], isVerbatim: true },
    { text: 'thequ{word}ckthequ', words: ['i', 'a'], isVerbatim: true },
  ],
  cards: [
    {
      tab: { en: 'What comes next?', zh: '接下来是什么？' },
      question: {
        en: 'These letters follow no rule. What comes after the last “{asked}”?',
        zh: '这些字母没有规律。最后一个 “{asked}” 后面是什么？',
      },
      view: 'path',
      control: 'swap',
      guess: {
        ask: {
          en: 'If “{word}” became “{other}”, what would the model say comes next?',
          zh: '如果把 “{word}” 换成 “{other}”，模型会说接下来是什么？',
        },
        options: [
          { en: 'still “{word}”', zh: '还是 “{word}”' },
          { en: '“{other}”', zh: '“{other}”' },
          { en: 'it cannot know', zh: '它无从知道' },
        ],
        right: 1,
      },
      why: {
        en: 'Nothing in the weights says which letter follows “{asked}”: the model finds it in the text. In layer 1 “{noun}” reads the letter before it and remembers: I come after “{asked}”. In layer 2 the last “{asked}” looks for whoever remembers that, finds “{noun}” and copies it. Two heads in a row that do this are called an induction head.',
        zh: '权重里并没有写哪个字母跟在 “{asked}” 后面：模型是从这段文字里找到的。第 1 层里，“{noun}” 读前一个字母，记住“我在 {asked} 之后”。第 2 层里，最后的 “{asked}” 去找记着这件事的位置，找到 “{noun}” 并把它抄下来。这样前后配合的两个头叫作归纳头。',
      },
    },
    {
      tab: { en: 'What does layer 1 do?', zh: '第 1 层做什么？' },
      question: {
        en: 'Could the last “{asked}” find “{noun}” without layer 1?',
        zh: '没有第 1 层，最后的 “{asked}” 还能找到 “{noun}” 吗？',
      },
      view: 'path',
      control: 'cut',
      action: { en: 'Cut the arc of layer 1', zh: '剪断第 1 层的弧线' },
      guess: {
        ask: {
          en: 'If “{noun}” may not take anything from the letter before it, the last “{asked}” …',
          zh: '如果 “{noun}” 不能从前一个字母取走任何信息，最后的 “{asked}” 会……',
        },
        options: [
          { en: 'still reads “{noun}”', zh: '照样读 “{noun}”' },
          { en: 'reads another letter', zh: '改读别的字母' },
          { en: 'reads nothing', zh: '什么也不读' },
        ],
        right: 1,
      },
      why: {
        en: 'The arc is gone in layer 1, and the one in layer 2 goes with it: “{noun}” no longer knows what stands before it, so nobody who asks for that finds it. “{answer}” falls from {share} to {nowShare}. This is what layers are for: a later one reads what an earlier one has written.',
        zh: '剪断的是第 1 层的弧线，第 2 层的也随之消失：“{noun}” 不再知道前面是谁，来找它的也就找不到了。“{answer}” 从 {share} 跌到 {nowShare}。分层的意义就在这里：后面的层读前面的层写下的东西。',
      },
    },
    {
      tab: { en: 'How is it found?', zh: '怎样找到的？' },
      question: {
        en: 'Why does the last “{asked}” read “{noun}”, and not the other letters?',
        zh: '最后的 “{asked}” 为什么读 “{noun}”，而不是别的字母？',
      },
      view: 'score',
      control: 'key',
      guess: {
        ask: {
          en: 'The query of the last “{asked}” asks for …',
          zh: '最后的 “{asked}” 的查询在找……',
        },
        options: [
          { en: 'another “{asked}”', zh: '另一个 “{asked}”' },
          { en: 'the nearest letter', zh: '最近的字母' },
          { en: 'a letter that stands after “{asked}”', zh: '站在 “{asked}” 后面的字母' },
        ],
        right: 2,
      },
      why: {
        en: 'Head by head: the query is made from the last “{asked}”, each key from a letter and what layer 1 added to it, the letter before. So the key of “{noun}” says “after {asked}”, and query times key is largest there: {weight} of the attention. Choose another letter to see how badly its key fits.',
        zh: '查询来自最后的 “{asked}”；每个键来自一个字母，加上第 1 层写进去的前一个字母。所以 “{noun}” 的键说的是“在 {asked} 之后”，查询与它相乘最大：注意力的 {weight}。选别的字母，看看它的键差多少。',
      },
    },
    {
      tab: { en: 'Without this head', zh: '没有这个头' },
      question: {
        en: '{head} finds “{noun}”. What if it is switched off?',
        zh: '{head}找到了 “{noun}”。把它关掉会怎样？',
      },
      view: 'path',
      control: 'off',
      action: { en: 'Switch off {head}', zh: '关闭{head}' },
      guess: {
        ask: {
          en: 'Layer 2 has three more heads. Without this one, “{answer}”, now {share}, …',
          zh: '第 2 层还有三个头。没有这一个，“{answer}”（现在 {share}）会……',
        },
        options: [
          { en: 'hardly changes', zh: '几乎不变' },
          { en: 'falls below 50%', zh: '跌到 50% 以下' },
          { en: 'is gone', zh: '完全消失' },
        ],
        right: 0,
      },
      why: {
        en: 'The other heads of layer 2 read “{noun}” too, and carry the answer: it goes from {share} to {nowShare}. So a head that is not missed need not be idle; only a cut of all that do the same work shows what they do. Large language models have induction heads as well: when they appear in training, a model suddenly becomes better at going on with what it has just read.',
        zh: '第 2 层的其他头也读 “{noun}”，由它们带出答案：从 {share} 变为 {nowShare}。可见，去掉也没关系的头未必闲着；要把做同样工作的头一起去掉，才看得出它们做什么。大语言模型里也有归纳头：训练中它们一出现，模型接着上文往下写的能力就突然变强。',
      },
    },
  ],
};
