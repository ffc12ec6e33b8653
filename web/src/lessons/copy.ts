// Copy with induction: what came after this letter the first time? Two heads in a row find it.
// Olsson et al. 2022, "In-context learning and induction heads", arXiv:2209.11895.
import type { SeededRandom } from 'attention-lab';
import { ignored } from './answers.ts';
import { drawSide } from './held-out.ts';
import type { Encoded, Target, TextLesson } from './lesson.ts';
import { charactersOf, letters, Vocabulary } from './vocabulary.ts';

const maxLen = 32;
const vocabulary = new Vocabulary(letters);

/**
 * Different letters in random order, then pieces of them, of which each begins anywhere: if they went round in a circle, it would do
 * to say the letter that was not seen for longest. Few letters in a long sequence teach such shortcuts, too.
 */
function draw(random: SeededRandom): string[] {
  const first = random.shuffle(letters).slice(0, 4 + random.integer(9));
  const length = Math.min(maxLen, Math.round(2.5 * first.length) + 2);
  const sequence = [...first];
  while (sequence.length < length) {
    const start = random.integer(first.length);
    sequence.push(...first.slice(start, start + 3 + random.integer(6)));
  }
  return sequence.slice(0, length);
}

/** Where what follows a letter's first occurrence stands; undefined at the first occurrence itself. */
function answerPlace(sequence: readonly string[], at: number): number | undefined {
  const first = sequence.indexOf(sequence[at]!);
  return first < at ? first + 1 : undefined;
}

function encode(sequence: readonly string[]): Encoded {
  const places = sequence.map((_, at) => answerPlace(sequence, at));
  return {
    example: {
      inputIds: vocabulary.ids(sequence),
      labels: places.map((place) =>
        place === undefined ? ignored : vocabulary.id(sequence[place]!),
      ),
    },
    queries: sequence,
    keys: sequence,
    targets: places.flatMap((place, query): Target[] =>
      place === undefined ? [] : [{ query, keys: [place] }],
    ),
  };
}

const read = (text: string): string[] => charactersOf(text, letters, 2, maxLen);

export const copy: TextLesson = {
  kind: 'text',
  id: 'copy',
  title: { en: 'Copy (induction)', zh: '复制（归纳头）' },
  task: {
    en: 'A letter comes a second time: say what followed it the first time.',
    zh: '一个字母第二次出现：说出它第一次出现时后面跟着什么。',
  },
  lookFor: {
    en:
      'No letter says what follows it, so one head is not enough. In layer 1 heads learn to attend to the letter before: each place now ' +
      'knows its predecessor. In layer 2 others find the place whose predecessor is the letter here, and copy it: induction ' +
      'heads. Language models have them, too. They appear quite suddenly: watch the loss fall when they do.',
    zh:
      '字母本身不会说明后面是什么，所以一个头不够。第 1 层的头学会看前一个字母，于是每个位置都知道自己前面是谁；第 2 层的头去找' +
      '“前面是当前字母”的那个位置，并把它抄下来。这就是归纳头，大语言模型里也有。它出现得很突然：那一刻损失会骤降。',
  },
  vocabulary: vocabulary.tokens,
  config: {
    vocabSize: letters.length,
    maxLen,
    dModel: 64,
    numLayers: 2,
    dFf: 64,
    positions: 'learned',
    embedNorm: true,
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu_tanh',
    attention: { numHeads: 4, causal: true },
    lmHead: true,
  },
  training: {
    lr: 5e-3,
    batchSize: 16,
    totalSteps: 1200,
    warmupSteps: 20,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.99,
  stepsToGoal: 900,
  shipped: { seed: 1, accuracy: 0.999, head: { layer: 1, head: 3, weight: 0.955 } },
  targetsIn: 'attentions',
  samples: ['kqzmabtkqzm', 'thequickthequ', 'xyabcxyab', 'abcdefghdefgh'],

  example(random, heldOut) {
    const sequence = drawSide(
      () => draw(random),
      (drawn) => drawn.join(''),
      heldOut,
    );
    return { input: sequence.join(''), encoded: encode(sequence) };
  },

  encode: (text) => encode(read(text)),

  correct(text) {
    const sequence = read(text);
    const place = answerPlace(sequence, sequence.length - 1);
    return place === undefined ? undefined : sequence[place];
  },

  prompt(text) {
    const sequence = read(text);
    return {
      inputIds: vocabulary.ids(sequence),
      stopTokens: [],
      maxNewTokens: Math.max(1, maxLen - sequence.length),
    };
  },
};
