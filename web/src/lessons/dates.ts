// Dates as people write them → ISO 8601: an encoder–decoder, whose cross-attention points at the part that it is copying.
import type { SeededRandom } from 'attention-lab';
import { drawSide } from './held-out.ts';
import { InputProblem, type Encoded, type Target, type TextLesson } from './lesson.ts';
import { Vocabulary } from './vocabulary.ts';

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const [firstYear, years] = [1900, 200];
const [start, end] = ['^', '$'];
const known = [...new Set([...'0123456789-/., ', ...months.join('')])];
const vocabulary = new Vocabulary([start!, end!, ...known]);

/** A text that means a date, and where its parts stand. */
interface Written {
  text: string;
  day: number;
  month: number;
  year: number;
  /** Of the day, the month and the year: [first, last + 1]. */
  places: Record<'day' | 'month' | 'year', [number, number]>;
}

type Piece = string | { part: 'day' | 'month' | 'year'; text: string };

function assemble(
  date: Pick<Written, 'day' | 'month' | 'year'>,
  pieces: readonly Piece[],
): Written {
  const places = {} as Written['places'];
  let text = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      places[piece.part] = [text.length, text.length + piece.text.length];
      text += piece.text;
    }
  }
  return { ...date, text, places };
}

const two = (value: number): string => `${value}`.padStart(2, '0');
const daysIn = (month: number, year: number): number =>
  new Date(Date.UTC(year, month, 0)).getUTCDate();

function draw(random: SeededRandom): Written {
  const year = firstYear + random.integer(years);
  const month = 1 + random.integer(12);
  const day = 1 + random.integer(daysIn(month, year));
  const padded = random.next() < 0.3 ? two : String;
  const name = months[month - 1]!;
  const dayPiece = { part: 'day', text: padded(day) } as const;
  const namePiece = { part: 'month', text: random.next() < 0.5 ? name : name.slice(0, 3) } as const;
  const numberPiece = { part: 'month', text: padded(month) } as const;
  const yearPiece = { part: 'year', text: `${year}` } as const;
  const forms: readonly (readonly Piece[])[] = [
    [dayPiece, ' ', namePiece, ' ', yearPiece],
    [namePiece, ' ', dayPiece, ', ', yearPiece],
    [namePiece, ' ', dayPiece, ' ', yearPiece],
    [dayPiece, '.', numberPiece, '.', yearPiece],
    [numberPiece, '/', dayPiece, '/', yearPiece],
    [yearPiece, ' ', namePiece, ' ', dayPiece],
  ];
  return assemble({ day, month, year }, random.pick(forms));
}

const longest = '30 september 2026'.length + 1; // of "september 30, 2026"
const answerOf = ({ day, month, year }: Written): string => `${year}-${two(month)}-${two(day)}`;

/** The encoder reads the text; the decoder has the answer so far before it, and says its next character. */
function encode(date: Written): Encoded {
  const source = [...date.text];
  const answer = [...answerOf(date)];
  const given = [start!, ...answer];
  return {
    example: {
      inputIds: vocabulary.ids(source),
      decoderInputIds: vocabulary.ids(given),
      labels: vocabulary.ids([...answer, end!]),
    },
    queries: given,
    keys: source,
    targets: targetsOf(date),
  };
}

/** A digit of year, day or month number is copied from its own place; of a month's name any letter will do. */
function targetsOf({ text, places }: Written): Target[] {
  const range = ([first, end]: [number, number]): number[] =>
    Array.from({ length: end - first }, (_, i) => first + i);
  const digit = (part: 'day' | 'month', place: 0 | 1): number[] => {
    const [first, end] = places[part];
    // Of a day without a leading zero its only digit says that the first is 0.
    return [end - first === 2 ? first + place : first];
  };
  const month = (place: 0 | 1): number[] =>
    /\d/.test(text[places.month[0]]!) ? digit('month', place) : range(places.month);
  return [
    ...range(places.year).map((key, query) => ({ query, keys: [key] })),
    ...([0, 1] as const).map((place) => ({ query: 5 + place, keys: month(place) })),
    ...([0, 1] as const).map((place) => ({ query: 8 + place, keys: digit('day', place) })),
  ];
}

const name = months.flatMap((each) => [each, each.slice(0, 3)]).join('|');
const forms = [
  `(?<day>\\d{1,2}) (?<month>${name}) (?<year>\\d{4})`,
  `(?<month>${name}) (?<day>\\d{1,2}),? (?<year>\\d{4})`,
  '(?<day>\\d{1,2})\\.(?<month>\\d{1,2})\\.(?<year>\\d{4})',
  '(?<month>\\d{1,2})/(?<day>\\d{1,2})/(?<year>\\d{4})',
  `(?<year>\\d{4}) (?<month>${name}) (?<day>\\d{1,2})`,
].map((form) => new RegExp(`^${form}$`, 'd'));

function read(given: string): Written {
  const text = given.toLowerCase().trim().replace(/\s+/g, ' ');
  for (const form of forms) {
    const match = form.exec(text);
    if (!match) continue;
    const { day, month, year } = match.groups as Record<'day' | 'month' | 'year', string>;
    const number = /\d/.test(month)
      ? Number(month)
      : 1 + months.findIndex((each) => each.startsWith(month.slice(0, 3)));
    const date = { day: Number(day), month: number, year: Number(year) };
    if (isDate(date)) return { ...date, text, places: match.indices!.groups as Written['places'] };
  }
  throw new InputProblem({
    en: `Type a date from ${firstYear} to ${firstYear + years - 1}, such as: ${samples.join('; ')}.`,
    zh: `请输入 ${firstYear} 到 ${firstYear + years - 1} 年间的日期，例如：${samples.join('；')}。`,
  });
}

function isDate({ day, month, year }: Pick<Written, 'day' | 'month' | 'year'>): boolean {
  const known = year >= firstYear && year < firstYear + years && month >= 1 && month <= 12;
  return known && day >= 1 && day <= daysIn(month, year);
}

const samples = ['20 nov 2026', 'november 20, 2026', '20.11.2026', '11/20/2026', '2026 nov 20'];

export const dates: TextLesson = {
  kind: 'text',
  id: 'dates',
  title: { en: 'Dates', zh: '日期' },
  task: {
    en: 'Write a date as year-month-day, whatever way it was written.',
    zh: '不管日期怎么写，都改写成“年-月-日”。',
  },
  lookFor: {
    en:
      'An encoder reads the date, a decoder writes the new one, character by character. In its cross-attention rows are what is being ' +
      'written and columns what was read: the year is copied digit by digit, though it stands last; for the month it attends to the name. ' +
      'Put the day first or last, and the line jumps with it. This is what attention was invented for: alignment in translation.',
    zh:
      '编码器读入日期，解码器逐字写出新的日期。在交叉注意力里，行是正在写的字符，列是读入的字符：年份虽然在最后，却被一位一位地抄过来；写月份时它看的是月份名。' +
      '把“日”放到前面或后面，那条线也会跟着跳。注意力最初就是为此发明的：翻译中的对齐。',
  },
  vocabulary: vocabulary.tokens,
  config: {
    vocabSize: vocabulary.tokens.length,
    maxLen: longest,
    dModel: 48,
    numLayers: 1,
    dFf: 96,
    positions: 'learned',
    embedNorm: true,
    norm: 'pre',
    finalNorm: true,
    activation: 'gelu_tanh',
    attention: { numHeads: 2, causal: true },
    encoder: { attention: { causal: false } },
    lmHead: true,
  },
  training: {
    lr: 4e-3,
    batchSize: 32,
    totalSteps: 1500,
    warmupSteps: 50,
    weightDecay: 0.01,
    betas: [0.9, 0.98],
  },
  goal: 0.99,
  stepsToGoal: 500,
  shipped: { seed: 1, accuracy: 0.9999, head: { layer: 0, head: 1, weight: 0.818 } },
  targetsIn: 'crossAttentions',
  samples,

  example(random, heldOut) {
    // The date is held out, in whatever form it is written.
    const date = drawSide(() => draw(random), answerOf, heldOut);
    return { input: date.text, encoded: encode(date) };
  },

  encode: (text) => encode(read(text)),
  correct: (text) => answerOf(read(text)),

  prompt(text) {
    return {
      inputIds: vocabulary.ids([...read(text).text]),
      decoderInputIds: [vocabulary.id(start!)],
      stopTokens: [vocabulary.id(end!)],
      maxNewTokens: '2026-11-20'.length + 1,
    };
  },
};
