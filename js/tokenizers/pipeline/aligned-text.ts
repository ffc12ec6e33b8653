// A text as normalizers change it, with the characters of the original that each of its UTF-16 units stands for. Never changed in place.
// As NormalizedString of tokenizers 0.23.1, src/tokenizer/normalizer.rs.

/** A character of a new text: 0 takes the place of the next old one, 1 is new, −n takes its place and drops the n after it. */
export type Change = readonly [character: string, change: number];

/** [start, end) in UTF-16 units, and whether a pattern was found there. A list of them covers a text. */
export type Match = readonly [start: number, end: number, found: boolean];

export const behaviors = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const;
export type Behavior = (typeof behaviors)[number];

export class AlignedText {
  private constructor(
    readonly text: string,
    private readonly starts: Int32Array,
    private readonly ends: Int32Array,
    /** The unit of the arrays where the text begins. */
    private readonly base: number,
    /** The character of the original where it begins. */
    readonly origin: number,
  ) {}

  static of(text: string): AlignedText {
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    let character = 0;
    for (let unit = 0; unit < text.length; ++character) {
      const next = unit + sizeAt(text, unit);
      starts.fill(character, unit, next);
      ends.fill(character + 1, unit, next);
      unit = next;
    }
    return new AlignedText(text, starts, ends, 0, 0);
  }

  /** The characters of the original that a stretch of at least one unit stands for. */
  source(start: number, end: number): [start: number, end: number] {
    return [this.starts[this.base + start]!, this.ends[this.base + end - 1]!];
  }

  slice(start: number, end: number): AlignedText {
    const origin = start < end ? this.starts[this.base + start]! : this.origin;
    return new AlignedText(
      this.text.slice(start, end),
      this.starts,
      this.ends,
      this.base + start,
      origin,
    );
  }

  /** Another text, with the units of this one that each of its units comes from. */
  rewritten(
    text: string,
    sources: readonly (readonly [start: number, end: number])[],
  ): AlignedText {
    const bound = (unit: number): number =>
      unit < this.text.length
        ? this.starts[this.base + unit]!
        : (this.ends[this.base + unit - 1] ?? this.origin);
    const starts = Int32Array.from(sources, ([start]) => bound(start));
    const ends = Int32Array.from(sources, ([start, end], at) =>
      start < end ? this.ends[this.base + end - 1]! : starts[at]!,
    );
    return new AlignedText(text, starts, ends, 0, this.origin);
  }

  /** `dropped` characters go before the first change. Old characters beyond the changes go, too. */
  transform(changes: readonly Change[], dropped = 0): AlignedText {
    const old = this.text;
    const skip = (unit: number, count: number): number => {
      for (; count > 0 && unit < old.length; --count) unit += sizeAt(old, unit);
      return unit;
    };
    const text = changes.map(([character]) => character).join('');
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    let at = skip(0, dropped);
    let unit = 0;
    for (const [{ length }, change] of changes) {
      const shown = change > 0 ? at - 1 : Math.min(at, old.length - 1);
      starts.fill(shown < 0 ? this.origin : this.starts[this.base + shown]!, unit, unit + length);
      ends.fill(shown < 0 ? this.origin : this.ends[this.base + shown]!, unit, unit + length);
      if (change <= 0) at = skip(at, 1 - change);
      unit += length;
    }
    return new AlignedText(text, starts, ends, 0, this.origin);
  }

  /** Only the characters that pass; those that go belong to the one before them. */
  filter(keep: (codePoint: number) => boolean): AlignedText {
    const changes: [string, number][] = [];
    let first = 0;
    let isComplete = true;
    for (const character of this.text) {
      if (keep(character.codePointAt(0)!)) changes.push([character, 0]);
      else {
        isComplete = false;
        const last = changes.at(-1);
        if (last) last[1] -= 1;
        else first += 1;
      }
    }
    return isComplete ? this : this.transform(changes, first);
  }

  /** Every character by some of its own: the first takes its place, the others are new. */
  map(instead: (character: string) => string): AlignedText {
    const changes: Change[] = [];
    let isSame = true;
    for (const character of this.text) {
      const text = instead(character);
      if (text === character) changes.push([character, 0]);
      else {
        isSame = false;
        let change = 0;
        for (const each of text) {
          changes.push([each, change]);
          change = 1;
        }
      }
    }
    return isSame ? this : this.transform(changes);
  }

  /** Nothing before nothing. */
  prepend(text: string): AlignedText {
    if (this.text === '') return this;
    const size = sizeAt(this.text, 0);
    const added = Array.from(text, (character, at): Change => [character, at === 0 ? 0 : 1]);
    const head = this.slice(0, size).transform([...added, [this.text.slice(0, size), 1]]);
    return AlignedText.#joined([head, this.slice(size, this.text.length)], this.origin);
  }

  /** `content` for every match; it stands for the last character of what it replaces. */
  replace(matches: readonly Match[], content: string): AlignedText {
    if (!matches.some(([, , found]) => found)) return this;
    const parts = matches.map(([start, end, found]) => {
      if (!found) return this.slice(start, end);
      const at = this.base + end - 1;
      const [from, to] =
        end === 0 ? [this.origin, this.origin] : [this.starts[at]!, this.ends[at]!];
      const { length } = content;
      return new AlignedText(
        content,
        new Int32Array(length).fill(from),
        new Int32Array(length).fill(to),
        0,
        from,
      );
    });
    return AlignedText.#joined(parts, this.origin);
  }

  /** Empty parts are left out. */
  split(matches: readonly Match[], behavior: Behavior): AlignedText[] {
    return splits(matches, behavior).map(([start, end]) => this.slice(start, end));
  }

  static #joined(parts: readonly AlignedText[], origin: number): AlignedText {
    const text = parts.map((part) => part.text).join('');
    const starts = new Int32Array(text.length);
    const ends = new Int32Array(text.length);
    let unit = 0;
    for (const part of parts) {
      const end = part.base + part.text.length;
      starts.set(part.starts.subarray(part.base, end), unit);
      ends.set(part.ends.subarray(part.base, end), unit);
      unit += part.text.length;
    }
    return new AlignedText(text, starts, ends, 0, origin);
  }
}

/** UTF-16 units of the character at a unit. */
export const sizeAt = (text: string, unit: number): number =>
  text.codePointAt(unit)! > 0xffff ? 2 : 1;

/** Every character by itself, those that pass as found. */
export function matchCharacters(text: string, test: (codePoint: number) => boolean): Match[] {
  const matches: Match[] = [];
  let start = 0;
  let unit = 0;
  while (unit < text.length) {
    const codePoint = text.codePointAt(unit)!;
    const next = unit + (codePoint > 0xffff ? 2 : 1);
    if (test(codePoint)) {
      if (start < unit) matches.push([start, unit, false]);
      matches.push([unit, next, true]);
      start = next;
    }
    unit = next;
  }
  if (start < unit) matches.push([start, unit, false]);
  return matches;
}

function splits(matches: readonly Match[], behavior: Behavior): (readonly [number, number])[] {
  const merged: [number, number][] = [];
  let wasFound = false;
  const merge = ([start, end, found]: Match, withLast: boolean): void => {
    const last = merged.at(-1);
    if (withLast && last) {
      last[0] = Math.min(last[0], start);
      last[1] = Math.max(last[1], end);
    } else merged.push([start, end]);
    wasFound = found;
  };
  switch (behavior) {
    case 'Removed':
      for (const [start, end, found] of matches) if (!found) merged.push([start, end]);
      break;
    case 'Isolated':
      for (const [start, end] of matches) merged.push([start, end]);
      break;
    case 'Contiguous':
      for (const match of matches) merge(match, match[2] === wasFound);
      break;
    case 'MergedWithPrevious':
      for (const match of matches) merge(match, match[2] && !wasFound);
      break;
    case 'MergedWithNext':
      for (let at = matches.length - 1; at >= 0; --at)
        merge(matches[at]!, matches[at]![2] && !wasFound);
      merged.reverse();
      break;
  }
  return merged.filter(([start, end]) => start < end);
}
