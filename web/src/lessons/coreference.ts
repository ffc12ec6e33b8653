// Who does "it" refer to: a BERT of two layers finds the noun that a pronoun or a masked word stands for. The page's first model.
import { ignored } from './answers.ts';
import { batchOf, idOf, vocabulary, withMoreMasks } from './coreference/batch.ts';
import type { Sentence } from './coreference/families.ts';
import { mask, drawSentence } from './coreference/sentence.ts';
import { tokenizerFiles } from './coreference/tokenizer.ts';
import { mostTokens, specialTokens } from './coreference/vocabulary.ts';
import { InputProblem, type Encoded, type TextLesson } from './lesson.ts';

/** They, too, are answered by the noun that they stand for. */
const pronouns = new Set(['it', 'they', 'he', 'she']);
const mostWords = mostTokens - 2; // less [CLS] and [SEP]

/** Labelled keys are the words; [CLS] and [SEP] stand around them. */
function encoded(sentence: Sentence): Encoded {
  const { inputIds, labels } = batchOf([sentence]);
  const tokens = ['[CLS]', ...sentence.words, '[SEP]'];
  const refers =
    sentence.family === 'noun' || sentence.family === 'pronoun' || sentence.family === 'question';
  return {
    example: { inputIds: inputIds[0]!, labels: labels[0]! },
    queries: tokens,
    keys: tokens,
    targets: refers ? [{ query: sentence.target + 1, keys: [sentence.referent! + 1] }] : [],
  };
}

/** Words and punctuation, lower-cased and without accents, as the shipped tokenizer splits them. */
function wordsOf(text: string): string[] {
  const plain = text.normalize('NFD').replace(/\p{Mn}/gu, '');
  const pieces =
    plain.match(
      /\[(?:PAD|UNK|CLS|SEP|MASK)\]|\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}])+|[^\s\p{L}\p{N}]/gu,
    ) ?? [];
  return pieces.map((word) => (specialTokens.includes(word) ? word : word.toLowerCase()));
}

export const coreference: TextLesson = {
  kind: 'text',
  id: 'coreference',
  title: { en: 'Who is “it”?', zh: '“it” 指的是谁？' },
  task: {
    en: 'Name the noun that [MASK], or a pronoun, stands for; in some sentences the hidden word is a reason or a verb.',
    zh: '说出 [MASK] 或代词所代表的名词；有些句子里被遮住的是原因或动词。',
  },
  lookFor: {
    en:
      'The noun must fit the reason: only an animal can be tired, only a street can be wide. Watch a head of layer 2 begin to attend from ' +
      'the asked word to the right noun, and see the arc jump when you change “tired” to “wide”. This takes longer than the other lessons: ' +
      'thousands of steps, because the words themselves have to be learned first.',
    zh:
      '名词必须与原因相符：会累的只能是动物，会宽的只能是街道。观察第 2 层的一个头如何开始从被问的词看向正确的名词；把 “tired” 改成 “wide”，' +
      '弧线就会跳走。这一课比其他课更久，需要几千步，因为模型要先学会这些词本身。',
  },
  vocabulary,
  tokenizer: tokenizerFiles,
  config: {
    vocabSize: vocabulary.length,
    maxLen: mostTokens,
    typeVocabSize: 2,
    dModel: 64,
    numLayers: 2,
    dFf: 128,
    positions: 'learned',
    embedNorm: true,
    normEps: 1e-12,
    activation: 'gelu',
    attention: { numHeads: 4 },
    maskedLmHead: true,
  },
  training: {
    lr: 2e-3,
    batchSize: 64,
    totalSteps: 9000,
    warmupSteps: 300,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
    clipNorm: 1,
    disagreement: { weight: 1, except: ['[PAD]', '[CLS]', '[SEP]'].map(idOf) },
  },
  pool: 16,
  goal: 0.95,
  stepsToGoal: 6000,
  shipped: { seed: 1, accuracy: 0.994, head: { layer: 1, head: 0, weight: 0.952 } },
  targetsIn: 'attentions',
  samples: [
    'the animal did not cross the street because the [MASK] was too tired .',
    'the trophy did not fit in the suitcase because it was too small .',
    'the keys to the old cabinet [MASK] on the table .',
  ],

  example(random, heldOut) {
    for (;;) {
      const drawn = drawSentence(random, heldOut ? 'held-out' : 'train', { mostWords });
      if (!heldOut)
        return { input: drawn.words.join(' '), encoded: encoded(withMoreMasks(random, drawn)) };
      // Asked are sentences with one right answer: at their target alone.
      if (drawn.family === 'fragment' || drawn.reasons.length > 1) continue;
      const asked = {
        ...drawn,
        answers: new Map([[drawn.target, drawn.answers.get(drawn.target)!]]),
      };
      return { input: asked.words.join(' '), encoded: encoded(asked) };
    }
  },

  encode(input) {
    const words = wordsOf(input);
    if (words.length === 0)
      throw new InputProblem({ en: 'Type a sentence.', zh: '请输入一个句子。' });
    if (words.length > mostWords) {
      throw new InputProblem({
        en: `At most ${mostWords} words and punctuation marks; this sentence has ${words.length}.`,
        zh: `最多 ${mostWords} 个词和标点；这个句子有 ${words.length} 个。`,
      });
    }
    const tokens = ['[CLS]', ...words, '[SEP]'];
    const placesOf = (asked: (token: string) => boolean): number[] =>
      tokens.flatMap((token, at) => (asked(token) ? [at] : []));
    const masks = placesOf((token) => token === mask);
    const asked = masks.length > 0 ? masks : placesOf((token) => pronouns.has(token));
    return {
      example: { inputIds: tokens.map(idOf), labels: tokens.map(() => ignored) },
      queries: tokens,
      keys: tokens,
      targets: [],
      ...(asked.length > 0 && { asked }),
    };
  },

  correct: () => undefined,
};
