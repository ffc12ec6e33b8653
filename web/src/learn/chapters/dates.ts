// Translation: a date in one form is read, in another it is written, and cross-attention aligns the two.
// Bahdanau, Cho and Bengio 2015, "Neural machine translation by jointly learning to align and translate", arXiv:1409.0473.
import type { Chapter } from './chapter.ts';

export const dates: Chapter = {
  id: 'dates',
  model: 'dates',
  subject: 'translation',
  inputs: [
    { text: '{word}', words: ['20 nov 2026', 'nov 20, 2026'], isVerbatim: true },
    { text: '{word}', words: ['4.3.2026', '4/3/2026'], isVerbatim: true },
  ],
  cards: [
    {
      tab: { en: 'Who reads what?', zh: '谁读什么？' },
      question: {
        en: 'It writes {answer}. How does it know where to look?',
        zh: '它写出 {answer}。它怎么知道该看哪里？',
      },
      view: 'path',
      control: 'swap',
      input: 0,
      guess: {
        ask: {
          en: 'If the date were written “{other}”, the day in the answer would read …',
          zh: '如果日期写成 “{other}”，答案里的“日”会读……',
        },
        options: [
          { en: 'the same places as before', zh: '和原来相同的位置' },
          { en: 'the day, wherever it stands', zh: '“日”，不管它在哪里' },
          { en: 'every character a little', zh: '每个字符都读一点' },
        ],
        right: 1,
      },
      why: {
        en: 'This is cross-attention: an encoder reads, a decoder writes, and each character that is written reads those that were read. The order changes, the arcs cross, the answer stays. Nobody told the model which part belongs to which; it learned that from pairs of dates. Translation is what attention was invented for. Click a character to see who reads it.',
        zh: '这就是交叉注意力：编码器读入，解码器写出，写每个字符时都去读读入的字符。顺序变了，弧线交叉，答案不变。没有人告诉模型哪部分对应哪部分，它从成对的日期里学会了。注意力最初就是为翻译发明的。点击一个字符，看看谁读它。',
      },
    },
    {
      tab: { en: 'Who asks, who answers?', zh: '谁问，谁答？' },
      question: {
        en: '“4.3.” or “4/3/”: the same digits. Which one is the month?',
        zh: '“4.3.” 还是 “4/3/”：数字相同，哪个是月份？',
      },
      view: 'path',
      control: 'swap',
      input: 1,
      guess: {
        ask: {
          en: 'The query comes from what is being written, “the month, please”. Whose keys answer it?',
          zh: '查询来自正在写的内容：“请给我月份”。由谁的键来回答？',
        },
        options: [
          { en: 'those of the characters that were read', zh: '读入的那些字符的键' },
          { en: 'those of the characters already written', zh: '已经写出的字符的键' },
          { en: 'those of all dates in training', zh: '训练时所有日期的键' },
        ],
        right: 0,
      },
      why: {
        en: 'Queries come from the decoder, keys and values from the encoder. Before that the encoder’s own attention has told each digit what stands around it: a key says “a 4 before a dot” (a day) or “a 4 before a slash” (a month). So the same query finds another digit, and {answer} is written. The weights point at digits; what decides is in the keys.',
        zh: '查询来自解码器，键和值来自编码器。在此之前，编码器自己的注意力已经让每个数字知道周围有什么：键说的是“点号前的 4”（日）或“斜线前的 4”（月）。所以同样的查询找到了不同的数字，写出 {answer}。权重指向数字，起决定作用的却在键里。',
      },
    },
    {
      tab: { en: 'If it may not read', zh: '不许读时' },
      question: {
        en: 'What if the decoder may not read “{hidden}”?',
        zh: '如果不许解码器读 “{hidden}”，会怎样？',
      },
      view: 'path',
      control: 'block',
      input: 0,
      hides: '[a-z]+',
      action: { en: 'Hide “{hidden}”', zh: '挡住 “{hidden}”' },
      guess: {
        ask: {
          en: '{answer}: the month reads “{hidden}” with up to {weight}. Without it …',
          zh: '{answer}：月份以最高 {weight} 的权重读 “{hidden}”。没有它……',
        },
        options: [
          { en: 'the whole date falls apart', zh: '整个日期都乱了' },
          { en: 'the month is guessed, the rest stays', zh: '月份靠猜，其余不变' },
          { en: 'nothing changes', zh: '没有变化' },
        ],
        right: 1,
      },
      why: {
        en: 'A mask took those letters away, and only what needed them is wrong: it writes {now}, still a date, with a month that it makes up. So a model that cannot read its source does not fall silent; it writes something plausible. That is one way in which models invent facts.',
        zh: '掩码挡住了这几个字母，只有需要它们的部分出错：它写出 {now}，仍然是个日期，月份却是编的。可见，读不到原文的模型不会沉默，而是写出看似合理的内容。模型编造事实，这是原因之一。',
      },
    },
    {
      tab: { en: 'Without any of it', zh: '完全没有它' },
      question: {
        en: 'What does the decoder write if no cross-attention reaches it?',
        zh: '如果交叉注意力完全传不过来，解码器会写什么？',
      },
      view: 'path',
      control: 'change',
      input: 0,
      interventions: [{ at: 'decoder.blocks.0.cross_attn.z', op: 'zero' }],
      action: { en: 'Cut all arcs', zh: '剪断所有弧线' },
      guess: {
        ask: {
          en: 'All {count} characters are written one by one. With every arc cut …',
          zh: '{count} 个字符逐个写出。剪断所有弧线后……',
        },
        options: [
          { en: 'it writes the right date, more slowly', zh: '它写对，只是更慢' },
          { en: 'it copies the input as it is', zh: '它原样抄下输入' },
          { en: 'it writes a date that fits no input', zh: '它写出一个与输入无关的日期' },
        ],
        right: 2,
      },
      why: {
        en: 'It writes {now}, whatever was read (try the other form). What is left is what the decoder knows by itself: four digits, a dash, two digits, a dash, two more. Everything about this very date came through those arcs. Before attention, all of it had to fit into one vector: see “Before attention”.',
        zh: '不管读到什么，它都写 {now}（换一种写法试试）。剩下的是解码器自己知道的：四位数、短横、两位数、短横、再两位。关于这个日期的一切都经过那些弧线。在注意力出现之前，这一切都得塞进一个向量：见“注意力之前”。',
      },
    },
  ],
};
