// Sort letters: the model writes each once, in order, and every step attends to the next larger one.
import type { SeededRandom } from 'attention-lab';
import { ignored } from './answers.ts';
import { drawSide } from './held-out.ts';
import type { Encoded, Target, TextLesson } from './lesson.ts';
import { charactersOf, letters, Vocabulary } from './vocabulary.ts';

const most = 10;
const [from, end] = ['>', '.'];
const vocabulary = new Vocabulary([...letters, from!, end!]);

/** Some draws are of few letters, so that equal ones are common. */
function draw(random: SeededRandom): string[] {
  const length = 2 + random.integer(most - 1);
  const pool =
    random.next() < 0.7 ? letters : random.shuffle(letters).slice(0, 2 + random.integer(7));
  return Array.from({ length }, () => random.pick(pool));
}

const sorted = (unsorted: readonly string[]): string[] => [...new Set(unsorted)].sort();

/** a c b > a b c: the answers begin at ">", each at the letter before it; at the last comes the end. */
function encode(unsorted: readonly string[]): Encoded {
  const answers = sorted(unsorted);
  const sequence = [...unsorted, from!, ...answers];
  const ids = vocabulary.ids([...answers, end!]);
  return {
    example: {
      inputIds: vocabulary.ids(sequence),
      labels: [...unsorted.map(() => ignored), ...ids],
    },
    queries: sequence,
    keys: sequence,
    targets: answers.map((letter, i): Target => {
      return {
        query: unsorted.length + i,
        keys: unsorted.flatMap((other, key) => (other === letter ? [key] : [])),
      };
    }),
  };
}

const read = (text: string): string[] => charactersOf(text, letters, 1, most);

export const sort: TextLesson = {
  kind: 'text',
  id: 'sort',
  title: { en: 'Sort', zh: '排序' },
  task: {
    en: 'Write the letters before “>” in alphabetical order, each of them once.',
    zh: '把“>”前面的字母按字母表顺序写出来，每个只写一次。',
  },
  lookFor: {
    en:
      'One layer is enough. From the letter just written both heads attend to the unsorted part, to the next larger letter: what is ' +
      'smaller or equal gets next to nothing, what is larger gets the less, the further away it is. So attention picks a minimum. A letter that ' +
      'is there twice gets its weight twice. Switch a head off while it learns: the other one takes over.',
    zh:
      '一层就够了。从刚写出的字母出发，两个头都看向未排序部分里下一个更大的字母：不比它大的几乎得不到权重，比它大的离得越远权重越小——注意力在取最小值。' +
      '出现两次的字母会得到两份权重。训练时关掉一个头，另一个会接替它。',
  },
  vocabulary: vocabulary.tokens,
  config: {
    vocabSize: vocabulary.tokens.length,
    maxLen: 2 * most + 1,
    dModel: 48,
    numLayers: 1,
    dFf: 96,
    positions: 'learned',
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu_tanh',
    attention: { numHeads: 2, causal: true },
    lmHead: true,
  },
  training: {
    lr: 5e-3,
    batchSize: 16,
    totalSteps: 1600,
    warmupSteps: 50,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.99,
  stepsToGoal: 1300,
  shipped: { seed: 1, accuracy: 0.9997, head: { layer: 0, head: 1, weight: 0.671 } },
  targetsIn: 'attentions',
  samples: ['dbca', 'attention', 'zyxwvu', 'banana'],

  example(random, heldOut) {
    const unsorted = drawSide(
      () => draw(random),
      (drawn) => drawn.join(''),
      heldOut,
    );
    return { input: unsorted.join(''), encoded: encode(unsorted) };
  },

  encode: (text) => encode(read(text)),
  correct: (text) => sorted(read(text)).join(''),

  prompt(text) {
    const unsorted = read(text);
    return {
      inputIds: vocabulary.ids([...unsorted, from!]),
      stopTokens: [vocabulary.id(end!)],
      maxNewTokens: unsorted.length + 1,
    };
  },
};
