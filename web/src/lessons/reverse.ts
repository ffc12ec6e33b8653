// Reverse a word in a row of boxes: every box says what stands as far from the other end. The attention is an anti-diagonal.
import type { SeededRandom } from 'attention-lab';
import { drawSide } from './held-out.ts';
import type { Encoded, TextLesson } from './lesson.ts';
import { charactersOf, letters, Vocabulary } from './vocabulary.ts';

/** Boxes in the row; those after the word are empty, and are reversed as well. */
const boxes = 12;
const empty = '·';
const vocabulary = new Vocabulary([...letters, empty]);

function draw(random: SeededRandom): string[] {
  return Array.from({ length: 2 + random.integer(boxes - 1) }, () => random.pick(letters));
}

function encode(word: readonly string[]): Encoded {
  const row = [...word, ...Array<string>(boxes - word.length).fill(empty)];
  return {
    example: { inputIds: vocabulary.ids(row), labels: vocabulary.ids([...row].reverse()) },
    queries: row,
    keys: row,
    targets: row.map((_, query) => ({ query, keys: [boxes - 1 - query] })),
  };
}

const read = (text: string): string[] => charactersOf(text, letters, 1, boxes);

export const reverse: TextLesson = {
  kind: 'text',
  id: 'reverse',
  title: { en: 'Reverse', zh: '倒序' },
  task: {
    en: 'Twelve boxes with a word: the first says what is in the last, the second what is in the last but one, and so on.',
    zh: '十二个格子里有一个单词：第一格说出最后一格里的内容，第二格说出倒数第二格里的内容，依此类推。',
  },
  lookFor: {
    en:
      'The smallest transformer here: one layer, two heads. Attention has no idea of places until it learns one: at first every box attends ' +
      'everywhere alike. Then an anti-diagonal appears, from the upper right to the lower left, whatever the letters are: these ' +
      'weights depend on the positions alone. Type another word, and they stay as they are.',
    zh:
      '这里最小的 Transformer：一层，两个头。注意力起初并不懂得位置，每个格子都均匀地看向所有地方；后来出现一条反对角线，从右上到左下，与字母无关：' +
      '这些权重只取决于位置。换一个单词，它们保持不变。',
  },
  vocabulary: vocabulary.tokens,
  config: {
    vocabSize: vocabulary.tokens.length,
    maxLen: boxes,
    dModel: 32,
    numLayers: 1,
    dFf: 64,
    positions: 'learned',
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu_tanh',
    attention: { numHeads: 2 },
    lmHead: true,
  },
  training: {
    lr: 5e-3,
    batchSize: 16,
    totalSteps: 500,
    warmupSteps: 50,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.99,
  stepsToGoal: 120,
  shipped: { seed: 1, accuracy: 1.0, head: { layer: 0, head: 0, weight: 0.934 } },
  targetsIn: 'attentions',
  samples: ['stressed', 'drawer', 'transformers', 'ab'],

  example(random, heldOut) {
    const word = drawSide(
      () => draw(random),
      (drawn) => drawn.join(''),
      heldOut,
    );
    return { input: word.join(''), encoded: encode(word) };
  },

  encode: (text) => encode(read(text)),
  correct: (text) => read(text).reverse().join(''),
};
