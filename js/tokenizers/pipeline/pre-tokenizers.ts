// The pre-tokenizers of tokenizer.json: a text into the words that the model cuts further. As src/pre_tokenizers.
import { behaviors, matchCharacters, sizeAt, type AlignedText } from './aligned-text.js';
import { toByteCharacters } from './byte-alphabet.js';
import {
  isNumeric,
  isPunctuation,
  isWhitespace,
  isWordCharacter,
  type CharacterTest,
} from './characters.js';
import type { Fields } from './fields.js';
import { readPattern } from './pattern.js';
import { Regex } from './regex.js';
import { splitScripts } from './unicode-scripts.js';

/** One part into its parts. */
export type PreTokenizer = (text: AlignedText) => AlignedText[];

export function readPreTokenizer(step: Fields): PreTokenizer {
  switch (step.string('type')) {
    case 'BertPreTokenizer':
      return inTurn([splitWhitespace, isolate(isPunctuation)]);
    case 'Whitespace':
      return splitWords;
    case 'WhitespaceSplit':
      return splitWhitespace;
    case 'Punctuation': {
      const behavior = step.oneOf('behavior', behaviors, 'Isolated');
      return (text) => text.split(matchCharacters(text.text, isPunctuation), behavior);
    }
    case 'Digits': {
      const behavior = step.boolean('individual_digits') ? 'Isolated' : 'Contiguous';
      return (text) => text.split(matchCharacters(text.text, isNumeric), behavior);
    }
    case 'CharDelimiterSplit': {
      const delimiter = step.character('delimiter').codePointAt(0);
      return (text) =>
        text.split(
          matchCharacters(text.text, (c) => c === delimiter),
          'Removed',
        );
    }
    case 'Split':
      return readSplit(step);
    case 'Metaspace':
      return readMetaspace(step);
    case 'ByteLevel':
      return readByteLevel(step);
    case 'UnicodeScripts':
      return splitScripts;
    case 'FixedLength': {
      const length = step.integer('length', 5);
      if (length === 0) step.wrong('length', 'at least 1', length);
      return (text) => splitEvery(text, length);
    }
    case 'Sequence':
      return inTurn(step.steps('pretokenizers', readPreTokenizer));
    default:
      return step.unknownType();
  }
}

const inTurn =
  (steps: readonly PreTokenizer[]): PreTokenizer =>
  (text) =>
    steps.reduce((parts, split) => parts.flatMap((part) => split(part)), [text]);

const isolate =
  (test: CharacterTest): PreTokenizer =>
  (text) =>
    text.split(matchCharacters(text.text, test), 'Isolated');

const splitWhitespace: PreTokenizer = (text) =>
  text.split(matchCharacters(text.text, isWhitespace), 'Removed');

/** Runs of word characters, and runs of what are neither those nor spaces. */
const splitWords: PreTokenizer = (text) => {
  const kindOf = (c: number): string =>
    isWordCharacter(c) ? 'word' : isWhitespace(c) ? '' : 'sign';
  const words: AlignedText[] = [];
  let start = 0;
  let last = '';
  for (let unit = 0; unit <= text.text.length;) {
    const kind = unit < text.text.length ? kindOf(text.text.codePointAt(unit)!) : '';
    if (kind !== last) {
      if (last !== '') words.push(text.slice(start, unit));
      start = unit;
      last = kind;
    }
    unit += unit < text.text.length ? sizeAt(text.text, unit) : 1;
  }
  return words;
};

function readSplit(step: Fields): PreTokenizer {
  const match = readPattern(step);
  const behavior = step.oneOf('behavior', behaviors);
  if (!step.boolean('invert')) return (text) => text.split(match(text.text), behavior);
  return (text) =>
    text.split(
      match(text.text).map(([start, end, found]) => [start, end, !found] as const),
      behavior,
    );
}

export const prependSchemes = ['first', 'never', 'always'] as const;

/** Before 2023 the field was add_prefix_space. */
export function prependSchemeOf(step: Fields): (typeof prependSchemes)[number] {
  const scheme = step.oneOf('prepend_scheme', prependSchemes, 'always');
  if (step.boolean('add_prefix_space', true)) return scheme;
  if (step.value('prepend_scheme') !== undefined && scheme !== 'never')
    step.wrong('add_prefix_space', 'what prepend_scheme says', false);
  return 'never';
}

function readMetaspace(step: Fields): PreTokenizer {
  const mark = step.character('replacement', '▁');
  const scheme = prependSchemeOf(step);
  const splits = step.boolean('split', true);
  const markPoint = mark.codePointAt(0)!;
  return (text) => {
    let marked = text.replace(
      matchCharacters(text.text, (c) => c === 0x20),
      mark,
    );
    const isDue = scheme === 'always' || (scheme === 'first' && text.origin === 0);
    if (isDue && !marked.text.startsWith(mark)) marked = marked.prepend(mark);
    return splits
      ? marked.split(
          matchCharacters(marked.text, (c) => c === markPoint),
          'MergedWithNext',
        )
      : [marked];
  };
}

let gpt2: Regex | undefined;

function readByteLevel(step: Fields): PreTokenizer {
  const addsSpace = step.boolean('add_prefix_space', true);
  const splits = step.boolean('use_regex', true);
  gpt2 ??= new Regex(
    String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
    'ByteLevel',
  );
  const regex = gpt2;
  return (text) => {
    const spaced = addsSpace && !text.text.startsWith(' ') ? text.prepend(' ') : text;
    const words = splits ? spaced.split(regex.matches(spaced.text), 'Isolated') : [spaced];
    return words.map(toByteCharacters);
  };
}

function splitEvery(text: AlignedText, length: number): AlignedText[] {
  const parts: AlignedText[] = [];
  let start = 0;
  let count = 0;
  for (let unit = 0; unit < text.text.length;) {
    unit += sizeAt(text.text, unit);
    if (++count < length && unit < text.text.length) continue;
    parts.push(text.slice(start, unit));
    start = unit;
    count = 0;
  }
  return parts;
}
