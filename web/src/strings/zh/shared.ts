// What every room says, in Chinese. 各部分共用的中文。
import type { SharedStrings } from '../en/shared.ts';

export const zh: SharedStrings = {
  title: 'Attention Lab — 看见并修改 Transformer 的注意力',
  brand: 'Attention Lab',
  skip: '跳到正文',
  language: '语言',
  models: '模型',
  theme: { label: '配色', system: '跟随系统', light: '浅色', dark: '深色' },

  rooms: {
    label: '页面的三个部分',
    learn: '学习',
    train: '训练',
    lab: '实验室',
    opening: '正在打开…',
    failed: '这一部分无法加载。请检查网络，然后刷新页面。',
  },

  /** Attentions and heads by name. */
  places: {
    kinds: { encoder: '编码器', decoder: '解码器', cross: '交叉注意力' },
    sites: {
      self: '自注意力',
      encoder: '编码器：输入关注输入',
      decoder: '解码器：输出关注输出',
      cross: '交叉注意力：输出关注输入',
    },
    name: (layer, head) => `第 ${layer} 层第 ${head} 头`,
    inKind: (kind, layer, head) => `${kind}，第 ${layer} 层，第 ${head} 头`,
    layer: (layer) => `${layer} 层`,
    label: (layer, head) => `第 ${layer} 层，第 ${head} 头`,
    masked: '已屏蔽：不允许关注',
    heading: '注意力权重',
  },

  /** Attention in a sentence. */
  attention: {
    looksAt: '关注',
    itself: '自己',
    all: '所有词元',
    tokens: '句子中的词。用左右方向键选择一个词。',
    tokenLabel: (word, share) => (share === null ? word : `${word}，被关注的权重 ${share}`),
  },

  footer: {
    offline: '可离线使用',
    local: '任何内容都不会离开本页',
  },
};
