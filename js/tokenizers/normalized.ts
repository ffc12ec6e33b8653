// A text as a SentencePiece model sees it: characters by its rules, spaces as ▁, and where each came from.
// As Normalizer::Normalize of https://github.com/google/sentencepiece/blob/master/src/normalizer.cc does it.
import { Charsmap, type CharsmapMatch } from './charsmap.js';
import type { SentencePieceModel } from './sentencepiece.js';

const encoder = new TextEncoder();

/** A text and where each UTF-16 unit of it comes from. */
export interface TracedText {
  text: string;
  sources: readonly (readonly [start: number, end: number])[];
}

/** Text → what pieces are looked for in; '' for nothing but spaces. */
export function normalizerOf(model: SentencePieceModel): (text: string) => TracedText {
  const { name, pieces, charsmap, addDummyPrefix, removeExtraSpaces, spaceAsSuffix } = model;
  const space = model.escapeSpaces ? '▁' : ' ';
  const rules = charsmap.length > 0 ? new Charsmap(name, charsmap) : undefined;
  const symbolAt = symbolFinder(pieces);

  return (text) => {
    if (text === '') return { text, sources: [] };
    const bytes = encoder.encode(text);
    let result = '';
    const sources: [number, number][] = []; // of each UTF-16 unit of the result
    const add = (characters: string, source: [number, number]): void => {
      result += characters;
      for (let unit = 0; unit < characters.length; ++unit) sources.push(source);
    };
    if (addDummyPrefix && !spaceAsSuffix) add(space, [0, 0]);
    let isAfterSpace = removeExtraSpaces;
    let isBlank = removeExtraSpaces;
    for (let byte = 0, unit = 0; byte < bytes.length;) {
      const { length, text: found } =
        symbolAt(text, unit) ?? rules?.longestMatch(bytes, byte) ?? character(bytes, byte);
      const source: [number, number] = [unit, unit + unitsOf(bytes, byte, length)];
      const rest = isAfterSpace ? found.replace(/^ +/, '') : found;
      add(rest.replaceAll(' ', space), source);
      isBlank &&= found === ' ';
      if (rest !== '') isAfterSpace = removeExtraSpaces && rest.endsWith(' ');
      byte += length;
      [, unit] = source;
    }
    if (removeExtraSpaces) {
      let end = result.length;
      while (result[end - 1] === space) end -= 1;
      result = result.slice(0, end); // of spaces alone not even the prefix
      sources.length = end;
    }
    if (addDummyPrefix && spaceAsSuffix && !isBlank) add(space, [text.length, text.length]);
    return { text: result, sources };
  };
}

/** Symbols that the user defined stay as they are; the longest counts. */
function symbolFinder(
  pieces: SentencePieceModel['pieces'],
): (text: string, unit: number) => CharsmapMatch | undefined {
  const symbols = pieces.filter(({ kind }) => kind === 'user_defined').map(({ text }) => text);
  const byFirst = new Map<string, string[]>();
  for (const text of symbols.sort((a, b) => b.length - a.length)) {
    const alike = byFirst.get(text[0]!);
    if (alike) alike.push(text);
    else byFirst.set(text[0]!, [text]);
  }
  return (text, unit) => {
    const symbol = byFirst.get(text[unit]!)?.find((candidate) => text.startsWith(candidate, unit));
    return symbol === undefined
      ? undefined
      : { length: encoder.encode(symbol).length, text: symbol };
  };
}

/** The character at a byte, unchanged. A rule of a damaged file may have ended within one: its rest is unknown. */
function character(bytes: Uint8Array, at: number): CharsmapMatch {
  const first = bytes[at]!;
  if (first >= 0x80 && first < 0xc0) return { length: 1, text: '\ufffd' };
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return {
    length,
    text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(at, at + length)),
  };
}

/** UTF-16 units of characters that begin within some bytes. */
function unitsOf(bytes: Uint8Array, at: number, length: number): number {
  let units = 0;
  for (const byte of bytes.subarray(at, at + length))
    units += byte >= 0xf0 ? 2 : byte < 0x80 || byte >= 0xc0 ? 1 : 0;
  return units;
}
