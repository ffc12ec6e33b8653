// Brackets: which one must be closed next? The attention finds the partner, past everything that is closed already.
// The task is Dyck-3; Ebrahimi et al. 2020, "How can self-attention networks recognize Dyck-n languages?", arXiv:2010.04303.
import type { SeededRandom } from 'attention-lab';
import { drawSide } from './held-out.ts';
import { InputProblem, type Encoded, type Target, type TextLesson } from './lesson.ts';
import { charactersOf, Vocabulary } from './vocabulary.ts';

const pairs: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
const opening = [...pairs.keys()];
const known = [...opening, ...pairs.values()];
/** The answer where nothing is open. */
const nothing = '.';
const vocabulary = new Vocabulary([...known, nothing]);
const [maxLen, deepest] = [20, 5];

/** A walk that opens a little more often than it closes. */
function draw(random: SeededRandom): string[] {
  const length = 2 + random.integer(maxLen - 1);
  const open: string[] = [];
  return Array.from({ length }, () => {
    const closes = open.length > 0 && (open.length === deepest || random.next() < 0.45);
    if (closes) return pairs.get(open.pop()!)!;
    open.push(random.pick(opening));
    return open.at(-1)!;
  });
}

/** Where the innermost bracket that is open after each place stands; undefined where none is. */
function innermost(sequence: readonly string[]): (number | undefined)[] {
  const open: number[] = [];
  return sequence.map((bracket, at) => {
    if (pairs.has(bracket)) open.push(at);
    else if (pairs.get(sequence[open.pop() ?? -1] ?? '') !== bracket) {
      throw new InputProblem({
        en: `Place ${at + 1}: “${bracket}” does not close what is open there.`,
        zh: `第 ${at + 1} 个字符“${bracket}”无法关闭那里未关闭的括号。`,
      });
    }
    return open.at(-1);
  });
}

const closing = (sequence: readonly string[], place: number | undefined): string =>
  place === undefined ? nothing : pairs.get(sequence[place]!)!;

function encode(sequence: readonly string[]): Encoded {
  const places = innermost(sequence);
  return {
    example: {
      inputIds: vocabulary.ids(sequence),
      labels: vocabulary.ids(places.map((place) => closing(sequence, place))),
    },
    queries: sequence,
    keys: sequence,
    targets: places.flatMap((place, query): Target[] =>
      place === undefined ? [] : [{ query, keys: [place] }],
    ),
  };
}

const read = (text: string): string[] => charactersOf(text, known, 1, maxLen);

export const brackets: TextLesson = {
  kind: 'text',
  id: 'brackets',
  title: { en: 'Brackets', zh: '括号匹配' },
  task: {
    en: 'At every place, say which bracket has to close next; “.” where nothing is open.',
    zh: '在每个位置说出接下来该关闭哪个括号；若没有未关闭的括号，就说“.”。',
  },
  lookFor: {
    en:
      'Find the head that attends from each place to the innermost bracket still open: the partner of the one that must come next. It has to ' +
      'jump over pairs that are closed already. No bracket says by itself whether it is closed, so this takes two layers: the second can ' +
      'ask for what the first found out. Type “([{}” and see the arc go back to “[”.',
    zh:
      '找到这样一个头：从每个位置看向最内层尚未关闭的括号，也就是接下来要关闭的那一个。它必须跳过已经配好对的括号。' +
      '单个括号本身看不出是否已关闭，所以需要两层：第二层可以利用第一层算出的结果。输入“([{}”，看弧线如何回到“[”。',
  },
  vocabulary: vocabulary.tokens,
  config: {
    vocabSize: vocabulary.tokens.length,
    maxLen,
    dModel: 48,
    numLayers: 2,
    dFf: 96,
    positions: 'learned',
    embedNorm: true,
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu_tanh',
    attention: { numHeads: 4, causal: true },
    lmHead: true,
  },
  training: {
    lr: 4e-3,
    batchSize: 16,
    totalSteps: 2400,
    warmupSteps: 50,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.99,
  stepsToGoal: 800,
  shipped: { seed: 1, accuracy: 1.0, head: { layer: 1, head: 2, weight: 0.776 } },
  targetsIn: 'attentions',
  samples: ['([{}', '{[()()]', '((([[[', '[](){'],

  example(random, heldOut) {
    const sequence = drawSide(
      () => draw(random),
      (drawn) => drawn.join(''),
      heldOut,
    );
    return { input: sequence.join(''), encoded: encode(sequence) };
  },

  encode: (text) => encode(read(text)),

  /** What closes everything. */
  correct(text) {
    const sequence = read(text);
    const open = [...sequence];
    for (let place = innermost(open).at(-1); place !== undefined; place = innermost(open).at(-1))
      open.push(closing(open, place));
    return open.slice(sequence.length).join('');
  },

  prompt(text) {
    const sequence = read(text);
    return {
      inputIds: vocabulary.ids(sequence),
      stopTokens: [vocabulary.id(nothing)],
      maxNewTokens: maxLen - sequence.length + 1,
    };
  },
};
