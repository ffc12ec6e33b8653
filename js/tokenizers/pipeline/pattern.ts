// What Split and Replace search for: a literal text or a regular expression. As src/tokenizer/pattern.rs.
import type { Match } from './aligned-text.js';
import type { Fields } from './fields.js';
import { Regex } from './regex.js';

export type Matcher = (text: string) => Match[];

/** The field `pattern`: { String } or { Regex }. */
export function readPattern(step: Fields): Matcher {
  const pattern = step.object('pattern');
  const literal = pattern.stringIfThere('String');
  if (literal) return (text) => matchLiteral(text, literal);
  const regex = new Regex(literal ?? pattern.string('Regex'), pattern.name); // '' is between all characters
  return (text) => regex.matches(text);
}

function matchLiteral(text: string, literal: string): Match[] {
  const matches: Match[] = [];
  let shown = 0;
  for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, shown)) {
    if (shown < at) matches.push([shown, at, false]);
    shown = at + literal.length;
    matches.push([at, shown, true]);
  }
  if (shown < text.length || text === '') matches.push([shown, text.length, false]);
  return matches;
}
