// The normalizers of tokenizer.json: a text in, the text that is split and looked up out. As src/normalizers.
import type { AlignedText } from './aligned-text.js';
import { toByteCharacters } from './byte-alphabet.js';
import { normalizeForm } from './canonical.js';
import { isCombiningMark, isControl, isNonspacingMark, isWhitespace } from './characters.js';
import type { Fields } from './fields.js';
import { readPattern } from './pattern.js';
import { readPrecompiled } from './precompiled.js';

export type Normalizer = (text: AlignedText) => AlignedText;

export function readNormalizer(step: Fields): Normalizer {
  const type = step.string('type');
  switch (type) {
    case 'BertNormalizer':
      return readBert(step);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD':
      return (text) => normalizeForm(text, type);
    case 'Lowercase':
      return lowercase;
    case 'Nmt':
      return (text) =>
        text.filter((c) => !isDroppedByNmt(c)).map((c) => (isSpaceOfNmt(c) ? ' ' : c));
    case 'StripAccents':
      return (text) => text.filter((codePoint) => !isCombiningMark(codePoint));
    case 'Strip': {
      const [left, right] = [step.boolean('strip_left'), step.boolean('strip_right')];
      return (text) => strip(text, left, right);
    }
    case 'Replace': {
      const [match, content] = [readPattern(step), step.string('content')];
      return (text) => text.replace(match(text.text), content);
    }
    case 'Prepend': {
      const added = step.string('prepend');
      return (text) => text.prepend(added);
    }
    case 'Precompiled':
      return readPrecompiled(step);
    case 'ByteLevel':
      return toByteCharacters;
    case 'Sequence': {
      const steps = step.steps('normalizers', readNormalizer);
      return (text) => steps.reduce((changed, normalize) => normalize(changed), text);
    }
    default:
      return step.unknownType();
  }
}

/** Character by character: no ς at the end of a word. */
const lowercase: Normalizer = (text) => text.map((character) => character.toLowerCase());

function readBert(step: Fields): Normalizer {
  const cleans = step.boolean('clean_text', true);
  const setsApart = step.boolean('handle_chinese_chars', true);
  const lowers = step.boolean('lowercase', true);
  const strips = step.boolean('strip_accents', lowers);
  return (text) => {
    if (cleans)
      text = text
        .filter((c) => c !== 0 && c !== 0xfffd && !isControl(c))
        .map((c) => (isWhitespace(c.codePointAt(0)!) ? ' ' : c));
    if (setsApart && ideograph.test(text.text))
      text = text.transform(
        Array.from(text.text).flatMap((c): [string, number][] =>
          ideograph.test(c)
            ? [
                [' ', 0],
                [c, 1],
                [' ', 1],
              ]
            : [[c, 0]],
        ),
      );
    if (strips) text = normalizeForm(text, 'NFD').filter((c) => !isNonspacingMark(c));
    return lowers ? lowercase(text) : text;
  };
}

const ideograph =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/u;

const isDroppedByNmt = (c: number): boolean =>
  (c >= 1 && c <= 8) || c === 0x0b || (c >= 0x0e && c <= 0x1f) || [0x7f, 0x8f, 0x9f].includes(c);

const isSpaceOfNmt = (c: string): boolean =>
  /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/.test(c);

/** A space that goes belongs to the character before it, as with `filter`, but one within stays. */
function strip(text: AlignedText, left: boolean, right: boolean): AlignedText {
  const characters = Array.from(text.text);
  const isSpace = (character: string | undefined): boolean =>
    character !== undefined && isWhitespace(character.codePointAt(0)!);
  let first = 0;
  let end = characters.length;
  if (left) while (isSpace(characters[first])) first += 1;
  if (right) while (isSpace(characters[end - 1])) end -= 1;
  if (first === 0 && end === characters.length) return text;
  return text.transform(
    characters.slice(first, Math.max(first, end)).map((character) => [character, 0]),
    first,
  );
}
