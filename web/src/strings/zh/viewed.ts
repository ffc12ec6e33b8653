// 编码器—解码器与图片模型的中文文字。
import type { ViewedStrings } from '../en/viewed.ts';

export const zh: ViewedStrings = {
  pair: {
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
  },
  picture: {
    changes: (place) =>
      `修改如何改变 ${place} 的注意力：橙色是更多，紫色是更少；变化最大的颜色最深。`,
    heading: '图片',
    open: '打开图片…',
    opened: (name) => `已打开：${name}。动手画，就换成你的画。`,
    hint: '图片不会离开本机。模型读到的是按 preprocessor_config.json 缩放和归一化之后的图。',
    draw: '也可以用手指或鼠标画。',
    looks: (place) => `模型看到的图片，按 ${place} 的注意力着色`,
    note: (place, most, onClass) =>
      `${place} 关注哪里：最深处是 ${most}；${onClass} 留在 [CLS] 上，答案就从那里读出。指向一块可看它关注哪里，点击可固定。`,
  },
};
