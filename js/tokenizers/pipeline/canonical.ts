// NFD, NFC, NFKD and NFKC with the changes that keep a text aligned. As the crate unicode-normalization-alignments (Unicode 9).
import type { AlignedText, Change } from './aligned-text.js';
import { inTable } from './characters.js';
import { newer } from './newer-characters.js';

export type Form = 'NFC' | 'NFD' | 'NFKC' | 'NFKD';

const newerOf = { NFD: inTable(newer.canonical), NFKD: inTable(newer.compatible) };

export function normalizeForm(text: AlignedText, form: Form): AlignedText {
  if (/^[\0-\x7f]*$/.test(text.text)) return text;
  const decomposed = decompose(text.text, form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD');
  return text.transform(form === 'NFC' || form === 'NFKC' ? compose(decomposed) : decomposed);
}

function decompose(text: string, form: 'NFD' | 'NFKD'): Change[] {
  const changes: Change[] = [];
  let marks: Change[] = []; // waiting for what they are to be ordered among
  const flush = (): void => {
    for (const mark of marks.length > 1 ? ordered(marks) : marks) changes.push(mark);
    marks = [];
  };
  for (const character of text) {
    const isKept = newerOf[form](character.codePointAt(0)!);
    let change = 0;
    for (const part of isKept ? character : character.normalize(form)) {
      if (isStarter(part)) {
        flush();
        changes.push([part, change]);
      } else marks.push([part, change]);
      change = 1;
    }
  }
  flush();
  return changes;
}

/** Of one class of combination after the other, in each as they came. */
function ordered(marks: readonly Change[]): Change[] {
  const kinds = [...new Set(marks.map(([mark]) => mark))].sort(byClass);
  const ranks = new Map<string, number>();
  let rank = 0;
  kinds.forEach((kind, at) => {
    if (at > 0 && byClass(kinds[at - 1]!, kind) < 0) rank += 1;
    ranks.set(kind, rank);
  });
  return [...marks].sort(([a], [b]) => ranks.get(a)! - ranks.get(b)!);
}

/** Negative where the first is of a lower class. */
function byClass(a: string, b: string): number {
  if ((b + a).normalize('NFD') !== b + a) return -1;
  return (a + b).normalize('NFD') === a + b ? 0 : 1;
}

const starters = new Map<string, boolean>();
const isNewerMark = inTable(newer.mark);

/** Of class 0: it changes places neither with a mark of class 1 nor with one of class 240. */
function isStarter(character: string): boolean {
  if (character < '\u0300') return true;
  let known = starters.get(character);
  if (known === undefined) {
    const isStable = (text: string): boolean => text.normalize('NFD') === text;
    known =
      isNewerMark(character.codePointAt(0)!) ||
      !isStable(character) || // newer than the table
      (isStable(`${character}\u0334`) && isStable(`\u0345${character}`));
    starters.set(character, known);
  }
  return known;
}

/** Every mark with what stands before it, where nothing of its class or a higher one is between. */
function compose(decomposed: readonly Change[]): Change[] {
  const changes: Change[] = [];
  let composee: Change | undefined;
  let lastMark: string | undefined; // of those since the composee that stay
  let waiting: Change[] = [];
  const flush = (): void => {
    if (composee) changes.push(composee);
    for (const mark of waiting) changes.push(mark);
    waiting = [];
    lastMark = undefined;
  };
  for (const change of decomposed) {
    const [character, size] = change;
    const isFirst = isStarter(character);
    if (!composee) {
      if (isFirst) composee = change;
      else changes.push(change);
      continue;
    }
    const isBlocked = lastMark !== undefined && (isFirst || byClass(lastMark, character) >= 0);
    const whole: string | undefined = isBlocked ? undefined : composed(composee[0], character);
    if (whole !== undefined) composee = [whole, composee[1] + size - 1];
    else if (isFirst) {
      flush();
      composee = change;
    } else {
      waiting.push(change);
      lastMark = character;
    }
  }
  flush();
  return changes;
}

const wholes = new Map<string, string | undefined>();

function composed(a: string, b: string): string | undefined {
  const key = a + b;
  if (wholes.has(key)) return wholes.get(key);
  const text = key.normalize('NFC');
  const codePoint = text.codePointAt(0)!;
  const isOne = text.length === (codePoint > 0xffff ? 2 : 1) && !newerOf.NFD(codePoint);
  if (wholes.size > 10_000) wholes.clear();
  wholes.set(key, isOne ? text : undefined);
  return isOne ? text : undefined;
}
