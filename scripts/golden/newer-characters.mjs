// Writes the tables of newer-characters.ts: characters of a kind that the Rust library, with its older Unicode, does not know as such.
// Reads what rust_characters.py writes; Node's Unicode must be at least the Rust standard library's (17).
import { readFileSync } from 'node:fs';

const names = readFileSync(
  new URL('../../js/tokenizers/pipeline/unicode-scripts.ts', import.meta.url),
  'utf8',
).match(/(?<=const names =\s+')[^']+/)[0];
const scripts = names.split(' ').map((name) => new RegExp(`\\p{Script=${name}}`, 'u'));
const scriptOf = (c) => scripts.find((script) => script.test(String.fromCodePoint(c)));

const rust = JSON.parse(readFileSync(0, 'utf8'));
const kinds = {
  punctuation: (c) => /[\p{P}$+<=>^`|~]/u.test(c),
  mark: (c) => /\p{M}/u.test(c),
  nonspacing: (c) => /\p{Mn}/u.test(c),
  format: (c) => /\p{Cf}/u.test(c),
  oniguruma: (c) => /\P{Cn}/u.test(c),
  script: (c) => scriptOf(c.codePointAt(0)) !== undefined,
};
const about = {
  punctuation: 'Punctuation, of unicode_categories: Unicode 8.',
  mark: 'Marks, of unicode-normalization-alignments: Unicode 9.',
  nonspacing: 'Non-spacing marks, of unicode_categories: Unicode 8.',
  format: 'Formats, of unicode_categories: Unicode 8.',
  oniguruma: 'All characters, of Oniguruma and of the crate regex: Unicode 16.',
  canonical: 'With a canonical decomposition, of unicode-normalization-alignments: Unicode 9.',
  script: 'Of a script that there is a name of, of UnicodeScripts.',
  compatible: 'With a decomposition of any kind, of the same.',
};

function tableOf(points) {
  const ranges = [];
  for (const point of points) {
    const last = ranges.at(-1);
    if (last?.[1] === point - 1) last[1] = point;
    else ranges.push([point, point]);
  }
  let at = 0;
  return ranges
    .map(([first, last]) => {
      const gap = (first - at).toString(36);
      at = last + 1;
      return last > first ? `${gap}.${(last - first).toString(36)}` : gap;
    })
    .join(' ');
}

const tables = Object.entries(about).map(([kind, text]) => {
  const known = new Set(
    rust[kind].flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i)),
  );
  const decomposed = { canonical: 'NFD', compatible: 'NFKD' }[kind];
  const points = [];
  for (let point = 0; point < 0x110000; ++point) {
    if (point >= 0xd800 && point < 0xe000) continue;
    const c = String.fromCodePoint(point);
    if (
      decomposed
        ? known.has(point) && c.normalize(decomposed) !== c
        : kinds[kind](c) && !known.has(point)
    )
      points.push(point);
  }
  return `  /** ${text} */\n  ${kind}:\n    '${tableOf(points)}',\n`;
});
console.log(`// Characters newer than what a part of the Rust library knows: gap to the next range and its length less one, in base 36.
// Made by scripts/golden/newer-characters.mjs.
export const newer = {\n${tables.join('')}} as const;`);
