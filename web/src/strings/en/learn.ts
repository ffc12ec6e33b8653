// Every word of Learn that belongs to no chapter, in English. The type of this object is what every other language must fill.

/** “a”, “b” and “c” */
const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
const quoted = (word: string) => `“${word}”`;

/** Whom the words of one layer read, as far as the answer depends on it. */
export interface Reads {
  layer: number;
  reads: readonly { readers: readonly string[]; keys: readonly string[] }[];
}

const blank = 'the blank';
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const reader = (word: string) => (word === '?' ? blank : quoted(word));

export const en = {
  title: 'Attention Lab — how attention works, in a real transformer',
  chapter: 'Chapter',
  anotherSentence: 'Another sentence',
  swap: (from: string, to: string) => `Change “${from}” to “${to}”`,
  storeys: {
    words: 'the words',
    layer: (layer: number) => `after layer ${layer}`,
    read: 'what is read',
    written: 'what is written',
  },
  translation: {
    wrote: (text: string, answer: string) =>
      `“${text}” → ${answer}. Each arc: a character, while it is written, reads one of the input.`,
    changed: (before: string, now: string) => `It writes ${now}; before: ${before}.`,
    readers: (
      letter: string,
      readers: readonly { character: string; place: number; weight: string }[],
    ) =>
      readers.length === 0
        ? `Nobody reads ${quoted(letter)} strongly.`
        : `${quoted(letter)} is read by ${readers
            .map(
              ({ character, place, weight }) =>
                `${quoted(character)} (character ${place}) ${weight}`,
            )
            .join(', ')}.`,
    arc: (written: string, read: string, weight: string) =>
      `Writing ${quoted(written)}, the decoder reads ${quoted(read)} with ${weight}`,
  },
  drawing: {
    place: (row: number, column: number) => `row ${row}, column ${column}`,
    points: (points: number) => `${Math.round(points)} points`,
    loses: 'orange: the answer needs it; purple: it is better off without',
  },
  listings: {
    storey: 'after attention',
    row: (asked: string, weights: readonly string[], total: string, which: string) =>
      `${capital(reader(asked))}, ${which}: ${weights.length > 0 ? weights.join(', ') : 'reads nobody'}. ${total === '' ? '' : `The row adds up to ${total}.`}`,
    oneHead: 'one head',
    firstHead: (heads: number) => `head 1 of ${heads}`,
    allHeads: (heads: number) => `${heads} heads`,
    mark: (text: string) => `the mark ${text}`,
    arc: (asked: string, key: string, weight: string) =>
      `${reader(asked)} reads ${quoted(key)}: ${weight}`,
  },
  recurrent: {
    storey: 'at the last letter',
    line: (answer: string, share: string, network: string, networkShare: string) =>
      `Next letter, by attention (blue): ${answer} ${share}; by the recurrent network (purple): ${network} ${networkShare}.`,
    influence: (letter: string, share: string) =>
      `Of all that the network still feels, ${share} is of ${quoted(letter)}`,
    weight: (letter: string, share: string) => `Attention on ${quoted(letter)}: ${share}`,
  },
  blank,
  head: (layer: number, head: number) => `layer ${layer}, head ${head}`,
  cards: 'Questions',
  previous: 'Previous question',
  next: 'Next question',
  guessFirst: 'Guess first:',
  right: 'Right.',
  wrong: (answer: string) => `Not quite. Rather: ${answer}.`,
  path: (layers: readonly Reads[]) =>
    layers
      .map(
        ({ layer, reads }) =>
          `Layer ${layer}: ${reads
            .map(
              ({ readers, keys }) =>
                `${list(readers.map(reader))} ${readers.length > 1 ? 'read' : 'reads'} ${list(keys.map(quoted))}`,
            )
            .join('; ')}.`,
      )
      .join(' '),
  runnerUp: (word: string, share: string, second: string, secondShare: string) =>
    `Answer: ${word} ${share}; next comes ${second} with ${secondShare}.`,
  alsoRead:
    'A word reads what training found useful, its neighbours too. What this answer does not depend on is left out of the figure.',
  measured:
    'These arcs matter: each was cut to see what the answer loses. Weights alone are not an explanation.',
  arc: (reading: string, read: string, layer: number, weight: string, effect: string | null) =>
    `Layer ${layer}: ${reader(reading)} reads ${quoted(read)} with ${weight}${effect === null ? '' : `; without it the preference falls by ${effect}`}`,
  wordReads: (word: string, parts: readonly { layer: number; reads: string }[]) =>
    parts.length === 0
      ? `${reader(word)} reads no other word strongly.`
      : `${reader(word)}: ${parts.map(({ layer, reads }) => `layer ${layer}, ${reads}`).join('; ')}.`,
  back: 'Back to the arcs that matter',
  figure: (line: string, answer: string) => `${line} The answer: ${answer}.`,
  blocked: (weight: string, noun: string, to: string) =>
    `Blocked: ${weight} → 0% on “${noun}”. Its share went to ${to}.`,
  marks: 'the marks around the sentence',
  score: {
    query: (word: string) => `query = (${quoted(word)} + its place) × W_Q: what it asks for`,
    key: (word: string) => `key = (“${word}” + its place) × W_K: what it offers`,
    products: (sum: string) => `query × key, added up: ${sum} (blue +, orange −)`,
    word: 'word',
    sum: 'sum',
    scaled: (root: string) => `÷ ${root}`,
    share: 'softmax',
    others: (count: number) => `${count} others`,
    choose: (word: string) => `Show the key of “${word}”`,
  },
  softmax: {
    row: (reading: string, head: string, count: number) =>
      `Whom ${reader(reading)} reads in ${head} (a head: one of ${count} that read side by side)`,
    divided: (root: string) => `÷ ${root}, as trained`,
    plain: 'not divided',
    largest: (before: string, after: string) => `Largest weight: ${before} → ${after}.`,
    answer: (before: string, after: string) => `The answer: ${before} → ${after}.`,
  },
  heads: {
    choose: 'Choose two heads of this layer',
    reads: (word: string, share: string) => `reads ${quoted(word)} ${share}`,
    rests: (share: string) => `rests on a mark, ${share}`,
  },
  growBack: 'Now grow it back',
  growBackHint: 'opens Train with this head switched off',
  lab: 'See every number in the Lab',
  share: 'Share this card',
  copyLink: 'Copy link',
  copyEmbed: 'Copy embed code',
  png: 'Save picture (PNG)',
  svg: 'Save picture (SVG)',
  copied: 'Copied',
  copyFailed: 'The browser refused the clipboard. Copy it from here:',
  loading: 'Opening the model…',
  failed: 'The model could not be opened. Check the network and try again.',
  unsupported:
    'This browser has no WebAssembly SIMD. Any Chrome, Edge, Firefox or Safari since 2023 has it.',
  retry: 'Try again',
  open: 'Open in Attention Lab',
};

export type LearnStrings = typeof en;
