// Every word of Learn that belongs to no chapter, in Chinese. 学习部分的界面文字。
import type { LearnStrings } from '../en/learn.ts';

const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join('、')}和${words.at(-1)}`;
const quoted = (word: string) => `“${word}”`;
const blank = '空格';
const reader = (word: string) => (word === '?' ? blank : quoted(word));

export const zh: LearnStrings = {
  title: 'Attention Lab — 在真实的 Transformer 里看注意力怎样工作',
  chapter: '章节',
  anotherSentence: '换一个句子',
  swap: (from, to) => `把 “${from}” 换成 “${to}”`,
  translation: {
    wrote: (text, answer) =>
      `“${text}” → ${answer}。每条弧线：写某个字符时，读了输入中的哪个字符。`,
    changed: (before, now) => `现在写出 ${now}；原来是 ${before}。`,
    readers: (letter, readers) =>
      readers.length === 0
        ? `没有谁明显地读 “${letter}”。`
        : `读 “${letter}” 的有：${readers
            .map(({ character, place, weight }) => `第 ${place} 个字符 “${character}” ${weight}`)
            .join('、')}。`,
    arc: (written, read, weight) => `写 “${written}” 时，解码器以 ${weight} 读 “${read}”`,
  },
  drawing: {
    place: (row, column) => `第 ${row} 行第 ${column} 列`,
    points: (points) => `${Math.round(points)} 个百分点`,
    loses: '橙色：答案需要它；紫色：没有它更好',
  },
  listings: {
    storey: '注意力之后',
    row: (asked, weights, total, which) =>
      `${asked === '?' ? '空格' : `“${asked}”`}（${which}）：${weights.length > 0 ? weights.join('、') : '谁也不读'}。${total === '' ? '' : `这一行合计 ${total}。`}`,
    oneHead: '一个头',
    firstHead: (heads) => `${heads} 个头中的第 1 个`,
    allHeads: (heads) => `${heads} 个头`,
    mark: (text) => `标记 ${text}`,
    arc: (asked, key, weight) => `${asked === '?' ? '空格' : `“${asked}”`}读 “${key}”：${weight}`,
  },
  recurrent: {
    storey: '读到最后一个字母时',
    line: (answer, share, network, networkShare) =>
      `下一个字母：注意力（蓝）说 ${answer}，${share}；循环网络（紫）说 ${network}，${networkShare}。`,
    influence: (letter, share) => `循环网络还记得的内容中，“${letter}” 占 ${share}`,
    weight: (letter, share) => `对 “${letter}” 的注意力：${share}`,
  },
  storeys: {
    words: '输入的词',
    layer: (layer) => `第 ${layer} 层之后`,
    read: '读入',
    written: '写出',
  },
  blank,
  head: (layer, head) => `第 ${layer} 层第 ${head} 头`,
  cards: '问题',
  previous: '上一个问题',
  next: '下一个问题',
  guessFirst: '先猜一猜：',
  right: '对。',
  wrong: (answer) => `不太对。应是：${answer}。`,
  path: (layers) =>
    layers
      .map(
        ({ layer, reads }) =>
          `第 ${layer} 层：${reads
            .map(({ readers, keys }) => `${list(readers.map(reader))}读 ${list(keys.map(quoted))}`)
            .join('，')}。`,
      )
      .join(''),
  runnerUp: (word, share, second, secondShare) =>
    `答案：${word} ${share}；其次是 ${second}，${secondShare}。`,
  alsoRead: '一个词会读训练中发现有用的词，邻居也在其中。这个答案不依赖的，主图里没有画。',
  measured: '图中是关键的弧线：逐条剪断，看答案失去多少。单看权重并不能解释答案。',
  arc: (reading, read, layer, weight, effect) =>
    `第 ${layer} 层：${reader(reading)}以 ${weight} 的权重读 ${quoted(read)}${effect === null ? '' : `；没有它，倾向下降 ${effect}`}`,
  wordReads: (word, parts) =>
    parts.length === 0
      ? `${reader(word)}没有重点读别的词。`
      : `${reader(word)}：${parts.map(({ layer, reads }) => `第 ${layer} 层 ${reads}`).join('；')}。`,
  back: '回到关键的弧线',
  figure: (line, answer) => `${line}答案：${answer}。`,
  blocked: (weight, noun, to) =>
    `已屏蔽：对 “${noun}” 的权重 ${weight} → 0%。让出的比例归了${to}。`,
  marks: '句子两端的标记',
  score: {
    query: (word) => `查询 = (${quoted(word)} + 位置) × W_Q：它要找什么`,
    key: (word) => `键 = (“${word}” + 位置) × W_K：它提供什么`,
    products: (sum) => `查询 × 键，相加：${sum}（蓝正橙负）`,
    word: '词',
    sum: '总和',
    scaled: (root) => `÷ ${root}`,
    share: 'softmax',
    others: (count) => `其余 ${count} 个`,
    choose: (word) => `看 “${word}” 的键`,
  },
  softmax: {
    row: (reading, head, count) =>
      `${reader(reading)}在${head}里读谁（头：并排阅读的 ${count} 个之一）`,
    divided: (root) => `÷ ${root}，训练时的样子`,
    plain: '不除',
    largest: (before, after) => `最大的权重：${before} → ${after}。`,
    answer: (before, after) => `答案：${before} → ${after}。`,
  },
  heads: {
    choose: '在这一层里选两个头',
    reads: (word, share) => `读 ${quoted(word)} ${share}`,
    rests: (share) => `停在标记上，${share}`,
  },
  growBack: '让它重新长出来',
  growBackHint: '在“训练”中打开，并关闭这个头',
  lab: '在实验室里看每一个数',
  share: '分享这张卡片',
  copyLink: '复制链接',
  copyEmbed: '复制嵌入代码',
  png: '保存图片（PNG）',
  svg: '保存图片（SVG）',
  copied: '已复制',
  copyFailed: '浏览器不允许写剪贴板。请从这里复制：',
  loading: '正在打开模型…',
  failed: '模型无法打开。请检查网络后重试。',
  unsupported:
    '此浏览器不支持 WebAssembly SIMD。2023 年以后的 Chrome、Edge、Firefox 或 Safari 都可以。',
  retry: '重试',
  open: '在 Attention Lab 中打开',
};
