// Parses the part of Oniguruma's syntax (Ruby's) that can be matched without captures.
// https://github.com/kkos/oniguruma/blob/master/doc/RE
import { fail } from '../../core/errors.js';
import { isWhitespace, unicode16, type CharacterTest } from './characters.js';

export type Node =
  | { kind: 'character'; test: CharacterTest }
  | { kind: 'all' | 'either'; nodes: readonly Node[] }
  | {
      kind: 'repeat';
      node: Node;
      least: number;
      most: number;
      how: 'greedy' | 'lazy' | 'possessive';
    }
  | { kind: 'look'; node: Node; isBehind: boolean; isNegative: boolean }
  | { kind: 'atomic'; node: Node }
  | { kind: 'at'; place: Place };

/** ^ and $ are of lines. */
export type Place = 'line start' | 'line end' | 'start' | 'end' | 'last line' | 'edge' | 'no edge';

/** Of a bounded repetition: its body is written out so often. */
const mostRepeats = 1000;
const deepest = 100;

const space: CharacterTest = isWhitespace;
const word = unicode16(/[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xb2\xb3\xb9\xbc-\xbe]/u);
const digit = unicode16(/\p{Nd}/u);
const hex = unicode16(/[\da-fA-F]/u);
export const isWord = word;

const brackets: Readonly<Record<string, RegExp>> = {
  alnum: /[\p{Alphabetic}\p{Nd}]/u,
  alpha: /\p{Alphabetic}/u,
  ascii: /[\0-\x7f]/u,
  blank: /[\t\p{Zs}]/u,
  cntrl: /\p{Cc}/u,
  digit: /\p{Nd}/u,
  graph: /[^\p{White_Space}\p{Cc}\p{Cn}\p{Cs}]/u,
  lower: /\p{Lowercase}/u,
  print: /[^\p{Cc}\p{Cn}\p{Cs}\u2028\u2029]/u,
  punct: /[\p{P}\p{S}]/u,
  space: /\p{White_Space}/u,
  upper: /\p{Uppercase}/u,
  word: /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u,
  xdigit: /[\da-fA-F]/u,
};

const not =
  (test: CharacterTest): CharacterTest =>
  (codePoint) =>
    !test(codePoint);
const either =
  (tests: readonly CharacterTest[]): CharacterTest =>
  (codePoint) =>
    tests.some((test) => test(codePoint));

/** The letter that letters of either case are compared as. */
function folded(codePoint: number): number {
  const lower = String.fromCodePoint(codePoint).toUpperCase().toLowerCase();
  const first = lower.codePointAt(0)!;
  return lower.length === (first > 0xffff ? 2 : 1) ? first : codePoint;
}

export class RegexParser {
  #at = 0;
  #depth = 0;
  #ignoresCase = false;
  #dotIsAll = false;

  constructor(
    private readonly source: string,
    private readonly name: string,
  ) {}

  parse(): Node {
    const node = this.#alternatives();
    if (this.#at < this.source.length) this.#unsupported('an unmatched )');
    return node;
  }

  #alternatives(): Node {
    if (++this.#depth > deepest) this.#unsupported(`more than ${deepest} groups within each other`);
    const [ignoresCase, dotIsAll] = [this.#ignoresCase, this.#dotIsAll];
    const nodes = [this.#sequence()];
    while (this.#take('|')) nodes.push(this.#sequence());
    [this.#ignoresCase, this.#dotIsAll] = [ignoresCase, dotIsAll];
    this.#depth -= 1;
    return nodes.length === 1 ? nodes[0]! : { kind: 'either', nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.source.length && !/[|)]/.test(this.source[this.#at]!)) {
      const node = this.#atom();
      if (node) nodes.push(this.#repeated(node));
    }
    return nodes.length === 1 ? nodes[0]! : { kind: 'all', nodes };
  }

  #atom(): Node | undefined {
    const character = this.#next();
    switch (character) {
      case '(':
        return this.#group();
      case '[':
        return { kind: 'character', test: this.#class() };
      case '.': {
        const all = this.#dotIsAll;
        return { kind: 'character', test: (codePoint) => all || codePoint !== 0x0a };
      }
      case '^':
        return { kind: 'at', place: 'line start' };
      case '$':
        return { kind: 'at', place: 'line end' };
      case '\\':
        return this.#escape();
      case '*':
      case '+':
      case '?':
        return this.#unsupported(`${character} with nothing before it`);
      default:
        return this.#literal(character.codePointAt(0)!);
    }
  }

  #literal(codePoint: number): Node {
    return { kind: 'character', test: this.#range(codePoint, codePoint) };
  }

  #range(first: number, last: number): CharacterTest {
    const within: CharacterTest = (codePoint) => codePoint >= first && codePoint <= last;
    if (!this.#ignoresCase) return within;
    if (first === last) {
      const letter = folded(first);
      return (codePoint) => folded(codePoint) === letter;
    }
    const cased = (text: string): boolean => {
      const codePoint = text.codePointAt(0)!;
      return text.length === (codePoint > 0xffff ? 2 : 1) && within(codePoint);
    };
    return (codePoint) => {
      const text = String.fromCodePoint(codePoint);
      return within(codePoint) || within(folded(codePoint)) || cased(text.toUpperCase());
    };
  }

  #group(): Node | undefined {
    if (!this.#take('?')) return this.#closed(this.#alternatives());
    if (this.#take(':')) return this.#closed(this.#alternatives());
    if (this.#take('>')) return { kind: 'atomic', node: this.#closed(this.#alternatives()) };
    if (this.#take('#')) {
      while (this.#next() !== ')');
      return undefined;
    }
    const look = this.#match(/<?[=!]/y);
    if (look) {
      const node = this.#closed(this.#alternatives());
      return { kind: 'look', node, isBehind: look.length === 2, isNegative: look.endsWith('!') };
    }
    if (this.#match(/<[\p{L}_][\p{L}\p{N}_]*>|'[\p{L}_][\p{L}\p{N}_]*'/uy))
      return this.#closed(this.#alternatives());
    const options = this.#match(/[im]*(?:-[im]*)?[:)]/y);
    if (options === undefined) this.#unsupported(`(?${this.source.slice(this.#at, this.#at + 4)}`);
    const [on, off = ''] = options.slice(0, -1).split('-');
    const [ignoresCase, dotIsAll] = [this.#ignoresCase, this.#dotIsAll];
    this.#ignoresCase = (ignoresCase || on!.includes('i')) && !off.includes('i');
    this.#dotIsAll = (dotIsAll || on!.includes('m')) && !off.includes('m');
    const node = this.#alternatives(); // (?i) holds for the rest of its group, further alternatives within it
    [this.#ignoresCase, this.#dotIsAll] = [ignoresCase, dotIsAll];
    return options.endsWith(':') ? this.#closed(node) : node;
  }

  #closed(node: Node): Node {
    if (!this.#take(')')) this.#unsupported('a group without its end');
    return node;
  }

  #repeated(node: Node): Node {
    for (;;) {
      const sign = this.#match(/[*+?]|\{\d+(?:,\d*)?\}|\{,\d+\}/y);
      if (sign === undefined) return node;
      const [least, most] = bounds(sign);
      if (Math.max(least, Number.isFinite(most) ? most : 0) > mostRepeats || most < least)
        this.#unsupported(`the repetition ${sign}`);
      const lazy = this.#take('?');
      const possessive = !lazy && sign.length === 1 && this.#take('+');
      const how = lazy ? 'lazy' : possessive ? 'possessive' : 'greedy';
      node = { kind: 'repeat', node, least, most, how };
    }
  }

  #escape(): Node {
    const place = placeOf[this.source[this.#at] ?? ''];
    if (place) {
      this.#at += 1;
      return { kind: 'at', place };
    }
    if (this.#take('R')) {
      const one = unicode16(/[\n-\r\x85\u2028\u2029]/u);
      const exactly = (wanted: number): Node => ({ kind: 'character', test: (c) => c === wanted });
      return {
        kind: 'atomic',
        node: {
          kind: 'either',
          nodes: [
            { kind: 'all', nodes: [exactly(0x0d), exactly(0x0a)] },
            { kind: 'character', test: one },
          ],
        },
      };
    }
    if (this.#take('N')) return { kind: 'character', test: (codePoint) => codePoint !== 0x0a };
    if (this.#take('O')) return { kind: 'character', test: () => true };
    const found = this.#escapedClass();
    return typeof found === 'number' ? this.#literal(found) : { kind: 'character', test: found };
  }

  /** What both a class and the rest can hold: a kind of characters, or one. */
  #escapedClass(): CharacterTest | number {
    const character = this.#next();
    switch (character) {
      case 's':
        return space;
      case 'S':
        return not(space);
      case 'w':
        return word;
      case 'W':
        return not(word);
      case 'd':
        return digit;
      case 'D':
        return not(digit);
      case 'h':
        return hex;
      case 'H':
        return not(hex);
      case 'p':
      case 'P':
        return this.#property(character === 'P');
      case 'x':
      case 'u':
        return this.#codePoint(character);
    }
    const control = { n: 10, t: 9, r: 13, f: 12, v: 11, a: 7, e: 27, 0: 0 }[character];
    if (control !== undefined) return control;
    if (/[a-zA-Z1-9]/.test(character)) this.#unsupported(`\\${character}`);
    return character.codePointAt(0)!;
  }

  #codePoint(kind: string): number {
    const digits =
      kind === 'u'
        ? this.#match(/[\da-fA-F]{4}/y)
        : (this.#match(/\{[\da-fA-F]{1,6}\}/y)?.slice(1, -1) ?? this.#match(/[0-7][\da-fA-F]/y));
    const value = Number.parseInt(digits ?? '', 16);
    if (!(value <= 0x10ffff)) this.#unsupported(`\\${kind} without the number of a character`);
    return value;
  }

  #property(isNegative: boolean): CharacterTest {
    const written = this.#match(/\{\^?[\w\s-]+\}/y);
    if (written === undefined) this.#unsupported('\\p without {');
    const name = written.replace(/[{}^\s]/g, '');
    const test = propertyTest(name) ?? this.#unsupported(`\\p${written}`);
    return isNegative !== written.startsWith('{^') ? not(test) : test;
  }

  /** After its [. */
  #class(): CharacterTest {
    if (++this.#depth > deepest)
      this.#unsupported(`more than ${deepest} classes within each other`);
    const isNegative = this.#take('^');
    const groups: CharacterTest[] = [];
    let tests: CharacterTest[] = [];
    for (let isFirst = true; isFirst || !this.#take(']'); isFirst = false) {
      if (this.#take('&&')) {
        groups.push(either(tests));
        tests = [];
        continue;
      }
      const bracket = this.#match(/\[:\^?[a-z]+:\]/y);
      if (bracket) {
        const found = Object.hasOwn(brackets, bracket.replace(/\W/g, ''))
          ? unicode16(brackets[bracket.replace(/\W/g, '')]!)
          : this.#unsupported(bracket);
        tests.push(bracket[2] === '^' ? not(found) : found);
      } else if (this.#take('[')) tests.push(this.#class());
      else {
        const first = this.#member();
        if (typeof first !== 'number') tests.push(first);
        else if (this.source[this.#at] === '-' && !/[\]&]/.test(this.source[this.#at + 1] ?? ']')) {
          this.#at += 1;
          const last = this.#member();
          if (typeof last !== 'number' || last < first) this.#unsupported('a range that is none');
          tests.push(this.#range(first, last));
        } else tests.push(this.#range(first, first));
      }
    }
    this.#depth -= 1;
    const all = [...groups, either(tests)];
    return (codePoint) => all.every((test) => test(codePoint)) !== isNegative;
  }

  #member(): CharacterTest | number {
    const character = this.#next();
    if (character !== '\\') return character.codePointAt(0)!;
    return this.#take('b') ? 8 : this.#escapedClass();
  }

  #next(): string {
    const codePoint = this.source.codePointAt(this.#at);
    if (codePoint === undefined) this.#unsupported('an end too early');
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    return character;
  }

  #take(text: string): boolean {
    if (!this.source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.source)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #unsupported(what: string): never {
    fail(
      'unsupported_checkpoint',
      `${this.name}: expected a regular expression without captures that are read, got ${what} at ${this.#at} of ${JSON.stringify(this.source.slice(0, 80))}`,
    );
  }
}

const placeOf: Readonly<Record<string, Place>> = {
  A: 'start',
  z: 'end',
  Z: 'last line',
  b: 'edge',
  B: 'no edge',
};

function bounds(sign: string): [least: number, most: number] {
  if (sign === '*') return [0, Infinity];
  if (sign === '+') return [1, Infinity];
  if (sign === '?') return [0, 1];
  const [least, most] = sign.slice(1, -1).split(',');
  return [
    Number(least),
    most === undefined ? Number(least) : most === '' ? Infinity : Number(most),
  ];
}

/** A POSIX bracket, a general category, a property or a script; names are matched without their case. */
function propertyTest(name: string): CharacterTest | undefined {
  const bracket = name.toLowerCase();
  if (Object.hasOwn(brackets, bracket)) return unicode16(brackets[bracket]!);
  const capital = name.toLowerCase().replace(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase());
  for (const each of [name, capital])
    for (const property of [each, `Script=${each}`])
      try {
        return unicode16(new RegExp(`\\p{${property}}`, 'u'));
      } catch {
        continue; // no property of that name
      }
  return undefined;
}
