// Digits drawn by hand: a tiny vision transformer. Dosovitskiy et al. 2021, "An image is worth 16×16 words", arXiv:2010.11929.
import { ignored } from './answers.ts';
import { drawSide } from './held-out.ts';
import {
  InputProblem,
  type Drawing,
  type DrawingLesson,
  type Encoded,
  type Target,
} from './lesson.ts';
import { drawHand, ink, type Hand } from './strokes.ts';

const [size, patchSize] = [24, 4];
const perSide = size / patchSize;

/** The class token has no place in the picture. */
const tokens = [
  '[CLS]',
  ...Array.from(
    { length: perSide ** 2 },
    (_, patch) => `${1 + Math.floor(patch / perSide)}·${1 + (patch % perSide)}`,
  ),
];

/** The class token attends to the patches that have ink: more than a tenth of what they could have. */
function targetsOf(drawing: Drawing): Target[] {
  const sums = new Array<number>(perSide ** 2).fill(0);
  drawing.ink.forEach((value, pixel) => {
    const [row, column] = [Math.floor(pixel / size), pixel % size];
    sums[Math.floor(row / patchSize) * perSide + Math.floor(column / patchSize)]! += value;
  });
  const keys = sums.flatMap((sum, patch) => (sum > 0.1 * patchSize ** 2 ? [patch + 1] : []));
  return keys.length > 0 ? [{ query: 0, keys }] : [];
}

function encode(drawing: Drawing, digit: number): Encoded {
  return {
    example: { pixelValues: { data: drawing.ink, dims: [1, size, size] }, labels: digit },
    queries: tokens,
    keys: tokens,
    targets: targetsOf(drawing),
  };
}

/** All that chance decided, so that a drawing is on one side whatever its noise. */
const contentOf = ({ digit, strokes }: Hand): string =>
  `${digit} ${strokes
    .flat(2)
    .map((value) => value.toFixed(3))
    .join(' ')}`;

export const digits: DrawingLesson = {
  kind: 'drawing',
  id: 'digits',
  title: { en: 'Digits', zh: '手写数字' },
  task: { en: 'Say which digit was drawn.', zh: '说出画的是哪个数字。' },
  lookFor: {
    en:
      'The picture is cut into 36 patches, which are the words here; one more token, [CLS], gives the answer. Draw a digit and look at the ' +
      'row of [CLS]: on a third of the paper there is ink, and one head of the last layer gives those patches most of its weight. Other ' +
      'heads attend to empty paper, too: that nothing was drawn there tells a 3 from an 8.',
    zh:
      '图片被切成 36 块，它们就是这里的“单词”；另有一个 [CLS] 给出答案。画一个数字，看 [CLS] 那一行：有墨迹的只占三分之一，而最后一层有一个头把大部分权重给了它们。' +
      '别的头也看空白处：哪里没有笔画，正是 3 和 8 的区别。',
  },
  vocabulary: [...'0123456789'],
  config: {
    image: { size, channels: 1, patchSize },
    dModel: 48,
    numLayers: 2,
    dFf: 96,
    positions: 'learned',
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu',
    attention: { numHeads: 4 },
    numLabels: 10,
  },
  training: {
    lr: 3e-3,
    batchSize: 32,
    totalSteps: 2000,
    warmupSteps: 50,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.95,
  stepsToGoal: 700,
  shipped: { seed: 1, accuracy: 0.992, head: { layer: 1, head: 1, weight: 0.655 } },
  targetsIn: 'attentions',
  size,

  example(random, heldOut) {
    const hand = drawSide(() => drawHand(random, size), contentOf, heldOut);
    const input = ink(random, hand, size);
    return { input, encoded: encode(input, hand.digit) };
  },

  encode(drawing) {
    if (drawing.width !== size || drawing.height !== size || drawing.ink.length !== size * size) {
      const given = `${drawing.width} × ${drawing.height}`;
      throw new InputProblem({
        en: `Expected a drawing of ${size} × ${size}, got ${given}.`,
        zh: `需要 ${size} × ${size} 的图，得到的是 ${given}。`,
      });
    }
    return encode(drawing, ignored);
  },

  correct: () => undefined,
};
