// 序列到序列模型的中文文字。
import type { Seq2SeqStrings } from '../en/seq2seq.ts';

export const zh: Seq2SeqStrings = {
  source: '输入',
  target: '输出',
  write: '生成',
  writing: '正在写…',
  hint: '上面是编码器读入的内容，下面是解码器已写出的内容：改动任何一个，一切随之变化。',
  truncated: (read, written) =>
    `模型最多只有 ${read} 个输入位置和 ${written} 个输出位置，超出的部分没有读入。`,
  begin: '▸ 是解码器开头的记号。',
  languages: (codes, count) =>
    `文本以要写出的语言开头：${codes.join('、')}${count > codes.length ? `……（共 ${count} 种）` : ''}。`,
  ids: '这个文件夹没有分词器：单词就是编号，用空格隔开。',
  bridge:
    '上面是输入，下面是输出。连线从每个输出词元指向写它时所关注的输入。指向一个输出词元可单独看它，点击可固定。',
  noWords: '这个模型没有输出词：请输入解码器要读的内容。',
};
