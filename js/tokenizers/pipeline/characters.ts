// Kinds of characters, of the versions of Unicode that the parts of the Rust library know: std 17, Oniguruma and regex 16,
// unicode_categories 8, unicode-normalization-alignments 9. (A browser may know an older one than 17: newer characters are then of no kind.)
import { newer } from './newer-characters.js';

export type CharacterTest = (codePoint: number) => boolean;

/** Remembers what it found, of characters in 16 bits. */
export function remembering(test: CharacterTest): CharacterTest {
  let known: Uint8Array | undefined; // 1: no, 2: yes
  return (codePoint) => {
    if (codePoint > 0xffff) return test(codePoint);
    known ??= new Uint8Array(0x10000);
    return (known[codePoint] ||= test(codePoint) ? 2 : 1) === 2;
  };
}

/** What an expression finds, but for the ranges of a table: see newer-characters.ts. */
export function characterTest(expression: RegExp, table?: string): CharacterTest {
  const excepted = table === undefined ? undefined : inTable(table);
  return remembering(
    (codePoint) => expression.test(String.fromCodePoint(codePoint)) && !excepted?.(codePoint),
  );
}

/** Of a table: gap to the next range and how many characters it has beyond one, in base 36. */
export function inTable(table: string): CharacterTest {
  const bounds: number[] = []; // first and end of each range, alternating
  let at = 0;
  for (const range of table.split(' ')) {
    const [gap, more = '0'] = range.split('.');
    at += Number.parseInt(gap!, 36);
    bounds.push(at);
    at += Number.parseInt(more, 36) + 1;
    bounds.push(at);
  }
  return (codePoint) => {
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bounds[middle]! <= codePoint) low = middle + 1;
      else high = middle;
    }
    return low % 2 === 1;
  };
}

export const isWhitespace = characterTest(/\p{White_Space}/u);
export const isNumeric = characterTest(/\p{N}/u);
export const isPunctuation = characterTest(/[\p{P}$+<=>^`|~]|\u166d|\u{111c9}/u, newer.punctuation);
export const isNonspacingMark = characterTest(/\p{Mn}|\u1734|\u{1171e}/u, newer.nonspacing);
export const isCombiningMark = characterTest(/\p{M}|\u1cf2|\u1cf3/u, newer.mark);
/** As BERT counts them; \t, \n and \r are spaces there. */
export const isControl = characterTest(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}]/u, newer.format);
const isNewerThan16 = inTable(newer.oniguruma);

/** As Oniguruma and the crate regex read an expression: characters newer than Unicode 16 are of no kind to them, as U+0378 is. */
export function unicode16(expression: RegExp): CharacterTest {
  const unassigned = expression.test('\u0378');
  return remembering((codePoint) =>
    isNewerThan16(codePoint) ? unassigned : expression.test(String.fromCodePoint(codePoint)),
  );
}

/** \w of the crate regex. */
export const isWordCharacter = unicode16(/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u);
