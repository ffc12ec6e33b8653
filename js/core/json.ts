// Reads and writes JSON that comes with a checkpoint: bounded in depth, free of duplicate keys, numbers as Python writes them.
import { fail, messageOf } from './errors.js';

const deepest = 64;

/** Any JSON value, or an error that names the file. */
export function parseJson(name: string, text: string): unknown {
  checkNesting(name, text);
  try {
    return parse(text);
  } catch (error) {
    fail('bad_checkpoint', `${name}: expected JSON: ${messageOf(error)}`, error);
  }
}

const nan = '\u0000NaN';

/** JSON as Python's json module writes it: with Infinity, -Infinity and NaN. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!/Infinity|NaN/.test(text)) throw error;
    const numbers: Readonly<Record<string, string>> = {
      Infinity: '1e999',
      '-Infinity': '-1e999',
      NaN: JSON.stringify(nan),
    };
    const written = text.replace(
      /"(?:[^"\\]|\\[^])*"|-?Infinity|NaN/g,
      (token) => numbers[token] ?? token,
    );
    return JSON.parse(written, (_, value: unknown) => (value === nan ? NaN : value));
  }
}

/** The text of a JSON value, its numbers as Python writes and reads them. */
export function writeJson(value: unknown): string {
  const names = new Map<unknown, string>([
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity'],
    [NaN, 'NaN'],
  ]);
  const marked = JSON.stringify(
    value,
    (_, item: unknown) => (names.has(item) ? `\u0000${names.get(item)}` : item),
    2,
  );
  return `${marked.replace(/"\\u0000(-?Infinity|NaN)"/g, '$1')}\n`;
}

/** An object, or an error that names the file. */
export function parseObject(name: string, text: string): Record<string, unknown> {
  const value = parseJson(name, text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(
      'bad_checkpoint',
      `${name}: expected a JSON object, got ${JSON.stringify(value).slice(0, 40)}`,
    );
  }
  return value as Record<string, unknown>;
}

/** One pass over the text, sound or not: refuses deep nesting and a key that appears twice in one object. */
function checkNesting(name: string, text: string): void {
  const open: (Set<string> | null)[] = []; // the keys of each open object; null for an array
  let expectsKey = false;
  const token = /"(?:[^"\\]|\\[^])*"|[{}[\],]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const piece = match[0];
    if (piece === '{' || piece === '[') {
      open.push(piece === '{' ? new Set() : null);
      if (open.length > deepest)
        fail('bad_checkpoint', `${name}: expected JSON at most ${deepest} levels deep, got more`);
      expectsKey = piece === '{';
    } else if (piece === '}' || piece === ']') {
      open.pop();
      expectsKey = false;
    } else if (piece === ',') {
      expectsKey = open.at(-1) instanceof Set;
    } else if (expectsKey) {
      const keys = open.at(-1)!;
      const key = unescape(piece);
      if (keys.has(key))
        fail('bad_checkpoint', `${name}: the key "${key.slice(0, 60)}" appears twice`);
      keys.add(key);
      expectsKey = false;
    }
  }
}

function unescape(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // JSON.parse of the whole text reports it
  }
}
