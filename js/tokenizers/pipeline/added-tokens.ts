// Added tokens, found in a text before anything else happens to it. As src/tokenizer/added_vocabulary.rs.
import { AlignedText, sizeAt } from './aligned-text.js';
import { isWhitespace, isWordCharacter } from './characters.js';
import type { Fields } from './fields.js';
import type { TokenModel } from './model.js';
import type { Normalizer } from './normalizers.js';
import { PrefixIndex } from './prefix-index.js';

export interface AddedToken {
  id: number;
  /** The token in the file, and what is searched for: the same, normalised if the text is. */
  content: string;
  pattern: string;
  special: boolean;
  isWord: boolean;
  takesLeft: boolean;
  takesRight: boolean;
}

/** A part of a text; with a token, that. */
export interface Part {
  text: AlignedText;
  token?: AddedToken | undefined;
}

type Find = (text: AlignedText) => Part[];

export class AddedTokens {
  readonly byContent = new Map<string, AddedToken>();
  readonly byId = new Map<number, AddedToken>();
  readonly #before: Find;
  readonly #after: Find;

  constructor(
    tokens: readonly Fields[],
    model: TokenModel,
    private readonly normalize: Normalizer | undefined,
    name: string,
  ) {
    const before: AddedToken[] = [];
    const after: AddedToken[] = [];
    let next = model.size;
    for (const fields of tokens) {
      const content = fields.string('content');
      const special = fields.boolean('special');
      const isNormalized = fields.boolean('normalized', !special);
      fields.integer('id', 0);
      if (content === '') continue;
      const token = {
        id: this.byContent.get(content)?.id ?? model.vocab.get(content) ?? next++,
        content,
        pattern: isNormalized && normalize ? normalize(AlignedText.of(content)).text : content,
        special,
        isWord: fields.boolean('single_word'),
        takesLeft: fields.boolean('lstrip'),
        takesRight: fields.boolean('rstrip'),
      };
      this.byContent.set(content, token);
      this.byId.set(token.id, token);
      (isNormalized ? after : before).push(token);
    }
    const counts = (token: AddedToken): boolean => this.byId.get(token.id) === token;
    this.#before = finderOf(before.filter(counts), name);
    this.#after = finderOf(after.filter(counts), name);
  }

  /** The parts of a text, normalised where they are no tokens. */
  split(text: string): Part[] {
    return this.#before(AlignedText.of(text)).flatMap((part) =>
      part.token ? [part] : this.#after(this.normalize ? this.normalize(part.text) : part.text),
    );
  }
}

/** The longest token at the leftmost place; parts that are empty are left out. */
function finderOf(tokens: readonly AddedToken[], name: string): Find {
  const byPattern = new Map(tokens.map((token) => [token.pattern, token]));
  const index = new PrefixIndex(byPattern.keys(), `${name}: added_tokens`);
  if (byPattern.size === 0) return (text) => (text.text === '' ? [] : [{ text }]);
  return (aligned) => {
    const { text } = aligned;
    const parts: Part[] = [];
    let shown = 0;
    const show = (start: number, end: number, token?: AddedToken): void => {
      if (start < end) parts.push({ text: aligned.slice(start, end), token });
      shown = end;
    };
    for (let at = 0; at < text.length;) {
      const found = index.longest(text, at);
      if (found === undefined) {
        at += 1;
        continue;
      }
      const token = byPattern.get(text.slice(at, found))!;
      if (!token.isWord || !isWithinWord(text, at, found)) {
        const start = token.takesLeft ? Math.max(spacesBefore(text, at, shown), shown) : at;
        const end = token.takesRight ? spacesAfter(text, found) : found;
        if (shown < start) show(shown, start);
        show(start, end, token);
      }
      at = found;
    }
    show(shown, text.length);
    return parts;
  };
}

function isWithinWord(text: string, start: number, end: number): boolean {
  const before = start > 1 && sizeAt(text, start - 2) === 2 ? 2 : 1;
  return (
    (start > 0 && isWordCharacter(text.codePointAt(start - before)!)) ||
    (end < text.length && isWordCharacter(text.codePointAt(end)!))
  );
}

function spacesBefore(text: string, at: number, least: number): number {
  while (at > least && isWhitespace(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

function spacesAfter(text: string, at: number): number {
  while (at < text.length && isWhitespace(text.charCodeAt(at))) at += 1;
  return at;
}
