// The normalizer Precompiled: SentencePiece's rules, of a short grapheme or else of each of its characters. As src/normalizers/precompiled.rs.
import { fail } from '../../core/errors.js';
import { Charsmap } from '../charsmap.js';
import type { AlignedText, Change } from './aligned-text.js';
import type { Fields } from './fields.js';

const encoder = new TextEncoder();
const mostBytes = 5;

export function readPrecompiled(step: Fields): (text: AlignedText) => AlignedText {
  const rules = new Charsmap(step.name, bytesOf(step));
  const known = new Map<string, string | undefined>();
  const instead = (part: string): string | undefined => {
    if (known.has(part)) return known.get(part);
    const found = rules.matches(encoder.encode(part), 0).next().value?.text;
    if (known.size > 10_000) known.clear();
    known.set(part, found);
    return found;
  };
  return (text) => {
    const changes: [string, number][] = [];
    let isSame = true;
    const put = (part: string, replaced: string): void => {
      isSame = false;
      const before = changes.length;
      const removed = Array.from(part).length;
      for (const character of replaced) changes.push([character, 0]);
      const added = changes.length - before - removed;
      for (let at = changes.length - Math.max(added, 0); at < changes.length; ++at)
        changes[at]![1] = 1;
      if (added < 0 && changes.length > 0) changes.at(-1)![1] += added;
    };
    for (const grapheme of graphemes(text.text)) {
      const isShort = grapheme.length <= mostBytes && encoder.encode(grapheme).length <= mostBytes;
      const whole = isShort ? instead(grapheme) : undefined;
      if (whole !== undefined) {
        put(grapheme, whole);
        continue;
      }
      for (const character of grapheme) {
        const other = instead(character);
        if (other !== undefined) put(character, other);
        else changes.push([character, 0]);
      }
    }
    return isSame ? text : text.transform(changes as Change[]);
  };
}

function bytesOf(step: Fields): Uint8Array {
  const text = step.string('precompiled_charsmap');
  try {
    return Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
  } catch (error) {
    fail(
      'bad_checkpoint',
      `${step.name}.precompiled_charsmap: expected base64, got other text`,
      error,
    );
  }
}

/** Of a line of ASCII every character; the rest as the segmenter says (Firefox has it since 2024; before, characters are what is nearest). */
function* graphemes(text: string): Generator<string> {
  const segmenter = 'Segmenter' in Intl ? new Intl.Segmenter('en') : undefined;
  for (const part of text.match(/[ -~]+(?![^\0-\x7f])|(?:(?![ -~]+(?![^\0-\x7f]))[^])+/g) ?? []) {
    if (!segmenter || /^[ -~]*$/.test(part)) yield* part;
    else for (const { segment } of segmenter.segment(part)) yield segment;
  }
}
