// Finds a regular expression in a text by backtracking, in time that grows with the text alone: what has failed once at a place is not
// tried there again, and the steps are counted. No recursion, so that no text overflows the stack.
import { fail } from '../../core/errors.js';
import { sizeAt, type Match } from './aligned-text.js';
import type { CharacterTest } from './characters.js';
import { isWord, RegexParser, type Node, type Place } from './regex-syntax.js';

type Instruction =
  | { kind: 'character'; test: CharacterTest }
  /** As many as there are; the next instruction is tried with the most first. */
  | {
      kind: 'run';
      test: CharacterTest;
      least: number;
      most: number;
      keepsAll: boolean;
      choice: number;
    }
  | { kind: 'split'; first: number; second: number; choice: number }
  | { kind: 'jump'; to: number }
  | {
      kind: 'look';
      program: Program;
      isNegative: boolean;
      lengths: readonly [number, number] | undefined;
    }
  | { kind: 'atomic'; program: Program }
  | { kind: 'at'; place: Place }
  | { kind: 'end' };

interface Program {
  code: Instruction[];
  /** Instructions that can be entered again at a place where they failed. */
  choices: number;
  /** A repetition of what may be empty would go on without end if failures were not remembered. */
  mayLoop: boolean;
}

const mostInstructions = 1 << 16;
/** Steps before failures are remembered, and those after which a text is given up. */
const patience = 2000;
const stepsAtLeast = 10_000_000;
const stepsPerCharacter = 100;

export class Regex {
  readonly #program: Program;

  constructor(
    private readonly source: string,
    private readonly name: string,
  ) {
    this.#program = compile(new RegexParser(source, name).parse(), name);
  }

  /** All of it, found and between. No empty match right after another, as Oniguruma's find_iter. */
  matches(text: string): Match[] {
    if (text === '') return [[0, 0, false]];
    const run = new Run(this.#program, text, () =>
      fail(
        'unsupported_checkpoint',
        `${this.name}: the regular expression ${JSON.stringify(this.source.slice(0, 80))}: expected fewer steps for a text of ${text.length} characters`,
      ),
    );
    const matches: Match[] = [];
    let shown = 0;
    let lastEnd = -1;
    for (let at = 0; at <= text.length;) {
      const end = run.from(at);
      if (end < 0 || (end === at && at === lastEnd)) {
        at += at < text.length ? sizeAt(text, at) : 1;
        continue;
      }
      if (shown < at) matches.push([shown, at, false]);
      matches.push([at, end, true]);
      shown = lastEnd = at = end;
    }
    if (shown < text.length) matches.push([shown, text.length, false]);
    return matches;
  }
}

/** What an expression finds at each place of one text. */
class Run {
  #steps: number;
  #failed: Uint8Array | undefined;
  readonly #looks = new Map<Instruction, Int8Array>();

  constructor(
    private readonly program: Program,
    private readonly text: string,
    private readonly giveUp: () => never,
    steps = stepsAtLeast + stepsPerCharacter * text.length,
    private readonly end?: number,
  ) {
    this.#steps = steps;
    if (program.mayLoop) this.#remember();
  }

  get stepsLeft(): number {
    return this.#steps;
  }

  /** Where the match that begins there ends, or −1. */
  from(start: number): number {
    const { code } = this.program;
    const { text } = this;
    const waiting: number[] = []; // instruction and place, alternating; a run has its first place, too
    let at = start;
    let pc = 0;
    let isPatient = patience;
    for (;;) {
      if (--this.#steps < 0) this.giveUp();
      if (--isPatient === 0) this.#remember();
      const instruction = code[pc]!;
      let failed = false;
      switch (instruction.kind) {
        case 'character': {
          const codePoint = at < text.length ? text.codePointAt(at)! : -1;
          if (codePoint >= 0 && instruction.test(codePoint)) {
            at += codePoint > 0xffff ? 2 : 1;
            pc += 1;
          } else failed = true;
          break;
        }
        case 'run': {
          let fewest = at;
          let count = 0;
          const isGreedy = instruction.most === Infinity && !instruction.keepsAll;
          let isKnown = false; // a run that began before has failed from its end down to here
          while (at < text.length && count < instruction.most) {
            if (count === instruction.least && isGreedy && this.#isMarked(instruction.choice, at)) {
              isKnown = true;
              break;
            }
            const codePoint = text.codePointAt(at)!;
            if (!instruction.test(codePoint)) break;
            at += codePoint > 0xffff ? 2 : 1;
            count += 1;
            if (count <= instruction.least) fewest = at;
          }
          this.#steps -= count >> 3;
          failed = isKnown || count < instruction.least;
          if (failed) break;
          if (!instruction.keepsAll && at > fewest) waiting.push(pc, fewest, at);
          failed = this.#hasFailed(instruction.choice, at);
          pc += 1;
          break;
        }
        case 'split':
          if (this.#hasFailed(instruction.choice, at)) failed = true;
          else {
            waiting.push(instruction.second, -1, at);
            pc = instruction.first;
          }
          break;
        case 'jump':
          pc = instruction.to;
          break;
        case 'look':
          failed = this.#looksAhead(instruction, at) === instruction.isNegative;
          pc += 1;
          break;
        case 'atomic': {
          const end = this.#within(instruction.program, at);
          failed = end < 0;
          at = end;
          pc += 1;
          break;
        }
        case 'at':
          failed = !isAt(instruction.place, text, at);
          pc += 1;
          break;
        case 'end':
          if (this.end === undefined || at === this.end) {
            this.#forget(at);
            return at;
          }
          failed = true;
      }
      if (!failed) continue;
      for (;;) {
        if (waiting.length === 0) return -1;
        const last = waiting.pop()!;
        const fewest = waiting.pop()!;
        const waitingAt = waiting.pop()!;
        if (--this.#steps < 0) this.giveUp();
        if (fewest < 0) {
          pc = waitingAt;
          at = last;
          break;
        }
        const run = code[waitingAt] as Extract<Instruction, { kind: 'run' }>;
        const before = last - (last > 1 && sizeAt(text, last - 2) === 2 ? 2 : 1);
        if (before > fewest) waiting.push(waitingAt, fewest, before);
        if (this.#hasFailed(run.choice, before)) continue;
        pc = waitingAt + 1;
        at = before;
        break;
      }
    }
  }

  #looksAhead(instruction: Extract<Instruction, { kind: 'look' }>, at: number): boolean {
    let known = this.#looks.get(instruction);
    if (!known) this.#looks.set(instruction, (known = new Int8Array(this.text.length + 1)));
    if (known[at] !== 0) return known[at]! > 0;
    let found = false;
    if (!instruction.lengths) found = this.#within(instruction.program, at) >= 0;
    else {
      const [least, most] = instruction.lengths;
      let from = at;
      for (let length = 0; !found && length <= most && from >= 0; ++length) {
        if (length >= least) found = this.#within(instruction.program, from, at) >= 0;
        from -= from > 1 && sizeAt(this.text, from - 2) === 2 ? 2 : 1;
      }
    }
    known[at] = found ? 1 : -1;
    return found;
  }

  #within(program: Program, at: number, end?: number): number {
    const inner = new Run(program, this.text, this.giveUp, this.#steps, end);
    const found = inner.from(at);
    this.#steps = inner.stepsLeft;
    return found;
  }

  #remember(): void {
    if (this.#failed) return;
    const bytes = ((this.text.length + 1) * this.program.choices + 7) >> 3;
    this.#steps -= bytes >> 6;
    this.#failed = new Uint8Array(bytes);
  }

  #isMarked(choice: number, at: number): boolean {
    if (!this.#failed) return false;
    const bit = at * this.program.choices + choice;
    return (this.#failed[bit >>> 3]! & (1 << (bit & 7))) !== 0;
  }

  /** Whether it did; from now on it counts as if. */
  #hasFailed(choice: number, at: number): boolean {
    if (!this.#failed) return false;
    if (this.#isMarked(choice, at)) return true;
    const bit = at * this.program.choices + choice;
    this.#failed[bit >>> 3]! |= 1 << (bit & 7);
    return false;
  }

  /** What led to a match did not fail: the next one may begin where this one ends. */
  #forget(at: number): void {
    const { choices } = this.program;
    if (this.#failed)
      for (let bit = at * choices; bit < (at + 1) * choices; ++bit)
        this.#failed[bit >>> 3]! &= ~(1 << (bit & 7));
  }
}

function isAt(place: Place, text: string, at: number): boolean {
  const isEdge = (): boolean =>
    wordBefore(text, at) !== (at < text.length && isWord(text.codePointAt(at)!));
  switch (place) {
    case 'start':
      return at === 0;
    case 'end':
      return at === text.length;
    case 'line start':
      return at === 0 || (text[at - 1] === '\n' && at < text.length);
    case 'line end':
      return at === text.length || text[at] === '\n';
    case 'last line':
      return at === text.length || (at === text.length - 1 && text[at] === '\n');
    case 'edge':
      return isEdge();
    case 'no edge':
      return !isEdge();
  }
}

function wordBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const size = at > 1 && sizeAt(text, at - 2) === 2 ? 2 : 1;
  return isWord(text.codePointAt(at - size)!);
}

function compile(node: Node, name: string): Program {
  const program: Program = { code: [], choices: 0, mayLoop: false };
  const { code } = program;
  const add = (instruction: Instruction): number => {
    if (code.length >= mostInstructions)
      fail(
        'unsupported_checkpoint',
        `${name}: expected a regular expression of at most ${mostInstructions} steps`,
      );
    return code.push(instruction) - 1;
  };
  const split = (): Extract<Instruction, { kind: 'split' }> => {
    const made = { kind: 'split' as const, first: 0, second: 0, choice: program.choices++ };
    add(made);
    return made;
  };
  const write = (each: Node): void => {
    switch (each.kind) {
      case 'character':
        add(each);
        return;
      case 'all':
        each.nodes.forEach(write);
        return;
      case 'either':
        writeEither(each.nodes);
        return;
      case 'repeat':
        writeRepeat(each);
        return;
      case 'look': {
        const lengths = each.isBehind ? lengthsOf(each.node, name) : undefined;
        add({
          kind: 'look',
          program: compile(each.node, name),
          isNegative: each.isNegative,
          lengths,
        });
        return;
      }
      case 'atomic':
        add({ kind: 'atomic', program: compile(each.node, name) });
        return;
      case 'at':
        add(each);
    }
  };
  const writeEither = (nodes: readonly Node[]): void => {
    const jumps: Extract<Instruction, { kind: 'jump' }>[] = [];
    nodes.forEach((each, index) => {
      if (index === nodes.length - 1) {
        write(each);
        return;
      }
      const choice = split();
      choice.first = code.length;
      write(each);
      const jump = { kind: 'jump' as const, to: 0 };
      add(jump);
      jumps.push(jump);
      choice.second = code.length;
    });
    for (const jump of jumps) jump.to = code.length;
  };
  const writeRepeat = ({
    node: body,
    least,
    most,
    how,
  }: Extract<Node, { kind: 'repeat' }>): void => {
    if (body.kind === 'character' && how !== 'lazy') {
      const choice = program.choices++;
      add({ kind: 'run', test: body.test, least, most, keepsAll: how === 'possessive', choice });
      return;
    }
    if (how === 'possessive') {
      const greedy: Node = { kind: 'repeat', node: body, least, most, how: 'greedy' };
      add({ kind: 'atomic', program: compile(greedy, name) });
      return;
    }
    const point = (choice: { first: number; second: number }, on: number, off: number): void => {
      [choice.first, choice.second] = how === 'lazy' ? [off, on] : [on, off];
    };
    for (let count = 0; count < least; ++count) write(body);
    if (most === Infinity) {
      program.mayLoop ||= lengthOf(body)[0] === 0;
      const start = code.length;
      const choice = split();
      write(body);
      add({ kind: 'jump', to: start });
      point(choice, start + 1, code.length);
      return;
    }
    const choices = Array.from({ length: most - least }, () => {
      const choice = split();
      const on = code.length;
      write(body);
      return [choice, on] as const;
    });
    for (const [choice, on] of choices) point(choice, on, code.length);
  };
  write(node);
  add({ kind: 'end' });
  return program;
}

/** Fewest and most characters. */
function lengthOf(node: Node): [number, number] {
  switch (node.kind) {
    case 'character':
      return [1, 1];
    case 'all':
      return node.nodes.map(lengthOf).reduce((a, b) => [a[0] + b[0], a[1] + b[1]], [0, 0]);
    case 'either': {
      const all = node.nodes.map(lengthOf);
      return [Math.min(...all.map(([a]) => a)), Math.max(...all.map(([, b]) => b))];
    }
    case 'repeat': {
      const [least, most] = lengthOf(node.node);
      return [least * node.least, most === 0 ? 0 : most * node.most];
    }
    case 'atomic':
      return lengthOf(node.node);
    default:
      return [0, 0];
  }
}

/** Of what is looked for before a place: without end is from the start of the text. */
function lengthsOf(node: Node, name: string): [number, number] {
  const [least, most] = lengthOf(node);
  if (most > 255 && most !== Infinity)
    fail(
      'unsupported_checkpoint',
      `${name}: expected a look behind of at most 255 characters, got ${most}`,
    );
  return [least, most];
}
