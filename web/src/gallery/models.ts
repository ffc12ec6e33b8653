// Models of the public hub that the page offers by one click. Data: a family that becomes readable adds its line. Figures as the hub's pages state them.
import type { Text } from '../lessons/lesson.ts';

export interface GalleryModel {
  /** As the hub calls it. */
  id: string;
  name: string;
  /** What can be seen in it. */
  about: Text;
  layers: number;
  heads: number;
  /** Of its weights, which are nearly all that is downloaded. */
  bytes: number;
  /** An SPDX identifier. */
  licence: string;
}

export const galleryModels: readonly GalleryModel[] = [
  {
    id: 'WinKawaks/vit-tiny-patch16-224',
    name: 'ViT tiny',
    about: {
      en: 'Classifies photographs. See which patches each head attends to.',
      zh: '给照片分类。可以看到每个头关注哪些图块。',
    },
    layers: 12,
    heads: 3,
    bytes: 22.9e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'sentence-transformers/all-MiniLM-L6-v2',
    name: 'MiniLM',
    about: {
      en: 'Turns sentences into vectors for search. Compare what two sentences attend to.',
      zh: '把句子变成向量，用于搜索。可以比较两个句子的注意力。',
    },
    layers: 6,
    heads: 12,
    bytes: 90.9e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'distilbert/distilbert-base-uncased',
    name: 'DistilBERT',
    about: {
      en: 'Fills in masked words, at half the size of BERT. A good first real model.',
      zh: '填补被遮住的词，大小是 BERT 的一半。适合作为第一个真实模型。',
    },
    layers: 6,
    heads: 12,
    bytes: 268e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'HuggingFaceTB/SmolLM2-135M',
    name: 'SmolLM2 135M',
    about: {
      en: 'A small modern language model: rotary positions and grouped heads. It continues your text.',
      zh: '小型的现代语言模型：旋转位置编码和分组的头。它会续写你的文字。',
    },
    layers: 30,
    heads: 9,
    bytes: 269e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'distilbert/distilgpt2',
    name: 'DistilGPT-2',
    about: {
      en: 'Continues text, at half the depth of GPT-2. Try this: find the heads that attend to the token before.',
      zh: '续写文字，深度是 GPT-2 的一半。可以寻找关注前一个词元的头。',
    },
    layers: 6,
    heads: 12,
    bytes: 353e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'google-bert/bert-base-uncased',
    name: 'BERT base',
    about: {
      en: 'The classic masked language model, studied head by head in many papers.',
      zh: '经典的掩码语言模型，许多论文逐个研究过它的头。',
    },
    layers: 12,
    heads: 12,
    bytes: 440e6,
    licence: 'Apache-2.0',
  },
  {
    id: 'openai-community/gpt2',
    name: 'GPT-2',
    about: {
      en: 'Continues text. Induction heads and attention sinks were described in models like it.',
      zh: '续写文字。归纳头和注意力汇聚点就是在这类模型中被描述的。',
    },
    layers: 12,
    heads: 12,
    bytes: 548e6,
    licence: 'MIT',
  },
];
